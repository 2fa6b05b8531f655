import { expect, test } from 'vitest';
import { setDeadline } from '../../../src/lib/deadline.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

test('a deadline is kept to the tick', async () => {
  const clock = new FakeClock();
  const firedAtMs: number[] = [];
  setDeadline(clock, 40, () => firedAtMs.push(clock.now()));
  await clock.advance(39);
  expect(firedAtMs).toEqual([]);
  await clock.advance(1);
  expect(firedAtMs).toEqual([40]);
});

test('a deadline that a stall has overrun lets what waits be read first, and may be cancelled by it', async () => {
  const clock = new FakeClock();
  let fired = 0;
  const timer = setDeadline(clock, 40, () => {
    fired += 1;
  });
  clock.stall(80);
  setImmediate(() => timer.cancel());
  await clock.advance(0);
  await settle();
  expect(fired).toBe(0);
});

test('after a stop of the process some of the time is given again, once', async () => {
  const clock = new FakeClock();
  const firedAtMs: number[] = [];
  setDeadline(clock, 40, () => firedAtMs.push(clock.now()));
  clock.stall(1_400);
  await clock.advance(0);
  await settle();
  expect(firedAtMs).toEqual([]);
  await clock.advance(1_000);
  expect(firedAtMs).toEqual([1_650]);
});

test('what is done in the time given again cancels the deadline', async () => {
  const clock = new FakeClock();
  let fired = 0;
  const timer = setDeadline(clock, 40, () => {
    fired += 1;
  });
  clock.stall(1_400);
  await clock.advance(100);
  timer.cancel();
  await clock.advance(1_000);
  expect(fired).toBe(0);
});
