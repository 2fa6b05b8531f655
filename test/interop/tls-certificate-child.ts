/** Runs nginx and pgbouncer and judges certificates as its argument says (JSON of `CertificateTask`), in a namespace; prints what came of it by name. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProbeOutcome, TlsCertificateSpec, TlsSpec } from '../../src/checks/index.ts';
import { tlsCertificateProbe } from '../../src/checks/tls-certificate.ts';
import { systemClock as clock } from '../../src/lib/system-clock.ts';

export interface CertificateCase {
  readonly destination: string;
  readonly spec: Partial<TlsCertificateSpec>;
  readonly tls: Partial<TlsSpec>;
  readonly timeoutMs: number;
}

export interface CertificateTask {
  /** Texts by the names of files; `%FOLDER%` in them is the folder in which they are. */
  readonly files: Readonly<Record<string, string>>;
  readonly ca: string;
  /** `file` and `keyFile` are names of files. */
  readonly cases: Readonly<Record<string, CertificateCase>>;
  /** Names of files with a chain each that OpenSSL shall judge by `root.pem`. */
  readonly chains: readonly string[];
}

export interface CertificateReport {
  readonly outcomes: Readonly<Record<string, ProbeOutcome>>;
  /** Whether OpenSSL trusts a chain, by the name of its file. */
  readonly trusted: Readonly<Record<string, boolean>>;
}

const READY_MS = 10_000;
const DAY_MS = 86_400_000;

const task: CertificateTask = JSON.parse(process.argv[2] ?? '{}');
const folder = mkdtempSync(join(tmpdir(), 'vpcast-certificate-'));
const servers: ChildProcess[] = [];
try {
  chmodSync(folder, 0o755); // pgbouncer gives root up
  for (const [name, text] of Object.entries(task.files)) {
    writeFileSync(join(folder, name), text.replaceAll('%FOLDER%', folder), { mode: 0o644 });
  }
  start('nginx', ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf'), '-g', 'daemon off;']);
  for (const name of ['pgbouncer.ini', 'pgbouncer-plain.ini'])
    start('pgbouncer', ['-u', 'nobody', join(folder, name)]);
  await ready([443, 5432, 5433]);
  const found = Object.entries(task.cases).map(async ([name, it]) => [name, await ask(it)] as const);
  const outcomes = Object.fromEntries(await Promise.all(found));
  const trusted = Object.fromEntries(task.chains.map((name) => [name, isTrusted(name)]));
  console.log(JSON.stringify({ outcomes, trusted } satisfies CertificateReport));
} finally {
  await Promise.all(servers.map(end));
  rmSync(folder, { recursive: true });
}

function start(program: string, args: readonly string[]): void {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  servers.push(spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env }));
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.pid === undefined) return;
  server.kill('SIGTERM'); // nginx ends its workers
  await once(server, 'exit');
}

async function ready(ports: readonly number[]): Promise<void> {
  const untilMs = clock.now() + READY_MS;
  for (const port of ports) {
    const isUp = { destination: '127.0.0.1', spec: { port }, tls: {}, timeoutMs: 500 };
    for (let found = await ask(isUp); found.reason === 'refused'; found = await ask(isUp)) {
      const isOver = servers.some(({ exitCode }) => exitCode !== null) || clock.now() > untilMs;
      if (isOver) throw new Error(`port ${port}: ${found.detail}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function ask({ destination, spec, tls, timeoutMs }: CertificateCase): Promise<ProbeOutcome> {
  const probe = tlsCertificateProbe({
    spec: {
      type: 'tls_certificate',
      port: 443,
      startTls: undefined,
      commonName: undefined,
      dnsNames: [],
      ipAddresses: [],
      issuer: undefined,
      minRemainingMs: undefined,
      warnRemainingMs: 14 * DAY_MS,
      sourceAddress: undefined,
      sourceInterface: undefined,
      ...spec,
      file: spec.file === undefined ? undefined : join(folder, spec.file),
      keyFile: spec.keyFile === undefined ? undefined : join(folder, spec.keyFile),
      tls: { ca: task.ca, cert: undefined, key: undefined, serverName: undefined, skipVerify: false, ...tls },
    },
    destination,
    clock,
  });
  const outcome = await probe.attempt(timeoutMs, new AbortController().signal);
  await probe.close();
  return outcome;
}

function isTrusted(name: string): boolean {
  const [path, root] = [join(folder, name), join(folder, 'root.pem')];
  const flags = ['-no-CApath', '-no-CAstore', '-purpose', 'sslserver', '-CAfile', root, '-untrusted', path];
  return spawnSync('openssl', ['verify', ...flags, path], { stdio: 'ignore' }).status === 0;
}
