/** Exponential back-off: the n-th failure in a row waits up to `firstMs`·2ⁿ⁻¹, never more than `lastMs`. */
export interface BackoffLimits {
  readonly firstMs: number;
  readonly lastMs: number;
}

/**
 * How long to wait after the `failures`-th failure in a row (≥ 1), with full jitter: anything between a tenth of the
 * bound and the bound. `random` gives numbers in [0, 1).
 */
export function backoffMs(failures: number, limits: BackoffLimits, random: () => number): number {
  const bound = Math.min(limits.lastMs, limits.firstMs * 2 ** Math.min(failures - 1, 30));
  return bound * (0.1 + 0.9 * random());
}
