/** One measured value, with what it is held against in the same run. */
export interface Figure {
  /** What was measured, in words: `service dead → route moved, p99`. */
  readonly what: string;
  readonly value: number;
  readonly unit: 'ms' | 'µs' | 'ns' | 's' | 'MiB' | 'calls/s' | 'calls/h' | '%' | 'count';
  /** The reference measured beside it in the same run, and `value / reference.value`. */
  readonly reference?: { readonly what: string; readonly value: number };
  /** What the value must not exceed, and where that comes from. Told, not enforced: times never decide a test. */
  readonly bound?: { readonly what: string; readonly value: number };
}

export interface BenchOptions {
  /** Fewer trials, shorter runs: to see that it works, not to publish. */
  readonly isQuick: boolean;
  /** One line of progress. */
  readonly say: (line: string) => void;
}

/** One benchmark: a file of this folder that exports it as `bench`. */
export interface Bench {
  /** As typed after `npm run bench --`: kebab-case. */
  readonly name: string;
  readonly title: string;
  run(options: BenchOptions): Promise<readonly Figure[]>;
}

/** The value below which `share` (0 to 1) of the values lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
