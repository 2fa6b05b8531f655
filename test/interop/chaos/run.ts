import { setTimeout as sleep } from 'node:timers/promises';
import { beginFault, type Undo } from './faults.ts';
import { type Fleet, type FleetOptions, openFleet } from './fleet.ts';
import { type Recovery, recover } from './recovery.ts';
import { type ChaosReport, judgeRun } from './report.ts';
import { type Fault, makeSchedule } from './schedule.ts';

export interface ChaosOptions extends FleetOptions {
  readonly seconds: number;
}

/** Between the beginnings of two faults, on average. */
const EVERY_MS = 1_000;

/** For the fleet to come to rest before anything happens. */
const CALM_MS = 6_000;

/** What a run came to, and where something was found, all that happened as text. */
export interface ChaosResult {
  readonly report: ChaosReport;
  readonly timeline: string;
}

/** Opens the fleet, does to it what the seed says, lets it recover, and judges it. */
export async function runChaos(options: ChaosOptions, say: (text: string) => void): Promise<ChaosResult> {
  const fleet = await openFleet(options);
  try {
    for (const node of fleet.nodes) node.startAgent();
    await sleep(CALM_MS);
    const nodes = fleet.nodes.length;
    const schedule = makeSchedule({ ...options, nodes, forMs: options.seconds * 1_000, everyMs: EVERY_MS });
    say(`seed ${options.seed}: ${schedule.length} faults in ${options.seconds} s`);
    const problems = await play(fleet, schedule, say);
    const recovery = await recover(fleet);
    const report = judgeRun({ fleet, options, schedule, problems, recovery });
    return { report, timeline: report.violations.length === 0 ? '' : timelineOf(fleet, recovery) };
  } finally {
    await fleet.close();
  }
}

/** Gives what went wrong in doing it, which is a fault of chaos itself. */
async function play(
  fleet: Fleet,
  schedule: readonly Fault[],
  say: (text: string) => void,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const startMs = performance.now();
  const one = async (fault: Fault): Promise<void> => {
    const name = fleet.nodes[fault.node]?.facts.name;
    const title = `${(fault.atMs / 1_000).toFixed(1)} s ${fault.kind} ${name} for ${fault.lastsMs} ms`;
    try {
      await sleep(Math.max(startMs + fault.atMs - performance.now(), 0));
      say(title);
      const undo: Undo = await beginFault(fleet, fault);
      await sleep(Math.max(startMs + fault.atMs + fault.lastsMs - performance.now(), 0));
      await undo();
    } catch (error) {
      problems.push(`${title}: ${error instanceof Error ? error.stack : String(error)}`);
    }
  };
  await Promise.all(schedule.map(one));
  return problems;
}

/** What there is to read after a failure, one line a thing, by the driver's time. */
function timelineOf(fleet: Fleet, recovery: Recovery): string {
  const lines = [
    ...fleet.nodes.flatMap((node) =>
      node.logs.map(({ seenMs, message }) => ({ atMs: seenMs, text: `${node.facts.name} says: ${message}` })),
    ),
    ...fleet.journal.map((entry) => {
      const by =
        fleet.nodes.find(({ facts }) => facts.accessKeyId === entry.accessKeyId)?.facts.name ?? 'operator';
      const { action, tableId, destination, instanceId, from, to, result } = entry;
      const what = `${by}: ${action} ${tableId ?? instanceId} ${destination ?? ''} ${from} → ${to} ${result}`;
      return { atMs: entry.atMs, text: `EC2, ${what}` };
    }),
    ...fleet.calls.map(({ atMs, accessKeyId, action, staleMs, delayMs }) => {
      const by = fleet.nodes.find(({ facts }) => facts.accessKeyId === accessKeyId)?.facts.name;
      return { atMs, text: `call of ${by}: ${action}, ${staleMs} ms stale, ${Math.round(delayMs)} ms late` };
    }),
    { atMs: recovery.beganMs, text: 'CHAOS IS OVER' },
  ];
  lines.sort((a, b) => a.atMs - b.atMs);
  return lines.map(({ atMs, text }) => `${((atMs - fleet.startedMs) / 1_000).toFixed(3)} ${text}\n`).join('');
}
