import type { Clock, Timer } from './clock.ts';

/** The longest delay that setTimeout takes; beyond it Node fires at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** The machine's own clock: `performance.now`, `Date.now` and `setTimeout`. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  after: (delayMs, run) => new SystemTimer(Math.max(delayMs, 0), run),
};

/** setTimeout counts in whole milliseconds from a start rounded down, so it may fire early: what is left is waited for. */
class SystemTimer implements Timer {
  readonly #deadlineMs: number;
  readonly #run: () => void;
  #handle: NodeJS.Timeout;

  constructor(delayMs: number, run: () => void) {
    this.#deadlineMs = performance.now() + delayMs;
    this.#run = run;
    this.#handle = this.#arm(delayMs);
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }

  #arm(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#fire(), Math.min(Math.ceil(delayMs), MAX_DELAY_MS));
  }

  #fire(): void {
    const leftMs = this.#deadlineMs - performance.now();
    if (leftMs > 0) this.#handle = this.#arm(leftMs);
    else this.#run();
  }
}
