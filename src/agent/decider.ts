import {
  type DecidedRoute,
  decide,
  EMPTY_MEMORY,
  evaluate,
  holderOf,
  type InstanceStatus,
  isMine,
  type ManagedRoute,
  needsHolderStatus,
  type ObservedRoute,
  type ObservedTable,
  type RouteFacts,
  type RouteMemory,
  type RouteSpec,
  rememberRead,
} from '../core/index.ts';
import type { AgentDeps } from './deps.ts';
import type { HealthView } from './health-view.ts';
import type { Holders } from './holders.ts';
import type { OwnInterfacesView } from './own-interfaces.ts';
import type { AgentSpec } from './spec.ts';
import { isMeant } from './table-reader.ts';

/** A managed route with everything that belongs to it. */
export interface RouteView {
  readonly route: ManagedRoute;
  readonly spec: RouteSpec;
  readonly group: string;
  readonly table: ObservedTable;
  readonly observed: ObservedRoute | undefined;
}

export interface DeciderViews {
  readonly health: HealthView;
  readonly holders: Holders;
  readonly own: OwnInterfacesView;
}

/** How the checks count: `ignored` is for the one-shot command, where every route is taken as fit. */
export interface DecideMode {
  readonly isDraining: boolean;
  readonly checks: 'heeded' | 'ignored';
}

/** Turns what was read into facts, asks core, and keeps the memory of each route. Does no I/O. */
export class Decider {
  readonly #deps: AgentDeps;
  readonly #views: DeciderViews;
  readonly #startedAtMs: number;
  readonly #memories = new Map<string, RouteMemory>();
  readonly #groupTables = new Map<string, string>();
  /** Reads that are in the memory already. */
  readonly #remembered = new WeakSet<ObservedTable>();

  constructor(deps: AgentDeps, views: DeciderViews) {
    this.#deps = deps;
    this.#views = views;
    this.#startedAtMs = deps.clock.now();
  }

