/** Runs servers and asks them as it is told by its argument (JSON of `UdpTask`), in a namespace; prints outcomes by name. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NtpSpec, ProbeOutcome, TftpSpec } from '../../src/checks/index.ts';
import { ntpProbe } from '../../src/checks/ntp.ts';
import { tftpProbe } from '../../src/checks/tftp.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { systemClock } from '../../src/lib/system-clock.ts';

export interface UdpCase {
  readonly to: string;
  readonly spec: Partial<NtpSpec> | Partial<TftpSpec>;
  readonly timeoutMs?: number;
  /** How far this machine's clock is ahead. */
  readonly aheadMs?: number;
}

export interface UdpServer {
  /** `%FOLDER%` is a folder of its own. */
  readonly argv: readonly [string, ...string[]];
  /** Asked until it answers at all. */
  readonly ready: UdpCase;
}

export interface UdpTask {
  readonly kind: 'ntp' | 'tftp';
  /** Contents in base64 by name, and permissions. */
  readonly files: Readonly<Record<string, { readonly content: string; readonly mode: number }>>;
  /** Larger files, of a text over and over. */
  readonly made?: Readonly<Record<string, { readonly bytes: number; readonly pattern: string }>>;
  readonly servers: readonly UdpServer[];
  readonly cases: Readonly<Record<string, UdpCase>>;
}

const READY_MS = 10_000;
const TIMEOUT_MS = 5_000;
const SOURCE = { sourceAddress: undefined, sourceInterface: undefined };
const NTP: NtpSpec = {
  type: 'ntp',
  port: 123,
  maxOffsetMs: undefined,
  maxStratum: 15,
  maxRootDistanceMs: undefined,
  ...SOURCE,
};
const TFTP: TftpSpec = {
  type: 'tftp',
  port: 69,
  path: 'small',
  blockBytes: 1428,
  sha256: undefined,
  maxBytes: 67_108_864,
  ...SOURCE,
};

const task: UdpTask = JSON.parse(process.argv[2] ?? '{}');
const folder = mkdtempSync(join(tmpdir(), 'vpcast-udp-'));
chmodSync(folder, 0o755);
for (const [name, { content, mode }] of Object.entries(task.files)) {
  writeFileSync(join(folder, name), Buffer.from(content, 'base64'));
  chmodSync(join(folder, name), mode);
}
for (const [name, { bytes, pattern }] of Object.entries(task.made ?? {})) {
  writeFileSync(join(folder, name), Buffer.alloc(bytes, pattern));
}
const servers = task.servers.map(({ argv: [program, ...args] }) =>
  spawn(
    program,
    args.map((argument) => argument.replaceAll('%FOLDER%', folder)),
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
  ),
);
try {
  await Promise.all(task.servers.map(({ ready }) => isUp(ready)));
  const found = Object.entries(task.cases).map(async ([name, it]) => [name, await ask(it)] as const);
  console.log(JSON.stringify(Object.fromEntries(await Promise.all(found))));
} finally {
  for (const server of servers) {
    if (server.exitCode !== null) continue;
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
  rmSync(folder, { recursive: true });
}

async function isUp(ready: UdpCase): Promise<void> {
  const untilMs = systemClock.now() + READY_MS;
  const asked = { ...ready, timeoutMs: 200 };
  for (let found = await ask(asked); isSilent(found); found = await ask(asked)) {
    if (systemClock.now() > untilMs) throw new Error(`a server does not come up: ${found.detail}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isSilent({ reason }: ProbeOutcome): boolean {
  return reason === 'refused' || reason === 'timeout';
}

async function ask({ to, spec, timeoutMs = TIMEOUT_MS, aheadMs = 0 }: UdpCase): Promise<ProbeOutcome> {
  const clock: Clock = { ...systemClock, wallNow: () => systemClock.wallNow() + aheadMs };
  const probe =
    task.kind === 'ntp'
      ? ntpProbe({ spec: { ...NTP, ...(spec as Partial<NtpSpec>) }, destination: to, clock })
      : tftpProbe({ spec: { ...TFTP, ...(spec as Partial<TftpSpec>) }, destination: to, clock });
  const outcome = await probe.attempt(timeoutMs, new AbortController().signal);
  await probe.close();
  return outcome;
}
