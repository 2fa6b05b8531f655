import type { Clock } from '../lib/clock.ts';

/** Connections from one address that were closed at once. */
export interface Refusal {
  readonly address: string;
  /** One line. */
  readonly why: string;
  /** How many since it was told of the last time, this one included. */
  readonly count: number;
}

const QUIET_MS = 60_000;
/** Addresses that are known apart: whoever knocks from more of them is not told of one by one. */
const ADDRESSES = 256;

/** Tells of refused connections at most once a minute for each address, whatever comes. */
export class ListenerRefusals {
  readonly #clock: Clock;
  readonly #tell: (refusal: Refusal) => void;
  readonly #known = new Map<string, { readonly toldAtMs: number; untold: number }>();
  #total = 0;

  constructor(clock: Clock, tell: (refusal: Refusal) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Since the start, all addresses together. */
  get total(): number {
    return this.#total;
  }

  add(address: string, why: string): void {
    this.#total += 1;
    const nowMs = this.#clock.now();
    const known = this.#known.get(address);
    if (known !== undefined && nowMs - known.toldAtMs < QUIET_MS) {
      known.untold += 1;
      return;
    }
    if (known === undefined && !this.#hasRoom(nowMs)) return;
    this.#known.set(address, { toldAtMs: nowMs, untold: 0 });
    this.#tell({ address, why, count: 1 + (known?.untold ?? 0) });
  }

  #hasRoom(nowMs: number): boolean {
    if (this.#known.size < ADDRESSES) return true;
    for (const [address, { toldAtMs }] of this.#known) {
      if (nowMs - toldAtMs >= QUIET_MS) this.#known.delete(address);
    }
    return this.#known.size < ADDRESSES;
  }
}
