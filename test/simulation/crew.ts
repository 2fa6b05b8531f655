import { Worker } from 'node:worker_threads';
import { NO_RUNS, sum, type Totals } from './totals.ts';
import type { Invariant } from './violation.ts';
import type { SeedRange } from './worker.ts';

/** Seeds that a worker takes at a time: enough to be worth a message, few enough that all end together. */
const AT_A_TIME = 25;

export interface CrewOptions {
  /** The worker's file: this folder's own, or one made from a mutated source. */
  readonly file: string | URL;
  readonly jobs: number;
  readonly from: number;
  readonly count: number;
  /** No further seeds are handed out after a failure. */
  readonly isFirstEnough: boolean;
  /** Invariants that look away. */
  readonly unseen?: readonly Invariant[];
  onProgress(totals: Totals): void;
}

/** Runs the seeds in `jobs` threads. A thread that dies is an error. */
export async function runCrew(options: CrewOptions): Promise<Totals> {
  const { from, count, jobs, isFirstEnough, unseen = [], onProgress } = options;
  let next = from;
  let totals = NO_RUNS;
  const take = (): SeedRange | undefined => {
    const left = from + count - next;
    if (left <= 0 || (isFirstEnough && totals.failures.length > 0)) return undefined;
    const range = { from: next, count: Math.min(AT_A_TIME, left), isFirstEnough, unseen };
    next += range.count;
    return range;
  };
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(options.file);
      const go = (): void => {
        const range = take();
        if (range === undefined) void worker.terminate();
        else worker.postMessage(range);
      };
      worker.on('message', (done: Totals) => {
        totals = sum(totals, done);
        onProgress(totals);
        go();
      });
      worker.on('error', reject);
      worker.on('exit', () => resolve());
      go();
    });
  await Promise.all(Array.from({ length: jobs }, work));
  return totals;
}
