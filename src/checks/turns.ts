import type { Clock } from '../lib/clock.ts';

/**
 * Lets one go at a time, in the order of coming. Who has waited `patienceMs` goes beside the others, so that one that
 * hangs does not keep everybody.
 */
export class Turns {
  readonly #clock: Clock;
  #holder: object | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `go` once, at once or when the turn has come. What it returns gives the turn back, or the wait up. */
  take(patienceMs: number, go: () => void): () => void {
    const token = {};
    if (this.#holder === undefined) {
      this.#holder = token;
      go();
      return () => this.#giveBack(token);
    }
    const onTurn = (): void => {
      timer.cancel();
      this.#holder = token;
      go();
    };
    const timer = this.#clock.after(patienceMs, () => {
      if (this.#waiting.delete(onTurn)) go();
    });
    this.#waiting.add(onTurn);
    return () => {
      timer.cancel();
      if (!this.#waiting.delete(onTurn)) this.#giveBack(token);
    };
  }

  /** The next one goes in a turn of the loop of its own: what this one used is free by then. */
  #giveBack(token: object): void {
    if (this.#holder !== token) return;
    const passing = {};
    this.#holder = passing;
    setImmediate(() => {
      if (this.#holder !== passing) return;
      const [next] = this.#waiting;
      this.#holder = undefined;
      if (next === undefined) return;
      this.#waiting.delete(next);
      next();
    });
  }
}
