import fc from 'fast-check';
import { expect, it } from 'vitest';
import { locator } from '../../../src/config/positions.ts';

it('every offset of a text is found in the line and column it has', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ' ', '\n', '\r\n', 'é'), maxLength: 40 });
  fc.assert(
    fc.property(text, (before) => {
      const whole = `${before}x`;
      for (let offset = 0; offset < whole.length; offset++) {
        const lines = whole.slice(0, offset).split('\n');
        expect(locator({ file: 'f', text: whole })(offset)).toEqual({
          file: 'f',
          line: lines.length,
          column: (lines.at(-1) ?? '').length + 1,
        });
      }
    }),
  );
});

it('an offset behind the text is told of behind its last character', () => {
  expect(locator({ file: 'f', text: 'a: [1\n\n' })(7)).toEqual({ file: 'f', line: 1, column: 6 });
  expect(locator({ file: 'f', text: '' })(0)).toEqual({ file: 'f', line: 1, column: 1 });
});
