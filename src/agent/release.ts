import { CONSISTENCY_MS, type DecidedRoute, holderOf, type RouteMemory } from '../core/index.ts';
import type { RouteView } from './decider.ts';

/** What a release is judged by: every route, its decision while draining, its memory. */
export interface ReleaseFacts {
  readonly views: readonly RouteView[];
  readonly decided: readonly DecidedRoute[];
  readonly memoryOf: (key: string) => RouteMemory;
  /** When the release began (monotonic ms), no change of ours being under way. */
  readonly sinceMs: number;
}

/**
 * Whether nothing is left to give away, as far as reads can tell: each table was read since the release began, and a
 * change of ours from before is seen in that read or older than a read can be stale.
 */
export function isReleased({ views, decided, memoryOf, sinceMs }: ReleaseFacts): boolean {
  if (decided.some(({ decision }) => decision.verdict !== 'hold')) return false;
  return views.every((view) => {
    const { change } = memoryOf(view.route.key);
    const { readAtMs } = view.table;
    if (readAtMs < sinceMs) return false;
    if (change === undefined || change.atMs > sinceMs) return true;
    return holderOf(view.observed) !== change.before || readAtMs - change.atMs >= CONSISTENCY_MS;
  });
}
