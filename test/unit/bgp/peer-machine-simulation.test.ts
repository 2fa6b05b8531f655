import { describe, expect, it } from 'vitest';
import { runScenario, scenarioOf } from '../../support/bgp-scenario.ts';

/** More by `BGP_SEEDS=10000 npx vitest run test/unit/bgp/peer-machine-simulation.test.ts`. */
const SEEDS = Number(process.env.BGP_SEEDS ?? 250);

describe('two machines on a network that cuts, loses, delays, resets and forgets', () => {
  it(`always come to one session after the faults, and stay: ${SEEDS} seeds`, { timeout: 600_000 }, () => {
    const outcomes = Array.from({ length: SEEDS }, (_, index) => runScenario(scenarioOf(index + 1)));
    const failures = outcomes.flatMap(({ failure }) => failure ?? []);
    expect(failures.slice(0, 10)).toEqual([]);
    const healed = outcomes.map(({ healedMs }) => healedMs).sort((one, other) => one - other);
    // Mostly the faults leave something to mend.
    expect(healed.filter((ms) => ms > 0).length).toBeGreaterThan(SEEDS / 4);
    if (process.env.BGP_SEEDS !== undefined) {
      const at = (part: number): number => healed[Math.floor(part * (healed.length - 1))] ?? 0;
      console.info(`healed after ms: p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, most ${at(1)}`);
    }
  });

  it('tells the same story of the same seed', () => {
    const storyOf = (seed: number): string[] => {
      const lines: string[] = [];
      runScenario(scenarioOf(seed), (atMs, line) => lines.push(`${atMs} ${line}`));
      return lines;
    };
    const story = storyOf(7);
    expect(story.length).toBeGreaterThan(10);
    expect(storyOf(7)).toEqual(story);
    expect(storyOf(8)).not.toEqual(story);
  });
});
