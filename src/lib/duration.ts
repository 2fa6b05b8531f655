const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const UNITS_DOWN = ['d', 'h', 'm', 's', 'ms'] as const;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const BARE = /^\d+(?:\.\d+)?$/;

/**
 * Milliseconds meant by `250ms`, `5s`, `1m`, `1h`, `14d`, `1m30s`, or by a bare number of seconds (`0.5`, also as text).
 * undefined for anything else. Limits are the caller's: a negative number comes back negative.
 */
export function parseDurationMs(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? roundMs(value * 1000) : undefined;
  if (BARE.test(value)) return roundMs(Number(value) * 1000);
  if (!WHOLE.test(value)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of value.matchAll(PART)) totalMs += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  return Number.isFinite(totalMs) ? roundMs(totalMs) : undefined;
}

/**
 * The shortest spelling with one unit and no fraction where there is one: `90s`, `250ms`, `24h`, `14d`; else ms with a
 * fraction. One day is 24h, as most people say it.
 */
export function formatDurationMs(ms: number): string {
  for (const unit of UNITS_DOWN) {
    const amount = ms / (UNIT_MS[unit] ?? 1);
    if (amount >= (unit === 'd' ? 2 : 1) && Number.isInteger(amount)) return `${amount}${unit}`;
  }
  return `${ms}ms`;
}

/** Takes away what binary fractions add (0.07 s is 70 ms, not 70.00000000000001 ms); keeps microseconds. */
function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
