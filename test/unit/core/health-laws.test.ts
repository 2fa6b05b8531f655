import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CheckState,
  checksIn,
  evaluate,
  type Health,
  type HealthExpression,
  type HealthVerdict,
  healthOf,
} from '../../../src/core/index.ts';

const NAMES = ['a', 'b', 'c', 'd'] as const;
type States = Readonly<Record<(typeof NAMES)[number], CheckState>>;

const check = (name: string): HealthExpression => ({ kind: 'check', name });
const not = (of: HealthExpression): HealthExpression => ({ kind: 'not', of });
const all = (of: readonly HealthExpression[]): HealthExpression => ({ kind: 'all', of });
const any = (of: readonly HealthExpression[]): HealthExpression => ({ kind: 'any', of });
const atLeast = (count: number, of: readonly HealthExpression[]): HealthExpression => {
  return { kind: 'at-least', count, of };
};

const STARTED_MS = 3;

function verdict(expression: HealthExpression, states: States): HealthVerdict {
  return evaluate(expression, (name) => states[name as 'a'], STARTED_MS);
}

const anyStatus = fc.constantFrom<Health>('healthy', 'unhealthy', 'unknown');
const anyState = fc
  .tuple(anyStatus, fc.integer({ min: 4, max: 40 }))
  .map(([status, sinceMs]): CheckState => ({ status, sinceMs, passes: 0, failures: 0 }));
const anyStates = fc.record({ a: anyState, b: anyState, c: anyState, d: anyState });

const { node: anyExpression, list: anyList } = fc.letrec<{
  node: HealthExpression;
  list: readonly HealthExpression[];
}>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(...NAMES).map(check),
    tie('list').map(all),
    tie('list').map(any),
    fc.tuple(fc.nat(), tie('list')).map(([count, of]) => atLeast(1 + (count % of.length), of)),
    tie('node').map(not),
  ),
  list: fc.array(tie('node'), { minLength: 1, maxLength: 4 }),
}));

/** Both are the same verdict, its times too, whatever the checks say. */
function agree<Given>(
  given: fc.Arbitrary<Given>,
  left: (given: Given) => HealthExpression,
  right: (given: Given) => HealthExpression,
): void {
  fc.assert(
    fc.property(given, anyStates, (value, states) => {
      expect(verdict(left(value), states)).toEqual(verdict(right(value), states));
    }),
  );
}

describe('not', () => {
  it.each<[Health, Health]>([
    ['healthy', 'unhealthy'],
    ['unhealthy', 'healthy'],
    ['unknown', 'unknown'],
  ])('turns %s into %s, since the same time', (status, expected) => {
    const a: CheckState = { status, sinceMs: 7, passes: 0, failures: 0 };
    const since = (wanted: Health) => (expected === wanted ? 7 : undefined);
    expect(evaluate(not(check('a')), () => a, 1)).toEqual({
      health: expected,
      healthySinceMs: since('healthy'),
      unhealthySinceMs: since('unhealthy'),
    });
  });

  it('of no check at all is unhealthy from the start', () => {
    expect(evaluate(not(all([])), () => undefined, 5)).toMatchObject({
      health: 'unhealthy',
      unhealthySinceMs: 5,
    });
  });

  it('twice is nothing', () => {
    agree(
      anyExpression,
      (of) => not(not(of)),
      (of) => of,
    );
  });
});

describe('the laws of health expressions', () => {
  it('not all is any not, and not any is all not (De Morgan)', () => {
    agree(
      anyList,
      (of) => not(all(of)),
      (of) => any(of.map(not)),
    );
    agree(
      anyList,
      (of) => not(any(of)),
      (of) => all(of.map(not)),
    );
  });

  it('not at least N is at least all but N - 1 not', () => {
    const counted = anyList.chain((of) => fc.tuple(fc.integer({ min: 1, max: of.length }), fc.constant(of)));
    agree(
      counted,
      ([count, of]) => not(atLeast(count, of)),
      ([count, of]) => atLeast(of.length - count + 1, of.map(not)),
    );
  });

  it('at least one is any, and at least as many as there are is all', () => {
    agree(anyList, (of) => atLeast(1, of), any);
    agree(anyList, (of) => atLeast(of.length, of), all);
  });

  it('the order of a list does not count', () => {
    agree(
      anyList,
      (of) => atLeast(Math.ceil(of.length / 2), of),
      (of) => atLeast(Math.ceil(of.length / 2), of.toReversed()),
    );
  });

  it('needing more of the same list is never healthier', () => {
    const rank: Readonly<Record<Health, number>> = { unhealthy: 0, unknown: 1, healthy: 2 };
    fc.assert(
      fc.property(anyList, anyStates, (of, states) => {
        const ranks = of.map((_, index) => rank[verdict(atLeast(index + 1, of), states).health]);
        expect(ranks).toEqual(ranks.toSorted((a, b) => b - a));
      }),
    );
  });

  it('a verdict that is known is not flipped by an unknown check becoming known', () => {
    fc.assert(
      fc.property(anyExpression, anyStates, anyStates, (expression, before, news) => {
        const known = verdict(expression, before).health;
        fc.pre(known !== 'unknown');
        const after = { ...before };
        for (const name of NAMES) if (before[name].status === 'unknown') after[name] = news[name];
        expect(verdict(expression, after).health).toBe(known);
      }),
    );
  });

  it('a verdict is known where every check is, since the time of one of them', () => {
    fc.assert(
      fc.property(anyExpression, anyStates, (expression, states) => {
        const settled = Object.values(states).every(({ status }) => status !== 'unknown');
        const { health, healthySinceMs, unhealthySinceMs } = verdict(expression, states);
        if (settled) expect(health).not.toBe('unknown');
        const since = health === 'healthy' ? healthySinceMs : unhealthySinceMs;
        const times: unknown[] = Object.values(states).map(({ sinceMs }) => sinceMs);
        if (health === 'unknown') expect([healthySinceMs, unhealthySinceMs]).toEqual([undefined, undefined]);
        else expect(times).toContain(since);
      }),
    );
  });

  it('the health alone is that of the verdict, with and without operands', () => {
    const anyOrNone = fc.oneof(
      anyExpression,
      fc.constantFrom(all([]), any([]), atLeast(0, []), not(any([]))),
    );
    fc.assert(
      fc.property(anyOrNone, anyStates, (expression, states) => {
        const alone = healthOf(expression, (name) => states[name as 'a']);
        expect(alone).toBe(verdict(expression, states).health);
      }),
    );
  });

  it('checks that an expression does not name have no say in it', () => {
    fc.assert(
      fc.property(anyExpression, anyStates, anyStates, (expression, states, others) => {
        const named = checksIn(expression);
        const mixed = { ...states };
        for (const name of NAMES) if (!named.has(name)) mixed[name] = others[name];
        expect(verdict(expression, mixed)).toEqual(verdict(expression, states));
      }),
    );
  });
});
