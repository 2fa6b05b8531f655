import { expect, test } from 'vitest';
import { quoted } from '../../../src/checks/quoted.ts';

test.each([
  ['as it is', '"as it is"'],
  ['größer ✓', '"größer ✓"'],
  ['two\nlines\t"quoted"', '"two\\nlines\\t\\"quoted\\""'],
  ['a\u202eb\u2028c\u0085d\u007f', '"a\\u{202e}b\\u{2028}c\\u{85}d\\u{7f}"'],
  ['\ud800', '"\\ud800"'],
  ['', '""'],
])('%j is told as %s', (text, told) => {
  expect(quoted(text)).toBe(told);
});

test('a long text is cut', () => {
  expect(quoted('x'.repeat(300))).toBe(`"${'x'.repeat(200)}…"`);
});