  /** Tells which tables each group found, once after each change, of the roles that a whole read succeeded for. */
  tellGroups(
    spec: AgentSpec,
    tables: ReadonlyMap<string, ObservedTable>,
    roles: readonly (string | undefined)[],
  ): void {
    for (const group of spec.tableGroups.filter((each) => roles.includes(each.assumeRole))) {
      const tableIds = [...tables.values()]
        .filter((table) => isMeant(group, table, this.#deps.identity.vpcId))
        .map((t) => t.id);
      const told = tableIds.join(' ');
      if (this.#groupTables.get(group.name) === told) continue;
      this.#groupTables.set(group.name, told);
      const isOk = tableIds.length > 0 || group.noResultsOk;
      this.#deps.report({ type: 'tables', group: group.name, tableIds, isOk });
    }
  }

  /** Takes a read into the routes' memory; told reclaims and conflicts are new ones. */
  remember(views: readonly RouteView[]): void {
    const known = new Set(views.map((view) => view.route.key));
    for (const key of this.#memories.keys()) if (!known.has(key)) this.#memories.delete(key);
    for (const view of views.filter(({ table }) => !this.#remembered.has(table))) {
      const before = this.memory(view.route.key);
      const after = rememberRead(before, {
        holder: holderOf(view.observed),
        isMine:
          view.observed !== undefined && isMine(view.observed, this.#views.own.lookup(view.spec.target)),
        readAtMs: view.table.readAtMs,
        isOwner: !view.spec.ifUnhealthy,
      });
      this.#memories.set(view.route.key, after);
      this.#tellBackOffs(view.route.key, before, after);
    }
    for (const { table } of views) this.#remembered.add(table);
  }

  memory(key: string): RouteMemory {
    return this.#memories.get(key) ?? EMPTY_MEMORY;
  }

  setMemory(key: string, memory: RouteMemory): void {
    this.#memories.set(key, memory);
  }

  decideAll(views: readonly RouteView[], mode: DecideMode): readonly DecidedRoute[] {
    return views.map((view) => ({ route: view.route, decision: decide(this.#facts(view, mode)) }));
  }

  decideOne(view: RouteView, mode: DecideMode): DecidedRoute {
    return { route: view.route, decision: decide(this.#facts(view, mode)) };
  }

  /** Instances whose EC2 status could change a decision. */
  instancesToAsk(views: readonly RouteView[], mode: DecideMode): readonly string[] {
    const backups = views.filter((view) => view.spec.ifUnhealthy && view.observed !== undefined);
    const asked = backups.filter((view) => needsHolderStatus(this.#facts(view, mode)));
    return [...new Set(asked.flatMap((view) => this.#holderInstance(view.observed) ?? []))];
  }

  /** Interfaces that hold a route which this agent is a backup for. */
  interfacesToWatch(views: readonly RouteView[]): readonly string[] {
    const held = views.filter((view) => view.spec.ifUnhealthy && this.#isHeldByAnother(view));
    return [...new Set(held.flatMap((view) => view.observed?.interfaceId ?? []))];
  }

  /** Remote checks that should run: one per template and holder. */
  remoteTargets(
    spec: AgentSpec,
    views: readonly RouteView[],
  ): readonly { name: string; interfaceId: string }[] {
    const names = new Set(spec.remoteChecks.map((template) => template.name));
    const wanted = new Map<string, { name: string; interfaceId: string }>();
    for (const view of views) {
      const name = view.spec.remoteCheck;
      const interfaceId = view.observed?.interfaceId;
      if (name === undefined || interfaceId === undefined || !names.has(name)) continue;
      if (view.spec.ifUnhealthy && this.#isHeldByAnother(view))
        wanted.set(`${name}@${interfaceId}`, { name, interfaceId });
    }
    return [...wanted.values()];
  }

  #isHeldByAnother(view: RouteView): boolean {
    if (view.observed === undefined) return false;
    return !isMine(view.observed, this.#views.own.lookup(view.spec.target));
  }

  #facts(view: RouteView, mode: DecideMode): RouteFacts {
    const { spec, observed, table } = view;
    const isIgnored = mode.checks === 'ignored';
    const lookup = (name: string) => this.#views.health.lookup(name);
    return {
      spec,
      observed,
      readAtMs: table.readAtMs,
      own: this.#views.own.lookup(spec.target),
      health: isIgnored
        ? { health: 'healthy', healthySinceMs: Number.NEGATIVE_INFINITY }
        : evaluate(spec.health, lookup, this.#startedAtMs),
      isDraining: mode.isDraining,
      holderHealth: isIgnored ? undefined : this.#holderHealth(view),
      holderStatus: this.#holderStatus(observed),
      memory: this.memory(view.route.key),
      nowMs: this.#deps.clock.now(),
    };
  }

  #holderHealth(view: RouteView): RouteFacts['holderHealth'] {
    if (view.spec.remoteCheck === undefined) return undefined;
    const interfaceId = view.observed?.interfaceId;
    return interfaceId === undefined
      ? undefined
      : this.#views.health.remoteHealth(view.spec.remoteCheck, interfaceId);
  }

  #holderStatus(observed: ObservedRoute | undefined): InstanceStatus {
    return this.#views.holders.status(this.#holderInstance(observed));
  }

  #holderInstance(observed: ObservedRoute | undefined): string | undefined {
    if (observed === undefined) return undefined;
    if (observed.instanceId !== undefined) return observed.instanceId;
    if (observed.interfaceId === undefined) return undefined;
    return this.#views.holders.interface(observed.interfaceId)?.instanceId;
  }

  #tellBackOffs(key: string, before: RouteMemory, after: RouteMemory): void {
    const nowMs = this.#deps.clock.now();
    for (const [type, was, is] of [
      ['owner-reclaimed', before.reclaim, after.reclaim],
      ['owner-conflict', before.conflict, after.conflict],
    ] as const) {
      if (is === undefined || is.untilMs === was?.untilMs) continue;
      this.#deps.report({ type, key, holder: is.holder, waitMs: is.untilMs - nowMs, count: is.count });
    }
  }
}
