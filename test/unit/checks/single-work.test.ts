import { expect, test } from 'vitest';
import { SingleWork } from '../../../src/checks/single-work.ts';
import { settle } from '../../support/fake-clock.ts';

/** Works that begin and end under the test's eyes. */
function bench() {
  const work = new SingleWork();
  const begun: string[] = [];
  const ends = new Map<string, { readonly resolve: () => void; readonly reject: (error: Error) => void }>();
  const begin = (name: string) =>
    work.begin(() => {
      begun.push(name);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      ends.set(name, { resolve, reject });
      return promise;
    });
  return { begin, begun, ends };
}

test('what comes while another works waits for its end, even a bad one', async () => {
  const { begin, begun, ends } = bench();
  begin('a');
  begin('b');
  await settle();
  expect(begun).toEqual(['a']);
  ends.get('a')?.reject(new Error('a bug'));
  await settle();
  expect(begun).toEqual(['a', 'b']);
  ends.get('b')?.resolve();
  await settle();
  begin('c');
  expect(begun).toEqual(['a', 'b', 'c']);
});

test('of those who came and went meanwhile only the last begins', async () => {
  const { begin, begun, ends } = bench();
  begin('a');
  const forget = ['b', 'c'].map(begin);
  begin('d');
  for (const each of forget) each();
  ends.get('a')?.resolve();
  await settle();
  expect(begun).toEqual(['a', 'd']);
});

test('forgetting what has begun changes nothing', async () => {
  const { begin, begun, ends } = bench();
  const forget = begin('a');
  forget();
  begin('b');
  forget();
  ends.get('a')?.resolve();
  await settle();
  expect(begun).toEqual(['a', 'b']);
});
