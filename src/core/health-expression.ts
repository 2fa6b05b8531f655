import { assertNever } from '../lib/assert-never.ts';
import type { CheckState, Health } from './health.ts';

/**
 * What a route's `healthcheck` says, over the names of checks. `all` of nothing is healthy. Named expressions are
 * inlined by who makes it, and may be shared: a node can stand in several places.
 */
export type HealthExpression =
  | { readonly kind: 'check'; readonly name: string }
  | { readonly kind: 'all'; readonly of: readonly HealthExpression[] }
  | { readonly kind: 'any'; readonly of: readonly HealthExpression[] }
  | { readonly kind: 'at-least'; readonly count: number; readonly of: readonly HealthExpression[] }
  | { readonly kind: 'not'; readonly of: HealthExpression };

/** Three-valued: healthy since a time, unhealthy, or not known yet. */
export interface HealthVerdict {
  readonly health: Health;
  /**
   * Monotonic ms since when the expression has certainly been healthy; undefined unless healthy. It is never earlier
   * than the truth: with `any`, an operand that was healthy before and is not now does not count.
   */
  readonly healthySinceMs: number | undefined;
  /** Monotonic ms since when it has certainly been unhealthy; undefined unless unhealthy. */
  readonly unhealthySinceMs: number | undefined;
}

/** The state of a check by its name; undefined when there is none, which counts as unknown. */
export type CheckLookup = (name: string) => CheckState | undefined;

const UNKNOWN: HealthVerdict = { health: 'unknown', healthySinceMs: undefined, unhealthySinceMs: undefined };

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
    case 'not':
      return opposite(evaluate(expression.of, lookup, startedAtMs));
    default:
      return assertNever(expression);
  }
}

/** The health alone, as `evaluate` says it: without the times, which cost most. */
export function healthOf(expression: HealthExpression, lookup: CheckLookup): Health {
  switch (expression.kind) {
    case 'check':
      return lookup(expression.name)?.status ?? 'unknown';
    case 'all':
      return countHealth(expression.of.length, expression.of, lookup);
    case 'any':
      return countHealth(1, expression.of, lookup);
    case 'at-least':
      return countHealth(expression.count, expression.of, lookup);
    case 'not': {
      const health = healthOf(expression.of, lookup);
      return health === 'unknown' ? health : health === 'healthy' ? 'unhealthy' : 'healthy';
    }
    default:
      return assertNever(expression);
  }
}

function countHealth(count: number, of: readonly HealthExpression[], lookup: CheckLookup): Health {
  const spare = of.length - count;
  let up = 0;
  let down = 0;
  for (const child of of) {
    const health = healthOf(child, lookup);
    if (health === 'healthy') up += 1;
    else if (health === 'unhealthy') down += 1;
    if (up >= count || down > spare) break;
  }
  if (up >= count) return 'healthy';
  return down > spare ? 'unhealthy' : 'unknown';
}

/** Names of the checks that an expression rests on, each once. */
export function checksIn(expression: HealthExpression): ReadonlySet<string> {
  const names = new Set<string>();
  const seen = new Set<HealthExpression>();
  const walk = (node: HealthExpression): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === 'check') names.add(node.name);
    else for (const child of node.kind === 'not' ? [node.of] : node.of) walk(child);
  };
  walk(expression);
  return names;
}

function ofCheck(state: CheckState | undefined): HealthVerdict {
  if (state === undefined || state.status === 'unknown') return UNKNOWN;
  const { status, sinceMs } = state;
  return status === 'healthy' ? healthySince(sinceMs) : unhealthySince(sinceMs);
}

/** Healthy as long as the other has been unhealthy, and the other way round; what is unknown stays so. */
function opposite({ healthySinceMs, unhealthySinceMs }: HealthVerdict): HealthVerdict {
  if (healthySinceMs !== undefined) return unhealthySince(healthySinceMs);
  return unhealthySinceMs === undefined ? UNKNOWN : healthySince(unhealthySinceMs);
}

function atLeast(
  count: number,
  of: readonly HealthExpression[],
  lookup: CheckLookup,
  startedAtMs: number,
): HealthVerdict {
  const up: number[] = [];
  const down: number[] = [];
  for (const child of of) {
    const { healthySinceMs, unhealthySinceMs } = evaluate(child, lookup, startedAtMs);
    if (healthySinceMs !== undefined) up.push(healthySinceMs);
    else if (unhealthySinceMs !== undefined) down.push(unhealthySinceMs);
  }
  if (up.length >= count) return healthySince(earliest(up, count) ?? startedAtMs);
  const spare = of.length - count;
  return down.length > spare ? unhealthySince(earliest(down, spare + 1) ?? startedAtMs) : UNKNOWN;
}

/** The time by which `count` of these had come; undefined for none. */
function earliest(times: number[], count: number): number | undefined {
  return times.sort((a, b) => a - b)[count - 1];
}

function healthySince(sinceMs: number): HealthVerdict {
  return { health: 'healthy', healthySinceMs: sinceMs, unhealthySinceMs: undefined };
}

function unhealthySince(sinceMs: number): HealthVerdict {
  return { health: 'unhealthy', healthySinceMs: undefined, unhealthySinceMs: sinceMs };
}
