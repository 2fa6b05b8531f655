import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type CheckState, evaluate } from '../../../src/core/index.ts';
import { loaded } from './source.ts';

// runityru/anycastd's strategies by their definitions (service/strategies in its source): true is "down". Every check
// has passed or failed there; what is not known yet does not exist.
type Strategy = (passed: readonly boolean[], groups: readonly string[]) => boolean;

const STRATEGIES = {
  all: (passed) => passed.every((each) => !each),
  at_least_one: (passed) => passed.some((each) => !each),
  all_in_group: (passed, groups) =>
    groups.some((group) => passed.every((each, index) => groups[index] !== group || !each)),
} as const satisfies Record<string, Strategy>;

function atLeastPercentage(n: number): Strategy {
  return (passed) => passed.filter((each) => !each).length / passed.length > n;
}

const MOST = 6;
const COUNTS = Array.from({ length: MOST }, (_, index) => index + 1);

/** Every combination of so many passes and failures. */
function outcomes(count: number): readonly (readonly boolean[])[] {
  return Array.from({ length: 2 ** count }, (_, bits) =>
    Array.from({ length: count }, (_, index) => (bits & (1 << index)) !== 0),
  );
}

/** The health of an expression over checks c0, c1, … that passed or failed, as a config says it. */
function healthOf(expression: string, count: number): (passed: readonly boolean[]) => string {
  const names = COUNTS.slice(0, count).map((number) => `c${number - 1}`);
  const checks = names.map((name) => `  ${name}: { type: ping, destination: 10.0.0.1 }\n`);
  const { spec } = loaded(
    `healthchecks:\n${checks.join('')}health:\n  service: ${expression}\n` +
      'routetables:\n  a:\n    find: { type: main }\n    manage_routes: [{ cidr: 10.9.9.9, healthcheck: service }]\n',
  );
  const health = spec.health[0]?.expression;
  if (health === undefined) throw new Error('no expression');
  return (passed) => {
    const lookup = (name: string): CheckState => {
      const status = passed[names.indexOf(name)] === true ? 'healthy' : 'unhealthy';
      return { status, sinceMs: 0, passes: 0, failures: 0 };
    };
    return evaluate(health, lookup, 0).health;
  };
}

function agree(strategy: Strategy, expression: string, groups: readonly string[]): void {
  const ours = healthOf(expression, groups.length);
  for (const passed of outcomes(groups.length)) {
    const expected = strategy(passed, groups) ? 'unhealthy' : 'healthy';
    expect([expression, passed, ours(passed)]).toEqual([expression, passed, expected]);
  }
}

const listOf = (count: number) => `[${COUNTS.slice(0, count).map((number) => `c${number - 1}`)}]`;
const ungrouped = (count: number) => Array.from({ length: count }, () => '');

/** What docs/migrating.md says to write: passes that are needed, at least 1. */
function needed(n: number, total: number): number {
  // As many may fail as are no more than n of the total; the quotient decides, as it does in the original.
  const mayFail = Array.from({ length: total + 1 }, (_, failed) => failed).filter(
    (failed) => failed / total <= n,
  );
  return total - Math.max(...mayFail);
}

describe('a strategy of runityru/anycastd', () => {
  it.each(COUNTS)('all and at_least_one are any and a list, for %i checks', (count) => {
    agree(STRATEGIES.all, `{ any: ${listOf(count)} }`, ungrouped(count));
    agree(STRATEGIES.at_least_one, listOf(count), ungrouped(count));
  });

  it.each([
    [['x']],
    [['x', 'x', 'y']],
    [['x', 'y', 'x', 'y', 'z']],
    [['', 'x', '', 'x', '', 'y']],
  ])('all_in_group is a list of any of each group, for groups %j', (groups) => {
    const each = [...new Set(groups)].map((group) => {
      const members = groups.flatMap((own, index) => (own === group ? [`c${index}`] : []));
      return `{ any: [${members}] }`;
    });
    agree(STRATEGIES.all_in_group, `[${each}]`, groups);
  });

  it.each([
    0,
    0.1,
    0.2,
    0.25,
    0.3,
    1 / 3,
    0.34,
    0.4,
    0.5,
    0.6,
    0.66,
    2 / 3,
    0.75,
    0.8,
    0.9,
    0.99,
  ])('at_least_n_percentage of %d is at_least a number', (n) => {
    for (const count of COUNTS) {
      const expression = `{ at_least: ${needed(n, count)}, of: ${listOf(count)} }`;
      agree(atLeastPercentage(n), expression, ungrouped(count));
    }
  });

  it('at_least_n_percentage of 1 or more is never down, which nothing here says', () => {
    for (const passed of outcomes(3)) expect(atLeastPercentage(1)(passed, [])).toBe(false);
  });

  it('at_least_n_percentage of n is at_least 100% - 100 n, where that has four decimals', () => {
    for (const percent of [0, 10, 20, 25, 30, 40, 50, 60, 75, 80, 90, 99]) {
      for (const count of COUNTS) {
        const expression = `{ at_least: ${100 - percent}%, of: ${listOf(count)} }`;
        agree(
          (passed) => passed.filter((each) => !each).length * 100 > percent * passed.length,
          expression,
          ungrouped(count),
        );
      }
    }
  });

  it('is told in docs/migrating.md with the numbers that hold', () => {
    const text = readFileSync(new URL('../../../docs/migrating.md', import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^\| (0\.\d+) \| `([\d.]+%)` \| (.*) \|$/gm)];
    expect(rows.length).toBeGreaterThan(3);
    for (const [, n = '', share, cells] of rows) {
      expect([n, cells]).toEqual([n, COUNTS.map((count) => needed(Number(n), count)).join(' | ')]);
      for (const count of COUNTS) {
        agree(atLeastPercentage(Number(n)), `{ at_least: ${share}, of: ${listOf(count)} }`, ungrouped(count));
      }
    }
  });
});
