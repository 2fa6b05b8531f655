import type { RunResult } from './run.ts';
import type { Violation } from './violation.ts';

/** What many runs came to. Plain data: it crosses from worker to main thread. */
export interface Totals {
  readonly runs: number;
  readonly simulatedMs: number;
  readonly steps: number;
  readonly changes: number;
  readonly races: number;
  readonly longestRaceMs: number;
  readonly longestConvergenceMs: number;
  readonly failures: readonly { readonly seed: number; readonly violation: Violation }[];
}

export const NO_RUNS: Totals = {
  runs: 0,
  simulatedMs: 0,
  steps: 0,
  changes: 0,
  races: 0,
  longestRaceMs: 0,
  longestConvergenceMs: 0,
  failures: [],
};

export function withRun(totals: Totals, seed: number, result: RunResult): Totals {
  const { violation, races } = result;
  return sum(totals, {
    runs: 1,
    simulatedMs: result.simulatedMs,
    steps: result.steps,
    changes: result.changes,
    races: races.length,
    longestRaceMs: Math.max(0, ...races.map((race) => race.windowMs)),
    longestConvergenceMs: result.convergedAfterMs,
    failures: violation === undefined ? [] : [{ seed, violation }],
  });
}

export function sum(a: Totals, b: Totals): Totals {
  return {
    runs: a.runs + b.runs,
    simulatedMs: a.simulatedMs + b.simulatedMs,
    steps: a.steps + b.steps,
    changes: a.changes + b.changes,
    races: a.races + b.races,
    longestRaceMs: Math.max(a.longestRaceMs, b.longestRaceMs),
    longestConvergenceMs: Math.max(a.longestConvergenceMs, b.longestConvergenceMs),
    failures: [...a.failures, ...b.failures],
  };
}
