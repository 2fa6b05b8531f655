import { expect, test } from 'vitest';
import { FakeClock } from '../../support/fake-clock.ts';

test('timers fire in order of time, and in order of creation where they are due together', async () => {
  const clock = new FakeClock();
  const fired: string[] = [];
  clock.after(20, () => fired.push(`late at ${clock.now()}`));
  clock.after(10, () => fired.push(`first at ${clock.now()}`));
  clock.after(10, () => fired.push(`second at ${clock.now()}`));
  await clock.advance(15);
  expect(fired).toEqual(['first at 10', 'second at 10']);
  expect(clock.now()).toBe(15);
  await clock.advance(5);
  expect(fired.at(-1)).toBe('late at 20');
});

test('a timer that a promise sets while time passes fires within the same advance', async () => {
  const clock = new FakeClock();
  const fired: number[] = [];
  clock.after(10, () => {
    Promise.resolve().then(() => clock.after(10, () => fired.push(clock.now())));
  });
  await clock.advance(25);
  expect(fired).toEqual([20]);
});

test('a cancelled timer never fires, and cancelling it again does nothing', async () => {
  const clock = new FakeClock();
  let fired = 0;
  const timer = clock.after(10, () => {
    fired += 1;
  });
  timer.cancel();
  timer.cancel();
  await clock.advance(20);
  expect([fired, clock.pendingTimers]).toEqual([0, 0]);
});

test('stepping the wall clock leaves the monotonic one alone', async () => {
  const clock = new FakeClock(1_000);
  await clock.advance(5);
  clock.stepWall(-500);
  expect([clock.now(), clock.wallNow()]).toEqual([5, 505]);
});

test('advanceUntil stops at the timer that makes the condition true, and throws where none does', async () => {
  const clock = new FakeClock();
  let isDone = false;
  clock.after(30, () => {
    isDone = true;
  });
  clock.after(40, () => undefined);
  await clock.advanceUntil(() => isDone, 100);
  expect(clock.now()).toBe(30);
  await expect(clock.advanceUntil(() => false, 100)).rejects.toThrow('not so within 100 ms');
});
