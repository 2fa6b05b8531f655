import { type DecidedRoute, type Decision, holderOf } from '../core/index.ts';
import type { AgentEvent } from './events.ts';
import type { RouteView } from './route-index.ts';
import type { RouteState } from './route-states.ts';

/** Tells each decision once: again only when verdict, reason or holder is another. Returns the routes of those told. */
export function tellDecisions(
  views: readonly RouteView[],
  decided: readonly DecidedRoute[],
  report: (event: AgentEvent) => void,
): readonly RouteView[] {
  const told: RouteView[] = [];
  for (let index = 0; index < views.length; index += 1) {
    const view = views[index];
    const one = decided[index];
    if (view !== undefined && one !== undefined && tellOne(view, one, report)) told.push(view);
  }
  return told;
}

function tellOne(view: RouteView, { decision }: DecidedRoute, report: (event: AgentEvent) => void): boolean {
  const { route, group, state } = view;
  const holder = holderOf(view.observed);
  if (state.told !== undefined && isSame(state.told, decision) && state.toldHolder === holder) return false;
  const previous = toldText(state);
  state.told = decision;
  state.toldHolder = holder;
  report({ type: 'decision', key: route.key, group, decision, holder, previous });
  return true;
}

function isSame(a: Decision, b: Decision): boolean {
  return a === b || (a.verdict === b.verdict && a.reason === b.reason);
}

function toldText({ told, toldHolder }: RouteState): string | undefined {
  return told === undefined ? undefined : `${told.verdict} ${told.reason} ${toldHolder ?? ''}`;
}
