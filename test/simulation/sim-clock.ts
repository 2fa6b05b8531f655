import type { Clock, Timer } from '../../src/lib/clock.ts';

const SETTLED = Promise.resolve();

interface Entry {
  readonly dueMs: number;
  /** Creation order: what is due at one time fires in the order in which it was set. */
  readonly order: number;
  run: (() => void) | undefined;
}

/**
 * The time of a whole simulated region: a heap of timers, fired one by one. Between two of them every promise that can
 * settle does: Node empties the microtask queue before it takes the next tick, so nothing real is waited for and the
 * order is the same on every machine. What runs under it must therefore wait for nothing but promises and this clock.
 */
export class SimClock implements Clock {
  #nowMs = 0;
  #wallOffsetMs = Date.UTC(2026, 0, 1);
  #created = 0;
  readonly #heap: Entry[] = [];
  /** Timers fired so far: the steps of a run. */
  steps = 0;

  now(): number {
    return this.#nowMs;
  }

  wallNow(): number {
    return this.#nowMs + this.#wallOffsetMs;
  }

  /** Steps the wall clock, as an administrator or NTP does; the monotonic clock does not notice. */
  stepWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const entry: Entry = { dueMs: this.#nowMs + Math.max(delayMs, 0), order: this.#created, run };
    this.#created += 1;
    this.#push(entry);
    return {
      cancel: () => {
        entry.run = undefined;
      },
    };
  }

  /**
   * Fires what is due until then; `afterEach` is called when all has settled after each step, and ends the run by
   * answering true. Resolves to false where it did.
   */
  runUntil(untilMs: number, afterEach: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const step = (): void => {
        try {
          if (afterEach()) {
            resolve(false);
            return;
          }
          const entry = this.#popLive();
          if (entry === undefined || entry.dueMs > untilMs) {
            if (entry !== undefined) this.#push(entry);
            this.#nowMs = Math.max(this.#nowMs, untilMs);
            resolve(true);
            return;
          }
          this.#nowMs = Math.max(this.#nowMs, entry.dueMs);
          this.steps += 1;
          entry.run?.();
          SETTLED.then(next);
        } catch (error) {
          reject(error);
        }
      };
      // A tick that is asked for from a microtask comes when all microtasks are done; one asked for from a tick, before.
      const next = (): void => process.nextTick(step);
      SETTLED.then(next);
    });
  }

  #popLive(): Entry | undefined {
    let entry = this.#pop();
    while (entry !== undefined && entry.run === undefined) entry = this.#pop();
    return entry;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      let child = heap[childIndex];
      if (child === undefined) break;
      const right = heap[childIndex + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        childIndex += 1;
      }
      if (!isBefore(child, last)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = last;
    return top;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
