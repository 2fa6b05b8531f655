import {
  destinationKey,
  type ManagedRoute,
  type ObservedRoute,
  type ObservedTable,
  type RouteSpec,
  routeKey,
  staticRoutes,
} from '../core/index.ts';
import type { AgentDeps } from './deps.ts';
import type { RouteState, RouteStates } from './route-states.ts';
import type { AgentSpec, TableGroupSpec } from './spec.ts';
import { isMeant, type TableKey, type TableReader } from './table-reader.ts';

/** A managed route with everything that belongs to it. */
export interface RouteView {
  readonly route: ManagedRoute;
  readonly spec: RouteSpec;
  readonly group: string;
  readonly table: ObservedTable;
  readonly observed: ObservedRoute | undefined;
  readonly state: RouteState;
}

/** What is managed in a table, whatever it holds: it stays the same from read to read. */
type Managed = readonly Pick<RouteView, 'route' | 'spec' | 'group' | 'state'>[];

interface TableEntry {
  readonly table: ObservedTable;
  readonly groups: readonly TableGroupSpec[];
  readonly managed: Managed;
  readonly views: readonly RouteView[];
}

interface Built {
  readonly spec: AgentSpec;
  readonly tables: ReadonlyMap<TableKey, ObservedTable>;
  readonly entries: ReadonlyMap<TableKey, TableEntry>;
  /** Every view, also one whose key another has already. */
  readonly found: readonly RouteView[];
  /** Where in `found` the view of each key is. */
  readonly positions: ReadonlyMap<string, number>;
  readonly views: readonly RouteView[];
}

/**
 * Every managed route of every table that a group means, as the newest reads show it. Made anew only when a read or a
 * reload changed something, and then only for the tables that were read.
 */
export class RouteIndex {
  readonly #deps: AgentDeps;
  readonly #reader: Pick<TableReader, 'tables'>;
  readonly #states: RouteStates;
  readonly #duplicates = new Set<string>();
  #built: Built | undefined;

  constructor(deps: AgentDeps, reader: Pick<TableReader, 'tables'>, states: RouteStates) {
    this.#deps = deps;
    this.#reader = reader;
    this.#states = states;
  }

  all(spec: AgentSpec): readonly RouteView[] {
    return this.#get(spec).views;
  }

  byKey(spec: AgentSpec, key: string): RouteView | undefined {
    const { positions, found } = this.#get(spec);
    const position = positions.get(key);
    return position === undefined ? undefined : found[position];
  }

  /** Forgets the states of routes that are not managed any more. */
  tidy(spec: AgentSpec): void {
    this.#states.forgetOthers(this.#get(spec).positions);
  }

  #get(spec: AgentSpec): Built {
    const tables = this.#reader.tables();
    if (this.#built?.spec !== spec || this.#built.tables !== tables) {
      this.#built = this.#build(spec, tables, this.#built?.spec === spec ? this.#built : undefined);
    }
    return this.#built;
  }

  /** `before` was built from the same spec. */
  #build(spec: AgentSpec, tables: Built['tables'], before: Built | undefined): Built {
    const entries = new Map<TableKey, TableEntry>();
    const found: RouteView[] = [];
    for (const [key, table] of tables) {
      const entry = this.#entryOf(spec, table, before?.entries.get(key));
      entries.set(key, entry);
      for (const view of entry.views) found.push(view);
    }
    const isSame = before !== undefined && isSameManaged(entries, before.entries);
    const positions = isSame ? before.positions : this.#positionsOf(found);
    const views =
      positions.size === found.length
        ? found
        : found.filter((view, at) => positions.get(view.route.key) === at);
    return { spec, tables, entries, found, positions, views };
  }

  #entryOf(spec: AgentSpec, table: ObservedTable, before: TableEntry | undefined): TableEntry {
    if (before?.table === table) return before;
    const groups = spec.tableGroups.filter((group) => isMeant(group, table, this.#deps.identity().vpcId));
    const isSame = before !== undefined && isSameList(groups, before.groups);
    const managed = isSame ? before.managed : this.#managedIn(table, groups);
    const held = staticRoutes(table);
    const views = managed.map(({ route, spec: routeSpec, group, state }) => {
      const observed = held.get(destinationKey(route.destination));
      return { route, spec: routeSpec, group, table, observed, state };
    });
    return { table, groups, managed, views };
  }

  #managedIn({ id: tableId, roleArn }: ObservedTable, groups: readonly TableGroupSpec[]): Managed {
    return groups.flatMap(({ name: group, routes }) =>
      routes.map((spec) => {
        const { destination } = spec;
        const key = routeKey(tableId, destination);
        return { route: { key, tableId, roleArn, destination }, spec, group, state: this.#states.of(key) };
      }),
    );
  }

  /** Two groups may mean one table; the first to name a destination in it decides. */
  #positionsOf(found: readonly RouteView[]): ReadonlyMap<string, number> {
    const positions = new Map<string, number>();
    for (const [at, view] of found.entries()) {
      const kept = found[positions.get(view.route.key) ?? at];
      if (kept === view) positions.set(view.route.key, at);
      else this.#tellDuplicate(view, kept?.group ?? '');
    }
    return positions;
  }

  #tellDuplicate({ route: { key }, group }: RouteView, keptGroup: string): void {
    const told = `${key} ${group}`;
    if (this.#duplicates.has(told)) return;
    this.#duplicates.add(told);
    this.#deps.report({ type: 'duplicate-route', key, group, keptGroup });
  }
}

/** The same routes in the same order: what is where has not changed. */
function isSameManaged(a: Built['entries'], b: Built['entries']): boolean {
  return isSameList(
    [...a.values()].map((entry) => entry.managed),
    [...b.values()].map((entry) => entry.managed),
  );
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}
