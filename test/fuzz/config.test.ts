import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIXTURES, load } from '../unit/config/source.ts';

const TEXTS = [
  new URL('../../config.example.yaml', import.meta.url),
  new URL('awsnycast/every-option.yaml', FIXTURES),
  new URL('../../examples/anycast.yaml', import.meta.url),
].map((url) => readFileSync(url, 'utf8').replace(/^\s*#.*\n/gm, ''));

/** What breaks parsers: indicators, odd numbers, old booleans, variables, long and deep things. */
const TOKENS = [
  ...'{}[]:,-#&*!|>%@`"\'\\~?=<\t\n\r\0 ',
  ': ',
  '\n  ',
  '\n- ',
  '<<: *a',
  '&a ',
  '*a',
  '!!binary ',
  '!!str ',
  '---\n',
  '...\n',
  'null',
  'yes',
  '.nan',
  '-.inf',
  '1e999',
  '0x10',
  '99999999999999999999',
  '-0',
  '${',
  '}',
  '$${az}',
  '__proto__',
  'constructor',
  '\uD800',
  '\uFEFF',
  '\u2028',
  '[['.repeat(40),
  '{a: '.repeat(40),
];

interface Mutation {
  readonly at: number;
  readonly cut: number;
  readonly put: string;
}

function mutate(text: string, mutations: readonly Mutation[]): string {
  return mutations.reduce((now, { at, cut, put }) => {
    const start = Math.floor(at * now.length);
    return now.slice(0, start) + put + now.slice(start + cut);
  }, text);
}

/** Words of the text, so that values land where others are wanted. */
const words = [...new Set(TEXTS.flatMap((text) => text.match(/[\w./-]+:?/g) ?? []))];

const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  cut: fc.oneof(fc.constantFrom(0, 1, 2), fc.integer({ min: 0, max: 40 })),
  put: fc.oneof(
    fc.constantFrom(...TOKENS),
    fc.constantFrom(...words),
    fc.string({ unit: 'binary', maxLength: 3 }),
  ),
});

function holds(text: string): void {
  const result = load(text, 'f');
  const lines = text.split('\n');
  if (!result.ok) expect(result.problems.length).toBeGreaterThan(0);
  for (const problem of [...(result.ok ? [] : result.problems), ...result.warnings]) {
    expect(problem.file).toBe('f');
    expect(problem.message).not.toBe('');
    expect(problem.line).toBeGreaterThanOrEqual(1);
    expect(problem.line).toBeLessThanOrEqual(lines.length);
    expect(problem.column).toBeGreaterThanOrEqual(1);
    expect(problem.column).toBeLessThanOrEqual((lines[problem.line - 1] ?? '').length + 1);
  }
}

describe('a config with random damage', () => {
  it.each([0, 1, 2])('never throws, and loads or has problems with places in the text (text %i)', (index) => {
    const text = TEXTS[index] ?? '';
    const damage = fc.array(mutation, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, (mutations) => holds(mutate(text, mutations))),
      { numRuns: 80 },
    );
  });

  it('never throws for any text at all', () => {
    const anything = fc.array(fc.oneof(fc.constantFrom(...TOKENS), fc.constantFrom(...words)), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(anything, (parts) => holds(parts.join(''))),
      { numRuns: 150 },
    );
  });

  it.each(['[', '{a: ', '- ', '? '])('is told of when %j stands in itself by the thousand', (open) => {
    const result = load(open.repeat(3000), 'f');
    expect(result.ok ? [] : result.problems.map((problem) => problem.code)).toContain('syntax');
  });

  it('is told of when any one line is gone, or loads', () => {
    for (const text of TEXTS) {
      const lines = text.split('\n');
      for (let index = 0; index < lines.length; index++) holds(lines.toSpliced(index, 1).join('\n'));
    }
  });

  it('is told of when it is cut off anywhere, or loads', () => {
    const text = TEXTS[0] ?? '';
    for (let end = 0; end < text.length; end += 41) holds(text.slice(0, end));
  });
});
