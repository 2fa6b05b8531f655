export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One log line: a sentence for people, and the facts under stable names for machines. */
export interface LogLine {
  readonly level: LogLevel;
  readonly event: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** `850 ms`, `2.5 s`, `10 min`. */
export function ms(value: number): string {
  if (value < 1_000) return `${Math.round(value)} ms`;
  if (value < 120_000) return `${Number((value / 1_000).toFixed(1))} s`;
  return `${Math.round(value / 60_000)} min`;
}

/** The facts of an event: nested objects become dotted names one level deep, which is all that events have. */
export function flat(facts: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(facts).flatMap(([key, value]) => flatten(key, value)));
}

function flatten(key: string, value: unknown): [string, unknown][] {
  const isPlain = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isPlain) return [[key, value]];
  return Object.entries(value).map(([inner, leaf]) => [`${key}.${inner}`, leaf]);
}
