import { assertNever } from '../lib/assert-never.ts';
import type { CheckState, Health } from './health.ts';

/** What a route's `healthcheck` says, over the names of checks. `all` of nothing is healthy. */
export type HealthExpression =
  | { readonly kind: 'check'; readonly name: string }
  | { readonly kind: 'all'; readonly of: readonly HealthExpression[] }
  | { readonly kind: 'any'; readonly of: readonly HealthExpression[] }
  | { readonly kind: 'at-least'; readonly count: number; readonly of: readonly HealthExpression[] };

/** Three-valued: healthy since a time, unhealthy, or not known yet. */
export interface HealthVerdict {
  readonly health: Health;
  /**
   * Monotonic ms since when the expression has certainly been healthy; undefined unless healthy. It is never earlier
   * than the truth: with `any`, an operand that was healthy before and is not now does not count.
   */
  readonly healthySinceMs: number | undefined;
}

/** The state of a check by its name; undefined when there is none, which counts as unknown. */
export type CheckLookup = (name: string) => CheckState | undefined;

const UNKNOWN: HealthVerdict = { health: 'unknown', healthySinceMs: undefined };
const UNHEALTHY: HealthVerdict = { health: 'unhealthy', healthySinceMs: undefined };

/**
 * Evaluates in Kleene's three-valued logic: an unknown operand matters only where it could change the result.
 * `startedAtMs` is when a thing without any check counts as healthy.
 */
export function evaluate(
  expression: HealthExpression,
  lookup: CheckLookup,
  startedAtMs: number,
): HealthVerdict {
  switch (expression.kind) {
    case 'check':
      return ofCheck(lookup(expression.name));
    case 'all':
      return atLeast(expression.of.length, expression.of, lookup, startedAtMs);
    case 'any':
      return atLeast(1, expression.of, lookup, startedAtMs);
    case 'at-least':
      return atLeast(expression.count, expression.of, lookup, startedAtMs);
    default:
      return assertNever(expression);
  }
}

function ofCheck(state: CheckState | undefined): HealthVerdict {
  if (state === undefined || state.status === 'unknown') return UNKNOWN;
  return state.status === 'healthy' ? { health: 'healthy', healthySinceMs: state.sinceMs } : UNHEALTHY;
}

function atLeast(
  count: number,
  of: readonly HealthExpression[],
  lookup: CheckLookup,
  startedAtMs: number,
): HealthVerdict {
  const since: number[] = [];
  let unknown = 0;
  for (const child of of) {
    const { health, healthySinceMs } = evaluate(child, lookup, startedAtMs);
    if (healthySinceMs !== undefined) since.push(healthySinceMs);
    else if (health === 'unknown') unknown += 1;
  }
  if (since.length < count) return since.length + unknown >= count ? UNKNOWN : UNHEALTHY;
  since.sort((a, b) => a - b);
  return { health: 'healthy', healthySinceMs: since[count - 1] ?? startedAtMs };
}
