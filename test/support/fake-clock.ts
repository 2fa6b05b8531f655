import type { Clock, Timer } from '../../src/lib/clock.ts';

interface PendingTimer {
  readonly dueMs: number;
  readonly run: () => void;
}

/**
 * A clock that moves only when told to. `advance` fires what is due in order of time, then of creation, and lets
 * every promise settle after each, so that one test sees the same order on every machine. `setImmediate` is the real
 * one: what a fake clock drives must not wait for real sockets.
 */
export class FakeClock implements Clock {
  #nowMs = 0;
  #wallOffsetMs: number;
  readonly #timers: PendingTimer[] = [];

  constructor(wallStartMs = Date.UTC(2026, 0, 1)) {
    this.#wallOffsetMs = wallStartMs;
  }

  now(): number {
    return this.#nowMs;
  }

  wallNow(): number {
    return this.#nowMs + this.#wallOffsetMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { dueMs: this.#nowMs + Math.max(delayMs, 0), run };
    const later = this.#timers.findIndex((other) => other.dueMs > timer.dueMs);
    this.#timers.splice(later < 0 ? this.#timers.length : later, 0, timer);
    return { cancel: () => this.#remove(timer) };
  }

  /** How many timers are set: 0 after everything was closed. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** When the next timer is due, on the monotonic clock; undefined: none is set. */
  get nextDueMs(): number | undefined {
    return this.#timers[0]?.dueMs;
  }

  /** Lets time pass. Timers set meanwhile fire too where they are due by then. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let next = this.#timers[0]; next !== undefined && next.dueMs <= untilMs; next = this.#timers[0]) {
      this.#timers.shift();
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.run();
      await settle();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Advances from timer to timer until the condition holds; throws where it does not within `limitMs`. */
  async advanceUntil(condition: () => boolean, limitMs: number): Promise<void> {
    const untilMs = this.#nowMs + limitMs;
    await settle();
    while (!condition()) {
      const dueMs = this.nextDueMs;
      if (dueMs === undefined || dueMs > untilMs) throw new Error(`not so within ${limitMs} ms`);
      await this.advance(dueMs - this.#nowMs);
    }
  }

  /** Lets time pass as a stopped process sees it: nothing fires meanwhile; what is due fires late, at the next advance. */
  stall(ms: number): void {
    this.#nowMs += ms;
  }

  /** Steps the wall clock (as an administrator or NTP does); the monotonic clock does not notice. */
  stepWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  #remove(timer: PendingTimer): void {
    const index = this.#timers.indexOf(timer);
    if (index >= 0) this.#timers.splice(index, 1);
  }
}

/** Lets every promise that can settle without time passing do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
