import { type DecidedRoute, holderOf } from '../core/index.ts';
import type { RouteView } from './decider.ts';
import type { AgentEvent } from './events.ts';

/** Tells each decision once: again only when verdict, reason or holder is another. */
export class DecisionNews {
  readonly #report: (event: AgentEvent) => void;
  readonly #told = new Map<string, string>();

  constructor(report: (event: AgentEvent) => void) {
    this.#report = report;
  }

  tell(views: readonly RouteView[], decided: readonly DecidedRoute[]): void {
    for (const [index, view] of views.entries()) {
      const one = decided[index];
      if (one !== undefined) this.#tellOne(view, one);
    }
  }

  forgetOthers(keys: ReadonlySet<string>): void {
    for (const key of this.#told.keys()) if (!keys.has(key)) this.#told.delete(key);
  }

  #tellOne(view: RouteView, { decision }: DecidedRoute): void {
    const { key } = view.route;
    const holder = holderOf(view.observed);
    const told = `${decision.verdict} ${decision.reason} ${holder ?? ''}`;
    const previous = this.#told.get(key);
    if (previous === told) return;
    this.#told.set(key, told);
    this.#report({ type: 'decision', key, group: view.group, decision, holder, previous });
  }
}
