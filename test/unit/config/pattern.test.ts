import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../../src/config/pattern.ts';

function test(pattern: string, text: string): boolean | undefined {
  const compiled = compilePattern(pattern);
  return compiled.ok ? compiled.pattern.test(text) : undefined;
}

describe('a regular expression as Go writes it means the same here', () => {
  it.each<[string, string, boolean]>([
    ['west', 'eu-west-1', true],
    ['^west', 'eu-west-1', false],
    ['(?i)WEST', 'eu-west-1', true],
    ['(?is)A.b', 'a\nB', true],
    ['(?s)a.b', 'a\nb', true],
    ['a.b', 'a\nb', false],
    ['(?m)^b$', 'a\nb', true],
    ['\\Ab', 'a\nb', false],
    ['(?m)\\Ab', 'a\nb', false],
    ['b\\z', 'ab', true],
    ['(?P<x>a)b', 'ab', true],
    ['^[[:alpha:]]+$', 'abc', true],
    ['^[[:alpha:]]+$', 'ab1', false],
    ['^[[:digit:]_]+$', '12_', true],
    ['^[[:punct:]]+$', '/-]^', true],
    ['^\\pL+$', 'é', true],
    ['^\\p{Greek}$', 'x', false],
    ['\\x{41}', 'A', true],
    ['a\\-b', 'a-b', true],
    ['\\\\A', '\\A', true],
    ['prod{', 'prod{', true],
  ])('%s on %j: %s', (pattern, text, matches) => {
    if (pattern === '^\\p{Greek}$') expect(compilePattern(pattern).ok).toBe(false);
    else expect(test(pattern, text)).toBe(matches);
  });

  it.each([
    '(',
    '[a',
    'a**',
    '(?U)a',
    '\\Qa\\E',
    '[[:nonsense:]]',
    '[[:^alpha:]]',
    '\\C',
    '*a',
    '(?P=x)',
  ])('what cannot mean the same is refused: %s', (pattern) => {
    expect(compilePattern(pattern).ok).toBe(false);
  });
});
