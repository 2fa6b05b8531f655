import {
  type DecidedRoute,
  decide,
  holderOf,
  needsHolderStatus,
  type ObservedTable,
  type RouteMemory,
  rememberRead,
} from '../core/index.ts';
import type { AgentDeps } from './deps.ts';
import type { AskedInstance } from './holders.ts';
import { type DecideMode, FactPass, type FactViews } from './route-facts.ts';
import type { RouteView } from './route-index.ts';
import type { RouteStates } from './route-states.ts';
import type { AgentSpec } from './spec.ts';
import { isMeant } from './table-reader.ts';

/** Turns what was read into facts, asks core, and keeps the memory of each route. Does no I/O. */
export class Decider {
  readonly #deps: AgentDeps;
  readonly #views: FactViews;
  readonly #startedAtMs: number;
  readonly #states: RouteStates;
  readonly #groupTables = new Map<string, string>();
  /** Reads that are in the memory already. */
  readonly #remembered = new WeakSet<ObservedTable>();

  constructor(deps: AgentDeps, views: FactViews, states: RouteStates) {
    this.#deps = deps;
    this.#views = views;
    this.#states = states;
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
        .filter((table) => isMeant(group, table, this.#deps.identity().vpcId))
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
    const pass = this.#pass();
    const tables = new Set(views.map((view) => view.table));
    for (const table of tables) if (this.#remembered.has(table)) tables.delete(table);
    for (const view of views) if (tables.has(view.table)) this.#rememberOne(view, pass.isMine(view));
    for (const table of tables) this.#remembered.add(table);
  }

  #rememberOne({ route, spec, table, observed, state }: RouteView, isMine: boolean): void {
    const before = state.memory;
    const { readAtMs } = table;
    const read = { holder: holderOf(observed), isMine, readAtMs, isOwner: !spec.ifUnhealthy };
    const after = rememberRead(before, read);
    if (after === before) return;
    state.memory = after;
    this.#tellBackOffs(route.key, before, after);
  }

  memory(key: string): RouteMemory {
    return this.#states.memory(key);
  }

  setMemory(key: string, memory: RouteMemory): void {
    this.#states.of(key).memory = memory;
  }

  decideAll(views: readonly RouteView[], mode: DecideMode): readonly DecidedRoute[] {
    const pass = this.#pass();
    return views.map((view) => this.#decide(view, mode, pass));
  }

  decideOne(view: RouteView, mode: DecideMode): DecidedRoute {
    return this.#decide(view, mode, this.#pass());
  }

  #decide(view: RouteView, mode: DecideMode, pass: FactPass): DecidedRoute {
    return { route: view.route, decision: decide(pass.of(view, mode)) };
  }

  /** Instances whose EC2 status could change a decision. */
  instancesToAsk(views: readonly RouteView[], mode: DecideMode): readonly AskedInstance[] {
    const pass = this.#pass();
    const asked = new Map<string, boolean>();
    for (const view of views) {
      if (!view.spec.ifUnhealthy) continue;
      const instance = pass.holderInstance(view.observed);
      const isWatched = view.spec.remoteCheck !== undefined;
      const known = instance === undefined ? false : asked.get(instance);
      // One route is reason enough to ask about its holder; one that is not watched, to ask more often.
      if (instance === undefined || known === false || (known === true && isWatched)) continue;
      if (needsHolderStatus(pass.of(view, mode))) asked.set(instance, isWatched);
    }
    return [...asked].map(([id, isWatched]) => ({ id, isWatched }));
  }

  /** Interfaces that hold a route which this agent is a backup for. */
  interfacesToWatch(views: readonly RouteView[]): readonly string[] {
    const pass = this.#pass();
    const held = new Set<string>();
    for (const view of views) {
      const interfaceId = view.observed?.interfaceId;
      if (!view.spec.ifUnhealthy || interfaceId === undefined || held.has(interfaceId)) continue;
      if (pass.isHeldByAnother(view)) held.add(interfaceId);
    }
    return [...held];
  }

  /** Remote checks that should run: one per template and holder. */
  remoteTargets(
    spec: AgentSpec,
    views: readonly RouteView[],
  ): readonly { name: string; interfaceId: string }[] {
    const pass = this.#pass();
    const wanted: { name: string; interfaceId: string }[] = [];
    const seen = new Map(spec.remoteChecks.map(({ name }) => [name, new Set<string>()]));
    for (const view of views) {
      const name = view.spec.remoteCheck;
      const interfaceId = view.observed?.interfaceId;
      if (!view.spec.ifUnhealthy || name === undefined || interfaceId === undefined) continue;
      const known = seen.get(name);
      if (known === undefined || known.has(interfaceId) || !pass.isHeldByAnother(view)) continue;
      known.add(interfaceId);
      wanted.push({ name, interfaceId });
    }
    return wanted;
  }

  #pass(): FactPass {
    return new FactPass(this.#views, { nowMs: this.#deps.clock.now(), startedAtMs: this.#startedAtMs });
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
