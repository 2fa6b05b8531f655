/** `capacity` tokens at most, `refillPerSec` more each second. */
export interface TokenBucketLimits {
  readonly capacity: number;
  readonly refillPerSec: number;
}

/** A token bucket on a clock of the caller's: starts full, never waits by itself. */
export class TokenBucket {
  readonly #limits: TokenBucketLimits;
  #tokens: number;
  #atMs: number;

  constructor(limits: TokenBucketLimits, nowMs: number) {
    this.#limits = limits;
    this.#tokens = limits.capacity;
    this.#atMs = nowMs;
  }

  /** Whether a token is there. */
  has(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens >= 1;
  }

  /** How many whole tokens are there. */
  level(nowMs: number): number {
    this.#refill(nowMs);
    return Math.floor(this.#tokens);
  }

  /** Takes one token if there is one. */
  take(nowMs: number): boolean {
    this.#refill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /**
   * When `count` tokens (at most the capacity) will be there: now, or at least a millisecond later, so that whoever
   * waits until then finds them in spite of rounding.
   */
  readyAtMs(count: number, nowMs: number): number {
    this.#refill(nowMs);
    const missing = Math.min(count, this.#limits.capacity) - this.#tokens;
    return missing <= 0 ? nowMs : nowMs + Math.ceil((missing / this.#limits.refillPerSec) * 1000);
  }

  #refill(nowMs: number): void {
    const gained = ((nowMs - this.#atMs) / 1000) * this.#limits.refillPerSec;
    this.#tokens = Math.min(this.#limits.capacity, this.#tokens + Math.max(gained, 0));
    this.#atMs = Math.max(this.#atMs, nowMs);
  }
}
