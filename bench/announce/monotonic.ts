/** CLOCK_MONOTONIC in ms with fractions: one clock for all processes of a machine, in whichever namespace. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
