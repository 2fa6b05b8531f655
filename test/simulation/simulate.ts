/**
 * `npm run simulate -- [--seeds N] [--from S] [--jobs J]` runs N scripts; `--seed S` runs one and tells it. Exit status
 * 1 where an invariant is broken: the first seeds that broke one are made smaller and told.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runCrew } from './crew.ts';
import { tell } from './story.ts';
import type { Totals } from './totals.ts';

/** How many of the failing seeds are told in full. */
const TOLD = 3;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
});

if (values.seed !== undefined) {
  const text = await tell(wholeNumber('seed', values.seed));
  console.log(text);
  if (text.includes('BREAKS')) process.exitCode = 1;
} else {
  await runAll();
}

async function runAll(): Promise<void> {
  const startedMs = performance.now();
  const count = wholeNumber('seeds', values.seeds);
  let toldAtMs = startedMs;
  let failed = 0;
  const totals = await runCrew({
    file: new URL('./worker.ts', import.meta.url),
    jobs: wholeNumber('jobs', values.jobs),
    from: wholeNumber('from', values.from),
    count,
    isFirstEnough: false,
    onProgress(done) {
      for (const { seed, violation } of done.failures.slice(failed)) {
        console.error(`seed ${seed} breaks ${violation.invariant}: ${violation.what}`);
      }
      failed = done.failures.length;
      const nowMs = performance.now();
      if (nowMs - toldAtMs < 10_000) return;
      toldAtMs = nowMs;
      console.error(`${done.runs} of ${count} seeds, ${done.failures.length} failed`);
    },
  });
  const tookSec = (performance.now() - startedMs) / 1_000;
  console.log(summary(totals, tookSec));
  for (const { seed } of totals.failures.slice(0, TOLD)) console.log(`\n${await tell(seed)}`);
  if (totals.failures.length > 0) process.exitCode = 1;
}

function summary(totals: Totals, tookSec: number): string {
  const hours = totals.simulatedMs / 3_600_000;
  const byInvariant = Map.groupBy(totals.failures, ({ violation }) => violation.invariant);
  return [
    `${totals.runs} seeds, ${totals.failures.length} broke an invariant`,
    `${hours.toFixed(0)} simulated hours, ${totals.steps} steps, ${totals.changes} changes sent to EC2, in ${tookSec.toFixed(0)} s (${((hours / tookSec) * 60).toFixed(0)} hours a minute)`,
    `a route was last changed ${(totals.longestConvergenceMs / 1_000).toFixed(0)} s after the last fault or back-off at the latest`,
    `${totals.races} deletes struck a route that was another's by then; the read that each rested on showed a moment ${(totals.longestRaceMs / 1_000).toFixed(1)} s before at most`,
    ...[...byInvariant].map(
      ([invariant, failures]) =>
        `  ${invariant}: ${failures.length} (seeds ${failures
          .slice(0, 8)
          .map(({ seed }) => seed)
          .join(', ')})`,
    ),
  ].join('\n');
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  console.error(`--${name} ${text}: a whole number is needed`);
  process.exit(64);
}
