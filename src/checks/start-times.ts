/** When one check of many begins. Both from the start of the runner. */
export interface StartTime {
  /** The first probe. */
  readonly firstDelayMs: number;
  /** The first slot of the fixed cadence; from then on there is one every `everyMs`. */
  readonly phaseMs: number;
}

/** All first probes are under way after this: a start is worth a burst, but not all in one turn of the loop. */
const FIRST_WITHIN_MS = 100;

/**
 * Start times of the `index`-th of `count` checks: the first probe at once (the very first at 0, the rest evenly over
 * at most 100 ms), the cadence evenly over [every/2, every). So a thousand checks of one second never fire together,
 * and none waits longer than its own period for its second probe.
 */
export function startTime(index: number, count: number, everyMs: number): StartTime {
  const share = count > 0 ? index / count : 0;
  return {
    firstDelayMs: share * Math.min(everyMs / 2, FIRST_WITHIN_MS),
    phaseMs: everyMs / 2 + share * (everyMs / 2),
  };
}

/** The start time of each check, in their order. */
export function startTimes(checks: readonly { readonly everyMs: number }[]): readonly StartTime[] {
  return checks.map(({ everyMs }, index) => startTime(index, checks.length, everyMs));
}
