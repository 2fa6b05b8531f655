import { describe, expect, test } from 'vitest';
import { Turns } from '../../../src/checks/turns.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

function crowd() {
  const clock = new FakeClock();
  const turns = new Turns(clock);
  const went: string[] = [];
  const take = (name: string, patienceMs = 1_000) => turns.take(patienceMs, () => void went.push(name));
  return { clock, went, take };
}

describe('turns', () => {
  test('come at once where nobody has one, else one after the other', async () => {
    const { went, take } = crowd();
    const leaves = ['a', 'b', 'c'].map((name) => take(name));
    expect(went).toEqual(['a']);
    for (const leave of leaves) {
      leave();
      await settle();
    }
    expect(went).toEqual(['a', 'b', 'c']);
  });

  test('are free again after the last', async () => {
    const { went, take } = crowd();
    take('a')();
    await settle();
    take('b');
    expect(went).toEqual(['a', 'b']);
  });

  test('pass over those that gave up', async () => {
    const { clock, went, take } = crowd();
    const [first, second] = [take('a'), take('b'), take('c')];
    second();
    first();
    await settle();
    expect(went).toEqual(['a', 'c']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('do not let one that stays keep the others for longer than their patience', async () => {
    const { clock, went, take } = crowd();
    const first = take('a');
    const second = take('b', 100);
    take('c', 200);
    await clock.advance(100);
    expect(went).toEqual(['a', 'b']);
    second(); // had no turn to give
    await settle();
    expect(went).toEqual(['a', 'b']);
    first();
    await settle();
    expect(went).toEqual(['a', 'b', 'c']);
    await clock.advance(1_000);
    expect(went).toEqual(['a', 'b', 'c']);
  });

  test('are given back once, even if that is said twice', async () => {
    const { went, take } = crowd();
    const first = take('a');
    take('b');
    take('c');
    first();
    first();
    await settle();
    first();
    await settle();
    expect(went).toEqual(['a', 'b']);
  });

  test('go to one who comes while a turn passes on only after those that waited', async () => {
    const { went, take } = crowd();
    const first = take('a');
    take('b');
    first();
    take('c');
    await settle();
    expect(went).toEqual(['a', 'b']);
  });
});
