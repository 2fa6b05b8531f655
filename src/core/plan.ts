import type { ChangeReason, Decision, RouteAction } from './action.ts';
import { type Destination, destinationKey, type ObservedRoute, type ObservedTable } from './route.ts';

/** A managed route in one table: the unit of decision, memory and reporting. */
export interface ManagedRoute {
  readonly key: string;
  readonly tableId: string;
  readonly roleArn: string | undefined;
  readonly destination: Destination;
}

/** A decision and what it is about. */
export interface DecidedRoute {
  readonly route: ManagedRoute;
  readonly decision: Decision;
}

/** `<table id> <destination>`: stable over reads, restarts and agents. */
export function routeKey(tableId: string, destination: Destination): string {
  return `${tableId} ${destinationKey(destination)}`;
}

/**
 * All static routes of a table by destination key. Propagated ones are left out: they stay underneath a static route,
 * which is what anycast wants.
 */
export function staticRoutes(table: ObservedTable): ReadonlyMap<string, ObservedRoute> {
  const found = new Map<string, ObservedRoute>();
  for (const route of table.routes) {
    if (!isPropagated(route)) found.set(destinationKey(route.destination), route);
  }
  return found;
}

/** The changes that the decisions ask for, the most urgent first; among equals in the order given. */
export function plan(decided: readonly DecidedRoute[]): readonly RouteAction[] {
  const actions: RouteAction[] = [];
  for (const { route, decision } of decided) {
    if (decision.verdict !== 'hold') actions.push(toAction(route, decision));
  }
  return actions.sort((a, b) => URGENCY[a.reason] - URGENCY[b.reason]);
}

/** When a hold may end by itself (monotonic ms). One whose time is over waits for the read that is due then. */
export function firstHoldEndMs(decided: readonly DecidedRoute[], nowMs: number): number | undefined {
  let firstMs: number | undefined;
  for (const { decision } of decided) {
    const endMs = decision.verdict === 'hold' ? decision.untilMs : undefined;
    if (endMs !== undefined && endMs > nowMs && endMs < (firstMs ?? Number.POSITIVE_INFINITY))
      firstMs = endMs;
  }
  return firstMs;
}

/** Dead routes first, then routes without a fit holder, then mere preference. */
const URGENCY: Readonly<Record<ChangeReason, number>> = {
  'blackhole-self': 0,
  blackhole: 0,
  absent: 0,
  'holder-unhealthy': 1,
  'holder-impaired': 1,
  'unhealthy-fallback': 2,
  unhealthy: 3,
  owner: 4,
  'recover-from-fallback': 4,
};

function toAction(route: ManagedRoute, decision: Exclude<Decision, { verdict: 'hold' }>): RouteAction {
  return {
    ...route,
    kind: decision.verdict,
    from: decision.verdict === 'create' ? undefined : decision.from,
    to: decision.verdict === 'delete' ? undefined : decision.to,
    reason: decision.reason,
  };
}

function isPropagated(route: ObservedRoute): boolean {
  return route.origin === 'EnableVgwRoutePropagation' || route.origin === 'Advertisement';
}

/** Whether two actions, perhaps for other reasons, would do the same. */
export function isSameChange(a: RouteAction, b: RouteAction): boolean {
  return a.kind === b.kind && a.to?.id === b.to?.id && a.from?.id === b.from?.id;
}
