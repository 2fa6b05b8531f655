const HOUR_MS = 3_600_000;
/** Reads may lag by this much. */
const STALE_MS = 10_000;

/** A route that is taken from a holder by the same process not for the first time. */
interface Exchange {
  readonly key: string;
  readonly holder: string;
  readonly isOwner: boolean;
}

/** Counts how often one process takes a route from one holder, in the hour before. */
export class ExchangeCounter {
  /**
   * A backup: reclaim back-off of 30 s, doubled each time up to 30 min, forgotten 10 min after its end. The most that
   * an hour has room for is four takeovers within 210 s, then 240 s and 10 min of nothing, again and again: 15.
   */
  static readonly BACKUP_LIMIT = 15;
  /**
   * An owner that did not give the route away itself: five losses, then 30 s doubled up to 5 min, forgotten 10 min
   * after its end: five and four in the first 450 s, then one every 300 s: 20; the rest is for losses that no read
   * of its own showed.
   */
  static readonly OWNER_LIMIT = 25;

  readonly #takes = new Map<string, number[]>();
  readonly #times = new Map<string, number[]>();

  count({ key, holder, isOwner }: Exchange, nowMs: number): number {
    const name = `${isOwner ? 'owner' : 'backup'} ${key} ${holder}`;
    const recent = (this.#times.get(name) ?? []).filter((atMs) => nowMs - atMs < HOUR_MS);
    recent.push(nowMs);
    this.#times.set(name, recent);
    return recent.length;
  }

  /** How often the process pointed the route at itself in the 10 s before, without having given it away in between. */
  countTakes(key: string, nowMs: number): number {
    const recent = (this.#takes.get(key) ?? []).filter((atMs) => nowMs - atMs < STALE_MS);
    recent.push(nowMs);
    this.#takes.set(key, recent);
    return recent.length;
  }

  /** The last take is not held against the process. */
  forgetTake(key: string): void {
    this.#takes.get(key)?.pop();
  }

  /** An owner that gave the route away takes it back by right, however often its service comes and goes. */
  gaveAway(key: string): void {
    this.#takes.delete(key);
    for (const name of this.#times.keys()) if (name.startsWith(`owner ${key} `)) this.#times.delete(name);
  }
}
