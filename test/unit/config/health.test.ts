import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HealthExpression } from '../../../src/core/index.ts';
import { load, loaded } from './source.ts';

const CHECKS = ['a', 'b', 'c'].map((name) => `  ${name}: { type: ping, destination: 10.0.0.1 }\n`).join('');

/** A config with such a `health` section, and one route that names them all. */
function config(health: string, healthcheck = '[service, a, b, c]'): string {
  return (
    `healthchecks:\n${CHECKS}health:\n${health}` +
    `routetables:\n  main:\n    find: { type: main }\n    manage_routes: [{ cidr: 10.9.9.9, healthcheck: ${healthcheck} }]\n`
  );
}

const check = (name: string): HealthExpression => ({ kind: 'check', name });
const [a, b, c] = ['a', 'b', 'c'].map(check);

function expressionOf(written: string): HealthExpression | undefined {
  return loaded(config(`  service: ${written}\n`)).spec.health[0]?.expression;
}

function sizeOf(expression: HealthExpression): number {
  switch (expression.kind) {
    case 'check':
      return 1;
    case 'not':
      return 1 + sizeOf(expression.of);
    default:
      return expression.of.reduce((sum, part) => sum + sizeOf(part), 1);
  }
}

describe('a named health expression', () => {
  it.each([
    ['a', a],
    ['[a, b]', { kind: 'all', of: [a, b] }],
    ['{ all: [a, b] }', { kind: 'all', of: [a, b] }],
    ['{ any: [a, [b, c]] }', { kind: 'any', of: [a, { kind: 'all', of: [b, c] }] }],
    ['{ at_least: 2, of: [a, b, c] }', { kind: 'at-least', count: 2, of: [a, b, c] }],
    ['{ not: a }', { kind: 'not', of: a }],
    ['{ not: [a, b] }', { kind: 'not', of: { kind: 'all', of: [a, b] } }],
    ['{ not: { not: { any: [a] } } }', { kind: 'not', of: { kind: 'not', of: { kind: 'any', of: [a] } } }],
  ])('may be %s', (written, expected) => {
    expect(expressionOf(written)).toEqual(expected);
  });

  it('is inlined as one object wherever it is named, by routes and by others, before or after it', () => {
    const { spec, warnings } = loaded(
      config('  outer: { not: [service, a] }\n  service: { any: [b, c] }\n', '{ all: [outer, service] }'),
    );
    expect(warnings).toEqual([]);
    const [outer, service] = spec.health.map(({ expression }) => expression);
    expect(spec.health.map(({ name }) => name)).toEqual(['outer', 'service']);
    expect(outer).toEqual({ kind: 'not', of: { kind: 'all', of: [service, a] } });
    const route = spec.tableGroups[0]?.routes[0]?.health;
    expect(route?.kind === 'all' && route.of[0] === outer && route.of[1] === service).toBe(true);
  });

  it('alone in a route is the expression itself', () => {
    const { spec } = loaded(config('  service: { any: [a, b, c] }\n', 'service'));
    expect(spec.tableGroups[0]?.routes[0]?.health).toBe(spec.health[0]?.expression);
  });

  it('that nothing names is warned of, and so is a check that only a route could have named', () => {
    const { warnings } = loaded(config('  service: [a]\n  idle: [b]\n', 'service'));
    expect(warnings).toEqual([
      'config.yaml:4:3 healthchecks.c: no route uses this check; name it in a healthcheck, or leave it out',
      'config.yaml:7:3 health.idle: no route uses this expression; name it in a healthcheck, or leave it out',
    ]);
  });

  it('that stands twice in a list is warned of', () => {
    const { warnings } = loaded(config('  service: [a, b, c]\n', '{ any: [service, service] }'));
    expect(warnings).toEqual([
      'config.yaml:10:69 routetables.main.manage_routes[0].healthcheck.any[1]: service is in the list already; leave it out here',
    ]);
  });

  it('may be left out, or empty', () => {
    expect(loaded(config('', '[a, b, c]')).spec.health).toEqual([]);
  });

  it('may be as large as the limit, and not larger, however it comes about', () => {
    const list = (count: number) => `[${Array.from({ length: count }, () => 'a')}]`;
    expect(load(config(`  service: ${list(9_999)}\n`, '[service, a]')).ok).toBe(false);
    expect(load(config(`  service: ${list(9_999)}\n`, 'service')).ok).toBe(true);
    expect(load(config(`  service: ${list(10_000)}\n`, 'service')).ok).toBe(false);
  });
});

