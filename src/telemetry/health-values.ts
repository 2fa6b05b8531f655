import type { Health } from '../core/index.ts';

const HEALTHS: readonly Health[] = ['unknown', 'healthy', 'unhealthy'];

/** Something for each health. */
export function byHealth<Value>(make: (health: Health) => Value): ReadonlyMap<Health, Value> {
  return new Map(HEALTHS.map((health) => [health, make(health)]));
}

/** 1 healthy, 0 unhealthy. Unknown is no number: an alert on 0 must not fire at every start. */
export function healthValue(health: Health): number | undefined {
  return health === 'unknown' ? undefined : Number(health === 'healthy');
}
