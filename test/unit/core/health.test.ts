import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CheckState,
  evaluate,
  type Health,
  type HealthExpression,
  observe,
  unprobed,
} from '../../../src/core/index.ts';

/** The statuses after each outcome (`+` passed, `-` failed), by first letters. */
function statuses(outcomes: string, rise: number, fall: number): string {
  let state = unprobed(0);
  return [...outcomes]
    .map((outcome, index) => {
      state = observe(state, outcome === '+', { rise, fall }, index);
      return { unknown: '?', healthy: 'h', unhealthy: 'u' }[state.status];
    })
    .join('');
}

const state = (status: Health, sinceMs = 0): CheckState => ({ status, sinceMs, passes: 0, failures: 0 });
const check = (name: string): HealthExpression => ({ kind: 'check', name });

describe('observe', () => {
  it.each([
    ['+++++', 2, 3, '?hhhh'],
    ['-----', 2, 3, '??uuu'],
    ['+-+-++', 2, 3, '?????h'],
    ['++--+--- ++', 2, 3, '?hhhhhhuuuh'.slice(0, 11)],
    ['-+-+-+', 1, 1, 'uhuhuh'],
    ['--+--', 3, 3, '?????'],
  ])('turns %s at rise %i, fall %i into %s', (outcomes, rise, fall, expected) => {
    expect(statuses(outcomes.replaceAll(' ', '-'), rise, fall)).toBe(expected);
  });

  it('changes status only after rise passes or fall failures in a row', () => {
    const run = fc.array(fc.boolean(), { maxLength: 60 });
    fc.assert(
      fc.property(
        run,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        (passes, rise, fall) => {
          let now = unprobed(0);
          for (const [index, passed] of passes.entries()) {
            const next = observe(now, passed, { rise, fall }, index);
            const last = (count: number) => passes.slice(Math.max(0, index - count + 1), index + 1);
            if (next.status !== now.status) {
              const wanted = next.status === 'healthy';
              const needed = wanted ? rise : fall;
              expect(last(needed)).toEqual(Array.from({ length: needed }, () => wanted));
              expect(next.sinceMs).toBe(index);
            }
            now = next;
          }
        },
      ),
    );
  });
});

describe('evaluate', () => {
  const states: Record<string, CheckState> = {
    h1: state('healthy', 10),
    h2: state('healthy', 20),
    h3: state('healthy', 30),
    u: state('unhealthy', 5),
    n: state('unknown'),
  };
  const health = (expression: HealthExpression) => evaluate(expression, (name) => states[name], 1);
  const of = (...names: string[]) => names.map(check);

  it.each<[string, HealthExpression, Health, number | undefined]>([
    ['no check at all', { kind: 'all', of: [] }, 'healthy', 1],
    ['a healthy check', check('h1'), 'healthy', 10],
    ['an unhealthy check', check('u'), 'unhealthy', undefined],
    ['a check that nobody knows', check('missing'), 'unknown', undefined],
    ['all healthy, since the last of them', { kind: 'all', of: of('h1', 'h3', 'h2') }, 'healthy', 30],
    ['all with one unknown', { kind: 'all', of: of('h1', 'n') }, 'unknown', undefined],
    [
      'all with one unhealthy, though another is unknown',
      { kind: 'all', of: of('n', 'u') },
      'unhealthy',
      undefined,
    ],
    ['any healthy, since the first of them', { kind: 'any', of: of('u', 'h2', 'h1') }, 'healthy', 10],
    ['any with an unknown that could save it', { kind: 'any', of: of('u', 'n') }, 'unknown', undefined],
    ['any of nothing but unhealthy', { kind: 'any', of: of('u', 'u') }, 'unhealthy', undefined],
    ['two of three', { kind: 'at-least', count: 2, of: of('h3', 'u', 'h1') }, 'healthy', 30],
    [
      'two of three with one unknown',
      { kind: 'at-least', count: 2, of: of('h1', 'u', 'n') },
      'unknown',
      undefined,
    ],
    [
      'two of three that can not be had',
      { kind: 'at-least', count: 2, of: of('u', 'u', 'h1') },
      'unhealthy',
      undefined,
    ],
    [
      'nested',
      {
        kind: 'all',
        of: [check('h1'), { kind: 'any', of: [check('u'), { kind: 'at-least', count: 1, of: of('h2') }] }],
      },
      'healthy',
      20,
    ],
  ])('%s', (_name, expression, expected, since) => {
    expect(health(expression)).toMatchObject({ health: expected, healthySinceMs: since });
  });

  it('is unhealthy since too few were left', () => {
    const down = new Map([
      ['a', 10],
      ['b', 20],
      ['c', 30],
    ]);
    const lookup = (name: string): CheckState => {
      return { status: 'unhealthy', passes: 0, failures: 1, sinceMs: down.get(name) ?? 0 };
    };
    const since = (expression: HealthExpression) => evaluate(expression, lookup, 0).unhealthySinceMs;
    const all = ['a', 'b', 'c'].map(check);
    expect(since({ kind: 'all', of: all })).toBe(10);
    expect(since({ kind: 'at-least', count: 2, of: all })).toBe(20);
    expect(since({ kind: 'any', of: all })).toBe(30);
    expect(since(check('b'))).toBe(20);
  });

  const anyExpression = fc.letrec<{ node: HealthExpression }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('a', 'b', 'c', 'd').map(check),
      fc.array(tie('node'), { maxLength: 4 }).map((list): HealthExpression => ({ kind: 'all', of: list })),
      fc
        .array(tie('node'), { minLength: 1, maxLength: 4 })
        .map((list): HealthExpression => ({ kind: 'any', of: list })),
      fc
        .array(tie('node'), { minLength: 1, maxLength: 4 })
        .map((list): HealthExpression => ({ kind: 'at-least', count: Math.ceil(list.length / 2), of: list })),
    ),
  })).node;

  it('is never wrong once unknown checks turn out either way', () => {
    const anyHealth = fc.constantFrom<Health>('healthy', 'unhealthy', 'unknown');
    const anyStates = fc.record({ a: anyHealth, b: anyHealth, c: anyHealth, d: anyHealth });
    fc.assert(
      fc.property(
        anyExpression,
        anyStates,
        fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
        (expression, known, turns) => {
          const before = evaluate(expression, (name) => state(known[name as 'a']), 0).health;
          const later = (name: string): CheckState => {
            const now = known[name as 'a'];
            return state(now === 'unknown' ? (turns['abcd'.indexOf(name)] ? 'healthy' : 'unhealthy') : now);
          };
          const after = evaluate(expression, later, 0).health;
          expect(after).not.toBe('unknown');
          if (before !== 'unknown') expect(after).toBe(before);
        },
      ),
    );
  });
});
