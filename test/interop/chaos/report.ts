import type { Fleet } from './fleet.ts';
import { isRouteChange } from './history.ts';
import { Judge, type Measures, READ_TO_CHANGE_MS, type Violation } from './judge.ts';
import type { AgentRun, ChaosNode } from './node.ts';
import type { Recovery } from './recovery.ts';
import type { Fault } from './schedule.ts';
import { standstills } from './standstills.ts';

/** What a run came to: plain data, as JSON from the namespaces to whoever asked for it. */
export interface ChaosReport {
  readonly seed: number;
  readonly seconds: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly changes: Readonly<Record<string, number>>;
  readonly calls: number;
  readonly agentStarts: number;
  readonly exits: Readonly<Record<string, number>>;
  readonly measures: Measures & { readonly readToChangeBoundMs: number };
  readonly recovery: Recovery;
  /** Empty for a good run. */
  readonly violations: readonly Violation[];
}

/** Of one agent, at the end. */
const MOST_RSS_MIB = 140;
const MOST_FDS = 60;

/** One more than a partition can cause by itself: a lost read of the takeover is a reclaim that was not seen. */
const MOST_EXCHANGES = 3;

export function judgeRun(run: {
  readonly fleet: Fleet;
  readonly options: { readonly seed: number; readonly seconds: number };
  readonly schedule: readonly Fault[];
  readonly problems: readonly string[];
  readonly recovery: Recovery;
}): ChaosReport {
  const { fleet, options, schedule, problems, recovery } = run;
  const judge = new Judge(fleet);
  const { mostExchanges } = judge.measures;
  const runs = fleet.nodes.flatMap((node) => node.runs);
  const fail = (rule: string, whats: readonly string[]): readonly Violation[] =>
    whats.map((what) => ({ rule, atMs: recovery.beganMs, what }));
  const violations = [
    ...judge.violations,
    ...fail('chaos itself works', problems),
    ...fail('exchanges are bounded', mostExchanges > MOST_EXCHANGES ? [`${mostExchanges} within 30 s`] : []),
    ...fail('ends only when asked', fleet.nodes.flatMap(badExits)),
    ...fail('never stands still', standstills(fleet)),
    ...fail('reports no error of its own', fleet.nodes.flatMap(crashes)),
    ...fail('stays small', recovery.footprints.flatMap(tooBig)),
    ...fail('runs at the end', recovery.footprints.length < fleet.nodes.length ? ['an agent is gone'] : []),
    ...fail('recovers', recovery.tookMs === undefined ? recovery.missing : []),
    ...fail('comes to rest', recovery.unrest > 0 ? [`${recovery.unrest} changes after it recovered`] : []),
    ...fail('plans nothing more', recovery.plans),
  ];
  const changes = fleet.journal.filter(
    (entry) => isRouteChange(entry) && !entry.accessKeyId.startsWith('AKIAOPERATOR'),
  );
  return {
    seed: options.seed,
    seconds: options.seconds,
    faults: count(schedule.map(({ kind }) => kind)),
    changes: count(changes.map(({ action, result }) => `${action} ${result}`)),
    calls: fleet.calls.length,
    agentStarts: runs.length,
    exits: count(runs.flatMap(({ asked, status }) => (status === undefined ? [] : [`${asked}: ${status}`]))),
    measures: { ...judge.measures, readToChangeBoundMs: READ_TO_CHANGE_MS },
    recovery,
    violations: violations.map((each) => ({ ...each, atMs: Math.round(each.atMs - fleet.startedMs) })),
  };
}

function badExits(node: ChaosNode): readonly string[] {
  return node.runs.flatMap((run) =>
    run.status === undefined || isExpected(run) ? [] : [exitText(node, run)],
  );
}

/** Node takes no signals before it has loaded: within the first second SIGTERM may end it by itself. */
function isExpected({ asked, askedMs, startedMs, status }: AgentRun): boolean {
  if (asked === undefined) return false;
  if (asked === 'SIGKILL') return status === 'SIGKILL';
  return status === 0 || (status === 'SIGTERM' && (askedMs ?? startedMs) - startedMs < 3_000);
}

function exitText(node: ChaosNode, { asked, askedMs, endedMs, startedMs, status, stderr }: AgentRun): string {
  const aliveMs = Math.round((endedMs ?? startedMs) - startedMs);
  const took =
    askedMs === undefined ? '' : `, ${Math.round((endedMs ?? 0) - askedMs)} ms after it was asked to`;
  return `${node.facts.name}: ${status} after ${aliveMs} ms, asked: ${asked ?? 'nothing'}${took}; it said: ${stderr}`;
}

function crashes(node: ChaosNode): readonly string[] {
  const said = node.logs.filter(({ event }) => event === 'crash');
  return said.map(({ message, facts }) => `${node.facts.name}: ${message} ${String(facts.stack)}`);
}

function tooBig({ name, rssMiB, fds }: Recovery['footprints'][number]): readonly string[] {
  if (rssMiB <= MOST_RSS_MIB && fds <= MOST_FDS) return [];
  return [`${name}: ${Math.round(rssMiB)} MiB, ${fds} descriptors`];
}

function count(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of [...names].sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
