import { least } from '../lib/least.ts';
import { TokenBucket } from '../lib/token-bucket.ts';
import type { TableKey } from './table-reader.ts';

/**
 * Every change asks for five reads of its table. A few are read when they are due; in a mass of changes the reads wait
 * for each other and go out together, since EC2's budget for them is one for the whole account.
 */
const PACE = { capacity: 6, refillPerSec: 2 };

/** The tables that are to be read again, and when. */
export class DueReads {
  readonly #bucket: TokenBucket;
  readonly #dueAtMs = new Map<TableKey, readonly number[]>();

  constructor(nowMs: number) {
    this.#bucket = new TokenBucket(PACE, nowMs);
  }

  /** Has these tables read again at each of these times (monotonic ms). */
  add(keys: readonly TableKey[], timesMs: readonly number[]): void {
    for (const key of keys) this.#dueAtMs.set(key, [...(this.#dueAtMs.get(key) ?? []), ...timesMs]);
  }

  /** The tables to read now, in one go; none while the pace does not allow it. */
  take(nowMs: number): readonly TableKey[] {
    const due = [...this.#dueAtMs].filter(([, timesMs]) => timesMs.some((atMs) => atMs <= nowMs));
    if (due.length === 0 || !this.#bucket.take(nowMs)) return [];
    for (const [key, timesMs] of due) {
      const later = timesMs.filter((atMs) => atMs > nowMs);
      if (later.length > 0) this.#dueAtMs.set(key, later);
      else this.#dueAtMs.delete(key);
    }
    return due.map(([key]) => key);
  }

  /** When `take` has something to give (monotonic ms); undefined for never. */
  nextAtMs(nowMs: number): number | undefined {
    const dueAtMs = least([...this.#dueAtMs.values()].map((timesMs) => least(timesMs)));
    if (dueAtMs === undefined) return undefined;
    return Math.max(dueAtMs, this.#bucket.readyAtMs(1, nowMs));
  }
}
