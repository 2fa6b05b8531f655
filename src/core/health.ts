/** What is known of a check. Nothing is done on account of `unknown`. */
export type Health = 'unknown' | 'healthy' | 'unhealthy';

/** `rise` consecutive passes make a check healthy, `fall` consecutive failures make it unhealthy. Both ≥ 1. */
export interface Thresholds {
  readonly rise: number;
  readonly fall: number;
}

/** A check as the agent sees it. `sinceMs` is the monotonic time of the probe that brought the present status. */
export interface CheckState {
  readonly status: Health;
  readonly passes: number;
  readonly failures: number;
  readonly sinceMs: number;
}

/** A check that has not been probed yet. */
export function unprobed(nowMs: number): CheckState {
  return { status: 'unknown', passes: 0, failures: 0, sinceMs: nowMs };
}

/** The state after one more probe. Counters stop at their threshold, so they never overflow. */
export function observe(
  state: CheckState,
  passed: boolean,
  thresholds: Thresholds,
  nowMs: number,
): CheckState {
  const passes = passed ? Math.min(state.passes + 1, thresholds.rise) : 0;
  const failures = passed ? 0 : Math.min(state.failures + 1, thresholds.fall);
  const status = nextStatus(state.status, passes >= thresholds.rise, failures >= thresholds.fall);
  return { status, passes, failures, sinceMs: status === state.status ? state.sinceMs : nowMs };
}

function nextStatus(status: Health, hasRisen: boolean, hasFallen: boolean): Health {
  if (hasRisen) return 'healthy';
  if (hasFallen) return 'unhealthy';
  return status;
}
