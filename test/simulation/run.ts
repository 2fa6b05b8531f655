import { expectedHolders, type Shortfall } from './expectations.ts';
import { Fleet } from './fleet.ts';
import { happen } from './happen.ts';
import { type DeleteRace, Judge } from './judge.ts';
import { Region } from './region.ts';
import { healedAtMs, type Script } from './script.ts';
import { SimClock } from './sim-clock.ts';
import type { Invariant, Violation } from './violation.ts';

/** One line of what happened. */
export interface TimelineEntry {
  readonly atMs: number;
  /** A process, or `·` for fate. */
  readonly who: string;
  readonly what: string;
}

export interface RunOptions {
  /** Takes the timeline as it comes. */
  readonly note?: (entry: TimelineEntry) => void;
  /** Invariants that are not looked at. */
  readonly unseen?: readonly Invariant[];
}

export interface RunResult {
  readonly violation: Violation | undefined;
  readonly simulatedMs: number;
  /** Timers fired. */
  readonly steps: number;
  readonly changes: number;
  /** From the end of the last fault (or back-off) to the last change of a route. */
  readonly convergedAfterMs: number;
  readonly races: readonly DeleteRace[];
}

/** Beyond polls, back-offs and checks: retries of a call (60 s at most), reads that lagged, an interface's lookup. */
const SETTLE_MS = 150_000;
/** A back-off ends after half an hour at the latest, and none comes after it where no fault is left. */
const FIGHT_MS = 3_600_000;
/** More timers than a fleet can have due at one time. */
const STEPS_AN_INSTANT = 10_000;
/** Long enough for each agent to poll, verify and think again. */
const REST_MS = 30_000;
/** Between two looks at where the routes are. */
const LOOK_MS = 5_000;

/** Runs a script to its end or to the first violation. The same script gives the same run. */
export async function run(script: Script, { note, unseen = [] }: RunOptions = {}): Promise<RunResult> {
  const clock = new SimClock();
  const region = new Region(script, clock);
  let violation: Violation | undefined;
  let changes = 0;
  let changedAtMs = 0;
  const report = (found: Violation): void => {
    if (!unseen.includes(found.invariant)) violation ??= found;
  };
  const judge = new Judge(script.fleet, () => clock.now(), report);
  const changed = (isMade: boolean): void => {
    changes += 1;
    if (isMade) changedAtMs = clock.now();
  };
  const tell = note && ((who: string, what: string): void => note({ atMs: clock.now(), who, what }));
  const fleet = new Fleet({ script, clock, region, judge, report, changed, note: tell });
  let instant = { atMs: 0, step: 0 };
  const isOver = (): boolean => {
    if (clock.now() !== instant.atMs) instant = { atMs: clock.now(), step: clock.steps };
    if (clock.steps - instant.step > STEPS_AN_INSTANT) {
      report({ invariant: 'stays-alive', atMs: clock.now(), process: undefined, what: 'time stands still' });
    }
    return violation !== undefined;
  };
  const result = (healedMs: number): RunResult => ({
    violation,
    simulatedMs: clock.now(),
    steps: clock.steps,
    changes,
    convergedAfterMs: Math.max(0, changedAtMs - healedMs),
    races: judge.races,
  });

  for (const [index, name] of fleet.setup.names.entries()) clock.after(index * 300, () => fleet.start(name));
  for (const event of script.events) clock.after(event.atMs, () => happen(fleet, event));

  const healedMs = healedAtMs(script) + script.fleet.stopMs + 25_000;
  if (!(await clock.runUntil(healedMs, isOver))) return result(healedMs);
  const ending = await settle({ script, clock, fleet, isOver, changes: () => changes }, healedMs);
  if (ending.violation !== undefined) report(ending.violation);
  if (!fleet.agents().every((agent) => agent.isAlive())) {
    report({ invariant: 'stays-alive', atMs: clock.now(), process: undefined, what: 'an agent is stuck' });
  }
  return result(ending.fromMs);
}

interface Settling {
  readonly script: Script;
  readonly clock: SimClock;
  readonly fleet: Fleet;
  isOver(): boolean;
  changes(): number;
}

/**
 * Runs on until each route is where it belongs and nothing was sent to EC2 for a while, or until the time for it is
 * up. `fromMs`: when the last fault or back-off ended, from which the time counts.
 */
async function settle(
  { script, clock, fleet, isOver, changes }: Settling,
  healedMs: number,
): Promise<{ readonly fromMs: number; readonly violation?: Violation }> {
  const boundMs = settleBoundMs(script);
  const restMs = REST_MS + 1.1 * script.fleet.pollMs;
  let fromMs = healedMs;
  for (;;) {
    // A back-off is part of the protocol: what waits for one converges after it.
    if (fleet.heldOffUntilMs > fromMs && fromMs < healedMs + FIGHT_MS) fromMs = fleet.heldOffUntilMs;
    const isLate = clock.now() > fromMs + boundMs;
    // Two owners of one table never agree: all that is asked of them is to fight slowly.
    if (script.fleet.hasRivals && isLate) return { fromMs };
    const shortfall = expectedHolders(fleet)[0];
    if (shortfall !== undefined) {
      if (isLate) return { fromMs, violation: broken('converges', clock, describe(shortfall)) };
      if (!(await clock.runUntil(clock.now() + LOOK_MS, isOver))) return { fromMs };
      continue;
    }
    const before = changes();
    if (!(await clock.runUntil(clock.now() + restMs, isOver))) return { fromMs };
    const sent = changes() - before;
    if (sent === 0) return { fromMs };
    if (isLate) {
      const what = `${sent} changes were sent though nothing happened any more`;
      return { fromMs, violation: broken('comes-to-rest', clock, what) };
    }
  }
}

function broken(invariant: Invariant, clock: SimClock, what: string): Violation {
  return { invariant, atMs: clock.now(), process: undefined, what };
}

/** By then a fleet without faults and back-offs has each route where it belongs. */
export function settleBoundMs({ fleet }: Script): number {
  const detectionMs = 2 * fleet.everyMs * (Math.max(fleet.rise, fleet.fall) + 1) + fleet.timeoutMs;
  const preemptMs = Math.max(0, ...fleet.routes.map((route) => route.preemptDelayMs));
  const tokensMs = ((2 * fleet.names.length * fleet.routes.length) / fleet.mutationRate) * 1_000;
  return 2.2 * fleet.pollMs + detectionMs + preemptMs + tokensMs + SETTLE_MS;
}

function describe({ key, holder, expected }: Shortfall): string {
  return `${key} is held by ${holder ?? 'nobody'}, not by ${expected.join(' or ')}`;
}
