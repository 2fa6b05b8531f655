import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitsGlob, hasWildcard } from '../../../src/lib/glob.ts';

describe('fitsGlob', () => {
  it.each([
    ['dns.yaml', '*.yaml', true],
    ['dns.yml', '*.yaml', false],
    ['.yaml', '*.yaml', false],
    ['.dns.yaml', '*.yaml', false],
    ['.dns.yaml', '.*.yaml', true],
    ['dns.yaml~', '*.yaml', false],
    ['dns.yaml.bak', '*.yaml', false],
    ['dns.yaml.rpmsave', '*.yaml', false],
    ['dns.yaml.dpkg-old', '*.yaml', false],
    ['a', '?', true],
    ['', '?', false],
    ['ab', '?', false],
    ['é', '?', true],
    ['😀', '?', true],
    ['10-dns', '[0-9][0-9]-*', true],
    ['1x-dns', '[0-9][0-9]-*', false],
    ['b', '[!a]', true],
    ['a', '[^a]', false],
    [']', '[]a]', true],
    ['-', '[a-]', true],
    ['!', '[!]', true],
    ['[', '[', true],
    ['[x', '[*', true],
    ['a.b', 'a.b', true],
    ['axb', 'a.b', false],
    ['anything', '**', true],
    ['', '*', true],
    ['mississippi', 'm*iss*ppi', true],
    ['mississippi', 'm*iss*ppx', false],
  ])('%j fits %j: %s', (name, pattern, expected) => {
    expect(fitsGlob(name, pattern)).toBe(expected);
  });

  it('agrees with a regular expression of the same meaning', () => {
    const letters = fc.constantFrom('a', 'b', '.');
    const name = fc.array(letters, { maxLength: 12 }).map((each) => `x${each.join('')}`);
    const pattern = fc.array(fc.oneof(letters, fc.constantFrom('*', '?', '[ab]', '[!b]')), { maxLength: 8 });
    const meaning: Readonly<Record<string, string>> = { '*': '.*', '?': '.', '[!b]': '[^b]', '.': '\\.' };
    fc.assert(
      fc.property(name, pattern, (text, parts) => {
        const expected = new RegExp(`^x${parts.map((part) => meaning[part] ?? part).join('')}$`).test(text);
        expect(fitsGlob(text, `x${parts.join('')}`)).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('ends soon for a pattern that a search would be lost in', () => {
    expect(fitsGlob('a'.repeat(255), `${'*a'.repeat(60)}*b`)).toBe(false);
  });
});

describe('hasWildcard', () => {
  it.each([
    ['dns.yaml', false],
    ['*.yaml', true],
    ['dns?', true],
    ['[ab]', true],
    ['[]', false],
    ['a[', false],
  ])('%j: %s', (pattern, expected) => {
    expect(hasWildcard(pattern)).toBe(expected);
  });
});
