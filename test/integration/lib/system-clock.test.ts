import { expect, test } from 'vitest';
import { systemClock } from '../../../src/lib/system-clock.ts';

test('no timer fires before its delay has passed, fractions included', async () => {
  const delays = Array.from({ length: 60 }, (_, index) => index / 7);
  const early = await Promise.all(
    delays.map(
      (delayMs) =>
        new Promise<number>((resolve) => {
          const dueMs = systemClock.now() + delayMs;
          systemClock.after(delayMs, () => resolve(dueMs - systemClock.now()));
        }),
    ),
  );
  expect(Math.max(...early)).toBeLessThanOrEqual(0);
});

test('a cancelled timer does not fire', async () => {
  let fired = 0;
  const timer = systemClock.after(1, () => {
    fired += 1;
  });
  timer.cancel();
  await new Promise<void>((resolve) => systemClock.after(10, resolve));
  expect(fired).toBe(0);
});
