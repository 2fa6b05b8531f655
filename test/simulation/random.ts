/** Numbers in [0, 1) that follow from a seed alone. */
export type Random = () => number;

/** A stream of its own for each name, so that one more draw in one place changes nothing in the others. */
export function randomOf(seed: number, ...names: readonly (string | number)[]): Random {
  let hash = 0x811c9dc5 ^ seed;
  for (const char of names.join('/')) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  let state = (hash ^ Math.imul(seed, 0x9e3779b1)) >>> 0;
  // Mulberry32: one 32-bit word of state, good enough to choose events and delays by.
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function pick<Value>(random: Random, values: readonly [Value, ...Value[]]): Value {
  return values[Math.floor(random() * values.length)] ?? values[0];
}

/** An integer from `from` to `to`, both included. */
export function between(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1));
}

/** Many small values, few large ones: what is spread over several orders of magnitude. */
export function logBetween(random: Random, from: number, to: number): number {
  return Math.round(Math.exp(Math.log(from) + random() * (Math.log(to) - Math.log(from))));
}
