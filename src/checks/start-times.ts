/** When one check of many begins. Both from the start of the runner. */
export interface StartTime {
  /** The first probe. */
  readonly firstDelayMs: number;
  /** The first slot of the fixed cadence; from then on there is one every `everyMs`. */
  readonly phaseMs: number;
}

/** First probes are under way after this, or after 1 ms for each check where there are many: a burst delays itself. */
const FIRST_WITHIN_MS = 100;
const FIRST_EACH_MS = 1;

/**
 * Start times of the `index`-th of `count` checks: the first probe at once (the very first at 0, the rest evenly over
 * at most half their period), the second after half to a whole period. So a thousand checks of one second never fire
 * together, but evenly over the whole second.
 */
export function startTime(index: number, count: number, everyMs: number): StartTime {
  const share = count > 0 ? index / count : 0;
  const firstWithinMs = Math.min(everyMs / 2, Math.max(FIRST_WITHIN_MS, count * FIRST_EACH_MS));
  const firstDelayMs = share * firstWithinMs;
  return { firstDelayMs, phaseMs: firstDelayMs + ((1 + share) * everyMs) / 2 };
}

/** The start time of each check, in their order. */
export function startTimes(checks: readonly { readonly everyMs: number }[]): readonly StartTime[] {
  return checks.map(({ everyMs }, index) => startTime(index, checks.length, everyMs));
}
