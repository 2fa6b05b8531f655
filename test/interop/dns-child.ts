/** Runs unbound and asks it as it is told by its argument (JSON of `DnsTask`), in a namespace; prints the outcomes by name. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dnsProbe } from '../../src/checks/dns.ts';
import type { DnsSpec, ProbeOutcome } from '../../src/checks/index.ts';
import { systemClock as clock } from '../../src/lib/system-clock.ts';

export interface DnsCase {
  readonly destination: string;
  readonly spec: Partial<DnsSpec>;
  readonly timeoutMs: number;
}

export interface DnsTask {
  readonly config: string;
  /** In the file `zone` beside the config. */
  readonly zone: string;
  readonly cases: Readonly<Record<string, DnsCase>>;
}

const SPEC: DnsSpec = {
  type: 'dns',
  port: 53,
  name: 'www.lab.test',
  recordType: 'A',
  transport: 'udp',
  tcpFallback: true,
  recursionDesired: true,
  rcode: 'NOERROR',
  answers: [],
  match: 'all',
  minAnswers: 1,
  sourceAddress: undefined,
  sourceInterface: undefined,
};
const READY_MS = 10_000;

const task: DnsTask = JSON.parse(process.argv[2] ?? '{}');
const folder = mkdtempSync(join(tmpdir(), 'vpcast-dns-'));
const unbound = start();
try {
  await ready(unbound);
  const found = Object.entries(task.cases).map(async ([name, it]) => [name, await ask(it)] as const);
  console.log(JSON.stringify(Object.fromEntries(await Promise.all(found))));
} finally {
  if (unbound.exitCode === null) {
    unbound.kill('SIGKILL');
    await once(unbound, 'exit');
  }
  rmSync(folder, { recursive: true });
}

function start(): ChildProcess {
  writeFileSync(join(folder, 'zone'), task.zone);
  writeFileSync(join(folder, 'unbound.conf'), task.config.replaceAll('%FOLDER%', folder));
  return spawn('unbound', ['-d', '-c', join(folder, 'unbound.conf')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function ready(server: ChildProcess): Promise<void> {
  const untilMs = clock.now() + READY_MS;
  const isUp = { destination: '127.0.0.1', spec: {}, timeoutMs: 100 };
  for (let found = await ask(isUp); !found.ok; found = await ask(isUp)) {
    if (server.exitCode !== null || clock.now() > untilMs) throw new Error(`unbound: ${found.detail}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function ask({ destination, spec, timeoutMs }: DnsCase): Promise<ProbeOutcome> {
  const probe = dnsProbe({ spec: { ...SPEC, ...spec }, destination, clock });
  const outcome = await probe.attempt(timeoutMs, new AbortController().signal);
  await probe.close();
  return outcome;
}
