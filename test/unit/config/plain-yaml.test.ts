import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWholeYaml } from '../../../src/config/document.ts';
import { readPlainYaml } from '../../../src/config/plain-yaml.ts';
import { createReport } from '../../../src/config/problems.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const FIXTURES = join(ROOT, 'test/fixtures/config');
const EXAMPLE = readFileSync(join(ROOT, 'config.example.yaml'), 'utf8');

const TEXTS = [
  EXAMPLE,
  ...readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yaml'))
    .map((path) => readFileSync(join(FIXTURES, path), 'utf8')),
];

/** What the library makes of the text; undefined where it finds a fault. */
function byLibrary(text: string): unknown {
  const report = createReport('');
  const node = readWholeYaml({ file: 'f', text }, report, { used: 0 });
  return [...report.problems(), ...report.warnings()].length > 0 ? undefined : node;
}

describe('the plain YAML reader', () => {
  it.each([
    ['a map', 'a: 1\nb: true\nc: text of words\nd:\n'],
    ['a map in a map', 'a:\n  b:\n    c: 1\n  d: 2\n'],
    ['a list', '- a\n- 1.5\n-\n  b: c\n- d: e\n  f: g\n'],
    ['a list in the column of its key', 'a:\n- b\n- c\nd: e\n'],
    ['brackets and braces', 'a: [b, 1, {c: d}, [], {}]\n'],
    ['brackets over lines', 'a: [\n    b, # first\n    c\n  ]\n'],
    ['quotes', 'a: "b\\n\\"c\\""\nd: \'it\'\'s\'\n'],
    ['comments', '# one\na: b # two\n\n  # three\nc: d#e\n'],
    ['a document mark', '---\na: b\n'],
    ['colons in values', 'a: http://b:80/c\nd: {e: 10:30, f: fe80::1}\n'],
    ['words that are no text', 'a: True\nb: FALSE\nc: Null\nd: yes\n'],
    ['no line feed at the end', 'a: b'],
  ])('reads %s as the library does', (_, text) => {
    const plain = readPlainYaml({ file: 'f', text });
    expect(plain).toBeDefined();
    expect(plain).toEqual(byLibrary(text));
  });

  it.each([
    ['a tab', 'a:\tb\n'],
    ['an anchor', 'a: &b c\nd: *b\n'],
    ['a merge', 'a:\n  <<: {b: c}\n'],
    ['a tag', 'a: !!str 1\n'],
    ['a block of text', 'a: |\n  b\n'],
    ['a text over lines', 'a: b\n  c\n'],
    ['a second key', 'a: b\na: c\n'],
    ['an odd number', 'a: 0x10\n'],
    ['another odd number', 'a: 1e3\n'],
    ['a second document', 'a: b\n---\nc: d\n'],
    ['an open bracket', 'a: [b\n'],
    ['a quoted key', '"a": b\n'],
    ['nothing', ''],
  ])('leaves %s to the library', (_, text) => {
    expect(readPlainYaml({ file: 'f', text })).toBeUndefined();
  });

  it('reads the example by itself', () => {
    expect(readPlainYaml({ file: 'f', text: EXAMPLE })).toEqual(byLibrary(EXAMPLE));
  });

  it('agrees with the library on every text that it reads', () => {
    for (const text of TEXTS) {
      const plain = readPlainYaml({ file: 'f', text });
      if (plain !== undefined) expect(plain).toEqual(byLibrary(text));
    }
  });

  it('agrees with the library on texts with random damage, wherever it reads them', () => {
    const marks = [...' \n-#"\'[]{},:a1.&*!|>?%@\\~é$_/()^0', ': ', '- ', ' #', '<<: ', '\n  ', '0x1', '---'];
    const damage = fc.record({
      text: fc.constantFrom(...TEXTS.filter((text) => text.length < 1_500)),
      place: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.integer({ min: 0, max: 3 }),
      put: fc.constantFrom(...marks),
    });
    const property = fc.property(damage, ({ text, place, cut, put }) => {
      const at = Math.floor(place * text.length);
      const damaged = text.slice(0, at) + put + text.slice(at + cut);
      const plain = readPlainYaml({ file: 'f', text: damaged });
      if (plain !== undefined) expect(plain).toEqual(byLibrary(damaged));
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});
