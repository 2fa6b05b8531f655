import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearestWord } from '../../../src/lib/nearest-word.ts';

describe('nearestWord', () => {
  it.each([
    ['rize', 'rise'],
    ['evry', 'every'],
    ['PING', 'ping'],
    ['pign', 'ping'],
    ['if_unhealty', 'if_unhealthy'],
    ['colour', undefined],
    ['', undefined],
  ])('takes %j for %s', (word, meant) => {
    expect(nearestWord(word, ['rise', 'every', 'ping', 'if_unhealthy', 'tcp'])).toBe(meant);
  });
});

describe('editDistance', () => {
  it('counts a swap of neighbours as one edit', () => {
    expect(editDistance('dns', 'dsn')).toBe(1);
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });

  it('is symmetric, and nothing exactly for equal words', () => {
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
      }),
    );
  });
});
