import { expect, test } from 'vitest';
import { launchChaos } from './launch.ts';

const seconds = Number(process.env.VPCAST_CHAOS_SECONDS ?? 60);
const seed = Number(process.env.VPCAST_CHAOS_SEED ?? 24);

/**
 * `VPCAST_CHAOS_SEED=… VPCAST_CHAOS_SECONDS=…` does the same faults again, at the same times. What the processes make of
 * them differs from run to run; `VPCAST_CHAOS_VERBOSE=1` tells each as it comes.
 */
test(`five agents survive ${seconds} s of chaos`, { timeout: (seconds + 500) * 1_000 }, async ({
  signal,
}) => {
  console.log(`VPCAST_CHAOS_SEED=${seed} VPCAST_CHAOS_SECONDS=${seconds}`);
  const report = await launchChaos({
    seed,
    seconds,
    signal,
    onTimeline: (file) => console.log(`what happened is in ${file}`),
  });
  console.log(JSON.stringify(report, undefined, 1));
  expect(report.violations).toEqual([]);
  expect(report.agentStarts).toBeGreaterThan(5);
});
