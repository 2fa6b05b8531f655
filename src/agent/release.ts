import {
  CONSISTENCY_MS,
  type DecidedRoute,
  holderOf,
  type OwnChange,
  type RouteMemory,
} from '../core/index.ts';
import type { RouteView } from './route-index.ts';

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
    const { changes } = memoryOf(view.route.key);
    const { readAtMs } = view.table;
    if (readAtMs < sinceMs) return false;
    const holder = holderOf(view.observed);
    const isSeen = ({ before, atMs }: OwnChange): boolean =>
      atMs > sinceMs || holder !== before || readAtMs - atMs >= CONSISTENCY_MS;
    return changes.every(isSeen);
  });
}
