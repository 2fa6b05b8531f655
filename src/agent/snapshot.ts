import type { CheckSpec } from '../checks/index.ts';
import { type Decision, destinationKey, evaluate, type Health } from '../core/index.ts';
import type { AnnouncerView } from './announcing.ts';
import type { Engine } from './engine.ts';
import type { RouteView } from './route-index.ts';
import type { DrainSignal } from './spec.ts';

/** A running check and what is known of it. */
export interface CheckView {
  /** The name that events have it under: of a remote check, `<name>@<interface of the holder>`. */
  readonly key: string;
  readonly spec: CheckSpec;
  readonly isRemote: boolean;
  readonly health: Health;
}

/** A managed route as the newest reads show it. */
export interface RouteStanding {
  readonly group: string;
  readonly tableId: string;
  /** `10.0.0.0/8`, or `pl-…`. */
  readonly destination: string;
  /** It points at an interface of this agent. */
  readonly isHeld: boolean;
  /** Undefined before the first decision. */
  readonly decision: Pick<Decision, 'verdict' | 'reason'> | undefined;
}

/** The agent at one moment, for those who show it. */
export interface AgentSnapshot {
  /**
   * Why it is not ready, in one line; undefined: tables and interfaces are known where there are routes, and every local
   * check has settled. Peers are not waited for: they may be away for as long as they like.
   */
  readonly notReady: string | undefined;
  readonly checks: readonly CheckView[];
  /** Named health expressions. */
  readonly health: readonly { readonly name: string; readonly health: Health }[];
  /** How many tables each group means. */
  readonly groups: readonly { readonly name: string; readonly tables: number }[];
  readonly routes: readonly RouteStanding[];
  readonly drainSignals: readonly DrainSignal[];
  /** Undefined: nothing is announced. */
  readonly announcer: AnnouncerView | undefined;
}

/** What is not the engine's. */
export interface LoopState extends Pick<AgentSnapshot, 'drainSignals' | 'announcer'> {
  /** Tables and interfaces have been known once, or there are no routes. */
  readonly isReady: boolean;
  readonly startedAtMs: number;
}

export function snapshotOf(engine: Engine, loop: LoopState): AgentSnapshot {
  const checks = engine.health.checks();
  const lookup = (name: string) => engine.health.lookup(name);
  const spec = engine.spec();
  const views = engine.routes();
  const health = spec.health.map(({ name, expression }) => ({
    name,
    health: evaluate(expression, lookup, loop.startedAtMs).health,
  }));
  const groups = spec.tableGroups.map(({ name }) => ({ name, tables: tablesOf(name, views) }));
  const routes = views.map((view) => standingOf(view, engine));
  const { drainSignals, announcer } = loop;
  return { notReady: whyNotReady(checks, loop), checks, health, groups, routes, drainSignals, announcer };
}

/** One line for `systemctl status`. */
export function statusLine({ groups, routes, announcer, drainSignals }: AgentSnapshot): string {
  const held = routes.filter(({ isHeld }) => isHeld).length;
  const parts = [
    ...(announcer === undefined || groups.length > 0
      ? [`${held} of ${routes.length} managed routes held`]
      : []),
    ...(announcer === undefined ? [] : [announcedLine(announcer)]),
    ...(drainSignals.length > 0 ? [`draining (${drainSignals.join(', ')})`] : []),
  ];
  return parts.join(', ');
}

/** A prefix counts that a peer has from us. */
function announcedLine({ status, prefixes }: AnnouncerView): string {
  const announced = status.prefixes.filter(({ announcedTo }) => announcedTo.length > 0).length;
  const { peers } = status.speaker;
  const established = peers.filter(({ state }) => state === 'Established').length;
  return `${announced} of ${prefixes.length} prefixes announced to ${established} of ${peers.length} peers`;
}

const NAMES_SHOWN = 5;

function whyNotReady(checks: readonly CheckView[], { isReady }: LoopState): string | undefined {
  if (!isReady) return 'route tables and interfaces are not known yet';
  const unsettled = checks.filter(({ isRemote, health }) => !isRemote && health === 'unknown');
  if (unsettled.length === 0) return undefined;
  const names = unsettled.slice(0, NAMES_SHOWN).map(({ key }) => key);
  const more = unsettled.length > NAMES_SHOWN ? ` and ${unsettled.length - NAMES_SHOWN} more` : '';
  return `checks that have not settled yet: ${names.join(', ')}${more}`;
}

function standingOf({ route, spec, group, observed, state }: RouteView, engine: Engine): RouteStanding {
  const { interfaceIds } = engine.own.lookup(spec.target);
  return {
    group,
    tableId: route.tableId,
    destination: destinationKey(route.destination),
    isHeld: observed?.interfaceId !== undefined && interfaceIds.has(observed.interfaceId),
    decision: state.told,
  };
}

function tablesOf(group: string, views: readonly RouteView[]): number {
  return new Set(views.flatMap((view) => (view.group === group ? [view.table.id] : []))).size;
}
