import { setTimeout as pause } from 'node:timers/promises';
import type { Sandbox } from '../../src/sandbox/index.ts';
import { waitFor } from '../../test/support/story/wait.ts';
import { type Arena, openArena } from '../vpc/arena.ts';
import { peakPerSecond, type SeenCall } from '../vpc/call-log.ts';
import { backupOfAllConfig, type CheckPace } from '../vpc/configs.ts';
import { cpuMs } from '../vpc/process-cost.ts';
import { BACKUP, benchVpc, HOLDER } from '../vpc/scenario.ts';

export interface CaseSpec {
  readonly tables: number;
  readonly routesPerTable: number;
  readonly apiLatencyMs: number;
}

export interface CaseResult {
  /** From the check that turned to the last route's being at the backup. */
  readonly movedMs: number;
  /** From the holder's death. */
  readonly totalMs: number;
  /** Processor time of the agent meanwhile. */
  readonly agentCpuMs: number;
  readonly reads: number;
  /** Most calls of DescribeRouteTables in 10 s, per second. */
  readonly peakReadsPerSec: number;
  /** Calls that the API refused because its buckets were empty. */
  readonly throttled: number;
}

const FACTS_GROW_OLD_MS = 1_500;
const PACE: CheckPace = { everyMs: 200, timeoutMs: 150, fall: 3 };

/** The holder of every route dies; measured is how long the one backup takes to move them all. EC2's buckets are on. */
export async function runCase(spec: CaseSpec, cpuProfileDir?: string): Promise<CaseResult> {
  const vpc = benchVpc({ ...spec, holders: 'one', throttling: true });
  const destinations = [...new Set(vpc.places.map(({ destination }) => destination))];
  const arena = await openArena({
    vpc,
    listenAt: [HOLDER.address],
    configOf: (_zone, { services, ownPort }) =>
      backupOfAllConfig({ pace: PACE, port: services[0]?.port ?? 0, ownPort, destinations }),
    agentEnv: cpuProfileDir === undefined ? {} : profileEnv(cpuProfileDir),
  });
  try {
    await startBackup(arena);
    arena.sandbox.faults.add({ kind: 'latency', latencyMs: spec.apiLatencyMs });
    return await kill(arena, vpc.places.length);
  } finally {
    await arena.close();
  }
}

async function startBackup({ stage, backup }: Arena): Promise<void> {
  await stage.startAgent(backup);
  const isReady = () =>
    ['own', `service@${HOLDER.interfaceId}`].every((check) => stage.logs.healthOf('b', check) === 'healthy');
  await waitFor(isReady, { limitMs: 30_000, what: 'the backup knows the holder well', everyMs: 50 });
  // Beyond the age at which an agent acts on what it has read: it reads again, as it would on any other day.
  await pause(FACTS_GROW_OLD_MS);
}

async function kill(arena: Arena, count: number): Promise<CaseResult> {
  const { sandbox, stage, calls, backup, services } = arena;
  const pid = stage.agentPid(backup) ?? 0;
  const from = { call: calls.mark(), log: stage.logs.mark(), cpuMs: cpuMs(pid) ?? 0 };
  const seq = sandbox.journal().at(-1)?.seq ?? 0;
  const atMs = Date.now();
  await services[0]?.service.die();
  const lastMs = await movedAtMs(sandbox, { seq, count });
  const turned = stage.logs.since(from.log, { event: 'health', zone: 'b' })[0];
  const agentCpuMs = (cpuMs(pid) ?? Number.NaN) - from.cpuMs;
  const seen = calls.since(from.call);
  const reads = seen.filter(({ action }) => action === 'DescribeRouteTables');
  return {
    movedMs: lastMs - (turned?.atMs ?? Number.NaN),
    totalMs: lastMs - atMs,
    agentCpuMs,
    reads: reads.length,
    peakReadsPerSec: peakPerSecond(
      reads.map(({ beginMs }) => beginMs),
      10_000,
    ),
    throttled: countThrottled(seen),
  };
}

/** When the last of so many routes came to the backup, in ms since the epoch. */
export async function movedAtMs(
  sandbox: Sandbox,
  { seq, count }: { readonly seq: number; readonly count: number },
): Promise<number> {
  const moved = new Set<string>();
  let lastMs = Number.NaN;
  let seenSeq = seq;
  const look = () => {
    for (const entry of sandbox.journal(seenSeq)) {
      seenSeq = entry.seq;
      if (entry.to !== BACKUP.interfaceId || entry.result !== 'ok') continue;
      moved.add(`${entry.tableId} ${entry.destination}`);
      lastMs = entry.wallMs;
    }
    return moved.size === count;
  };
  await waitFor(look, { limitMs: 600_000, what: `${count} routes moved`, everyMs: 20 });
  return lastMs;
}

export function countThrottled(calls: readonly SeenCall[]): number {
  return calls.filter(({ code }) => code === 'RequestLimitExceeded').length;
}

function profileEnv(dir: string): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${dir}` };
}
