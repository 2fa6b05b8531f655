/** A straight line through values taken at equal distances. */
export interface Trend {
  /** From the first to the last value. */
  readonly rise: number;
  /** Half the width of the interval of 95 % around `rise`. */
  readonly margin: number;
}

const BLOCKS = 10;
/** Student's t for 95 %, two-sided, with BLOCKS - 2 degrees of freedom. */
const T = 2.306;

/**
 * Least squares over the means of ten blocks: memory goes up and down with each collection, so values that are close
 * to each other say the same, and would make the interval too narrow.
 */
export function trendOf(values: readonly number[]): Trend {
  const size = Math.floor(values.length / BLOCKS);
  if (size === 0) return { rise: Number.NaN, margin: Number.NaN };
  const means = Array.from({ length: BLOCKS }, (_, block) => {
    return mean(values.slice(block * size, (block + 1) * size));
  });
  const middle = (BLOCKS - 1) / 2;
  const all = mean(means);
  const spread = means.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
  const slope = means.reduce((sum, value, index) => sum + (index - middle) * (value - all), 0) / spread;
  const rest = means.reduce((sum, value, index) => sum + (value - all - slope * (index - middle)) ** 2, 0);
  const error = Math.sqrt(rest / (BLOCKS - 2) / spread);
  return { rise: slope * BLOCKS, margin: T * error * BLOCKS };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
