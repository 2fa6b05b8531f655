import type { Clock } from './clock.ts';

/** The longest delay that setTimeout takes; beyond it Node fires at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** The machine's own clock: `performance.now`, `Date.now` and `setTimeout`. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, Math.min(Math.max(delayMs, 0), MAX_DELAY_MS));
    return { cancel: () => clearTimeout(handle) };
  },
};