describe('at_least', () => {
  it.each([
    ['1%', 3, 1],
    ['33.3333%', 3, 1],
    ['33.3334%', 3, 2],
    ['34%', 3, 2],
    ['50%', 3, 2],
    ['50%', 4, 2],
    ['51%', 4, 3],
    ['7%', 100, 7],
    ['55%', 100, 55],
    ['0.0001%', 5, 1],
    ['99.9999%', 5, 5],
    ['100%', 5, 5],
    ['"75%"', 4, 3],
  ])('%s of %i is %i, rounded up', (share, total, count) => {
    const list = Array.from({ length: total }, () => 'a').join(', ');
    expect(expressionOf(`{ at_least: ${share}, of: [${list}] }`)).toMatchObject({ kind: 'at-least', count });
  });

  it('as a percentage is the least whole number that is at least so much', () => {
    const percent = fc.integer({ min: 1, max: 100 });
    fc.assert(
      fc.property(percent, fc.integer({ min: 1, max: 40 }), (share, total) => {
        const list = Array.from({ length: total }, () => 'a').join(', ');
        const read = expressionOf(`{ at_least: ${share}%, of: [${list}] }`);
        const count = read?.kind === 'at-least' ? read.count : 0;
        expect(count * 100).toBeGreaterThanOrEqual(share * total);
        expect((count - 1) * 100).toBeLessThan(share * total);
      }),
      { numRuns: 60 },
    );
  });
});

/** The text of an expression over these words, with counts among these. */
function written(words: readonly string[], counts: readonly string[], fewest: number): fc.Arbitrary<string> {
  return fc.letrec<{ node: string }>((tie) => {
    const items = fc
      .array(tie('node'), { minLength: fewest, maxLength: 3 })
      .map((each) => `[${each.join(', ')}]`);
    return {
      node: fc.oneof(
        { depthSize: 'xsmall' },
        fc.constantFrom(...words),
        items,
        items.map((list) => `{ any: ${list} }`),
        fc.tuple(fc.constantFrom(...counts), items).map(([count, of]) => `{ at_least: ${count}, of: ${of} }`),
        tie('node').map((of) => `{ not: ${of} }`),
      ),
    };
  }).node;
}

describe('any health section', () => {
  it('of whatever refers to what is there, and not to itself, loads', () => {
    const any = written(['a', 'b', 'c'], ['1', '50%', '99.5%'], 1);
    fc.assert(
      fc.property(any, any, any, (x, y, z) => {
        const lines = `  x: [${x}, y, { not: z }]\n  y: { any: [z, ${y}, z] }\n  z: ${z}\n`;
        const named = loaded(config(lines, 'x')).spec.health.map(({ expression }) => expression);
        const [sizeX = 0, sizeY = 0, sizeZ = 0] = named.map(sizeOf);
        expect(sizeX).toBeGreaterThan(sizeY + sizeZ);
        expect(sizeY).toBeGreaterThan(2 * sizeZ);
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it('at all loads or has problems, and never throws', () => {
    const any = written(['a', 'x', 'y', 'z', 'nobody', '5', '""', '{}', '{ none: [a] }'], ['1', '4', 'x'], 0);
    fc.assert(
      fc.property(any, any, any, (x, y, z) => {
        const result = load(config(`  x: ${x}\n  y: ${y}\n  z: ${z}\n`, 'x'));
        if (!result.ok) expect(result.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 60, seed: 7 },
    );
  });
});
