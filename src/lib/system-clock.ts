import type { Clock, Timer } from './clock.ts';

/** The longest delay that setTimeout takes; beyond it Node fires at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** The machine's own clock: `performance.now`, `Date.now` and `setTimeout`. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  after: (delayMs, run) => runAt(performance.now() + Math.max(delayMs, 0), run),
};

/** setTimeout counts in whole milliseconds from a start rounded down, so it may fire early: what is left is waited for. */
function runAt(deadlineMs: number, run: () => void): Timer {
  const arm = (): NodeJS.Timeout =>
    setTimeout(fire, Math.min(Math.ceil(deadlineMs - performance.now()), MAX_DELAY_MS));
  const fire = (): void => {
    if (performance.now() < deadlineMs) handle = arm();
    else run();
  };
  let handle = arm();
  return { cancel: () => clearTimeout(handle) };
}
