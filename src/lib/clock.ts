/** A timer that was set and can be taken back; cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Where time comes from. Everything that waits takes one of these, so that tests and the simulation own time.
 * `now` is monotonic; the wall clock is asked only for what people read.
 */
export interface Clock {
  /** Milliseconds, monotonic, with fractions, from an arbitrary origin. */
  now(): number;
  /** Milliseconds since the Unix epoch; may jump in either direction. */
  wallNow(): number;
  /** Calls `run` once, not before `delayMs` have passed. A delay of 0 or less means "as soon as possible". */
  after(delayMs: number, run: () => void): Timer;
}
