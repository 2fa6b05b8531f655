/**
 * Work that nobody can call off once it is begun: what the kernel was asked for in the thread pool. However long it
 * hangs, there is never more than one, and nothing piles up behind it.
 */
export class SingleWork {
  #isBusy = false;
  #waiting: (() => void) | undefined;

  /**
   * Begins `work` now, or as soon as what an earlier attempt began has ended. Returns what forgets it where it has not
   * begun. `work` tells its result, and its errors, itself.
   */
  begin(work: () => Promise<void>): () => void {
    if (this.#isBusy) {
      const begin = (): void => {
        this.begin(work);
      };
      this.#waiting = begin;
      return () => {
        if (this.#waiting === begin) this.#waiting = undefined;
      };
    }
    this.#isBusy = true;
    const end = (): void => {
      this.#isBusy = false;
      const next = this.#waiting;
      this.#waiting = undefined;
      next?.();
    };
    work().then(end, end);
    return () => undefined;
  }
}
