import type { Clock, Timer } from './clock.ts';

/**
 * Runs a task again and again on request, never twice at once: requests during a run become exactly one more run,
 * whatever their number. A request may name a later time; only the earliest one is kept, since every run looks at
 * everything anew.
 */
export class SingleFlight {
  readonly #clock: Clock;
  readonly #task: () => Promise<void>;
  readonly #onCrash: (error: unknown) => void;
  #isWanted = false;
  #running: Promise<void> | undefined;
  #timer: { readonly atMs: number; readonly timer: Timer } | undefined;
  #isClosed = false;

  /** `onCrash` hears of a task that threw: a bug, after which the next request runs as ever. */
  constructor(clock: Clock, task: () => Promise<void>, onCrash: (error: unknown) => void) {
    this.#clock = clock;
    this.#task = task;
    this.#onCrash = onCrash;
  }

  /** Runs soon: requests made in the same turn share one run. */
  request(): void {
    if (this.#isClosed) return;
    this.#isWanted = true;
    this.#running ??= this.#run();
  }

  /** Runs at the given monotonic time, unless an earlier run is already due. */
  requestAt(atMs: number): void {
    if (this.#isClosed || (this.#timer !== undefined && this.#timer.atMs <= atMs)) return;
    this.#timer?.timer.cancel();
    const timer = this.#clock.after(atMs - this.#clock.now(), () => {
      this.#timer = undefined;
      this.request();
    });
    this.#timer = { atMs, timer };
  }

  /** Resolves when no run is under way or wanted. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** No further run starts; resolves when the present one has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    await this.idle();
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    while (this.#isWanted && !this.#isClosed) {
      this.#isWanted = false;
      try {
        await this.#task();
      } catch (error) {
        this.#onCrash(error);
      }
    }
    this.#running = undefined;
  }
}
