import { expect, it } from 'vitest';
import { birdName, missingLine } from '../../../demo/router/needs.ts';

it.each([
  ['BIRD version 2.0.12\n', 'BIRD 2.0.12'],
  ['BIRD version 3.1.2', 'BIRD 3.1.2'],
  // It does not know the configuration of BIRD 2.
  ['BIRD version 1.6.8\n', undefined],
  ['', undefined],
])('%j is %s', (output, name) => {
  expect(birdName(output)).toBe(name);
});

it('what is missing is told in one line', () => {
  expect(missingLine(['BIRD 2 (apt-get install bird2)', 'root, to make a network namespace'])).toBe(
    'without its BGP part, which needs BIRD 2 (apt-get install bird2) and root, to make a network namespace',
  );
});
