/** Runs seeds in a thread of its own: takes ranges, answers totals. */
import { parentPort } from 'node:worker_threads';
import { generate } from './generate.ts';
import { run } from './run.ts';
import { NO_RUNS, type Totals, withRun } from './totals.ts';
import type { Invariant } from './violation.ts';

/** Seeds `from` to `from + count - 1`; ends at the first failure where `isFirstEnough`. */
export interface SeedRange {
  readonly from: number;
  readonly count: number;
  readonly isFirstEnough: boolean;
  readonly unseen: readonly Invariant[];
}

parentPort?.on('message', async (range: SeedRange) => {
  parentPort?.postMessage(await runSeeds(range));
});

export async function runSeeds({ from, count, isFirstEnough, unseen }: SeedRange): Promise<Totals> {
  let totals = NO_RUNS;
  for (let seed = from; seed < from + count; seed += 1) {
    totals = withRun(totals, seed, await run(generate(seed), { unseen }));
    if (isFirstEnough && totals.failures.length > 0) break;
  }
  return totals;
}
