import { changedAtMs, type RouteAction } from '../core/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Decider } from './decider.ts';
import type { RouteView } from './route-index.ts';
import { type TableKey, tableKey } from './table-reader.ts';

/** A change is decided on facts no older than this, or on a read made for it and no older than this. */
const FRESH_MS = 1_000;

/** What the changes of one cycle may rest on. EC2 has no compare-and-set: fresh facts are all the protection there is. */
export class Freshness {
  readonly #clock: Clock;
  readonly #decider: Decider;
  #confirmed: ReadonlySet<string> = new Set();
  #confirmedAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, decider: Decider) {
    this.#clock = clock;
    this.#decider = decider;
  }

  /** Tables to read before these actions. A delete always rests on a read made for it. */
  doubtful(
    actions: readonly RouteAction[],
    viewOf: (key: string) => RouteView | undefined,
  ): readonly TableKey[] {
    const found = actions.filter((action) => {
      const view = viewOf(action.key);
      return action.kind === 'delete' || view === undefined || !this.#isFresh(view);
    });
    return [...new Set(found.map((action) => tableKey(action.tableId, action.roleArn)))];
  }

  /** These tables have just been read for this cycle. */
  confirm(keys: readonly TableKey[]): void {
    this.#confirmed = new Set(keys);
    this.#confirmedAtMs = this.#clock.now();
  }

  /** Whether the action may be sent now on what the view shows. */
  isCurrent(action: RouteAction, view: RouteView): boolean {
    const { id, roleArn } = view.table;
    if (this.#confirmed.has(tableKey(id, roleArn)))
      return this.#clock.now() - this.#confirmedAtMs <= FRESH_MS;
    return action.kind !== 'delete' && this.#isFresh(view);
  }

  /** Facts from before our own last change of the route are never fresh. */
  #isFresh(view: RouteView): boolean {
    const lastChangeMs = changedAtMs(this.#decider.memory(view.route.key)) ?? Number.NEGATIVE_INFINITY;
    const { readAtMs } = view.table;
    return readAtMs >= lastChangeMs && this.#clock.now() - readAtMs <= FRESH_MS;
  }
}
