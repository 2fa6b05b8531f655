import { holderOf, isTakeover, type RouteAction, withChange } from '../core/index.ts';
import type { Decider } from './decider.ts';
import type { AgentDeps } from './deps.ts';
import type { RouteHooksRunner } from './route-hooks.ts';
import type { RouteView } from './route-index.ts';
import { isGivingAway } from './subjects.ts';

/** One change, the route as it was when it was decided, and when it was sent and given up (monotonic ms). */
export interface UnansweredChange {
  readonly action: RouteAction;
  readonly view: RouteView;
  readonly sentAtMs: number;
  readonly lostAtMs: number;
}

export interface UnansweredChangesOptions {
  readonly deps: Pick<AgentDeps, 'clock' | 'report'>;
  readonly decider: Decider;
  readonly hooks: RouteHooksRunner;
}

/** A read that shows it later than this shows somebody else's. */
const FORGOTTEN_MS = 60_000;

/** Changes whose answer was lost: whether EC2 has made them only a read can tell. */
export class UnansweredChanges {
  readonly #options: UnansweredChangesOptions;
  readonly #changes = new Map<string, UnansweredChange>();

  constructor(options: UnansweredChangesOptions) {
    this.#options = options;
  }

  /**
   * As a takeover it counts only once a read shows the route as ours; giving a route away is taken as done, so that a
   * stale read does not make us delete what another may have put there since.
   */
  add(change: UnansweredChange): void {
    const { action, view, lostAtMs: atMs } = change;
    const { decider } = this.#options;
    const before = holderOf(view.observed);
    const memory = decider.memory(action.key);
    this.#changes.set(action.key, change);
    if (isGivingAway(action)) this.#rememberMade(change);
    if (before === undefined || !isTakeover(action.reason)) return;
    decider.setMemory(action.key, { ...memory, takeover: { from: before, atMs, wasSeen: false } });
  }

  /** The route was changed anew, with an answer. */
  delete(key: string): void {
    this.#changes.delete(key);
  }

  /**
   * A change that a read shows is told, and its after-hook run. From then on it is an own change like any other: a
   * staler read is not believed.
   */
  settle(viewOf: (key: string) => RouteView | undefined): void {
    const { deps, hooks } = this.#options;
    for (const [key, change] of this.#changes) {
      const { action, view, sentAtMs } = change;
      const now = viewOf(key);
      const isSeen =
        now !== undefined && now.table.readAtMs > sentAtMs && holderOf(now.observed) === action.to?.id;
      const isOld = deps.clock.now() - sentAtMs > FORGOTTEN_MS;
      if (isSeen || isOld || now === undefined) this.#changes.delete(key);
      if (!isSeen) continue;
      this.#rememberMade(change);
      deps.report({ type: 'route-changed', action, tookMs: deps.clock.now() - sentAtMs });
      hooks.carriedOut(action, view.spec.hooks);
    }
  }

  #rememberMade({ action, view, lostAtMs }: UnansweredChange): void {
    const { decider } = this.#options;
    const memory = decider.memory(action.key);
    const made = { before: holderOf(view.observed), after: action.to?.id, atMs: lostAtMs };
    decider.setMemory(action.key, { ...memory, changes: withChange(memory, made) });
  }
}
