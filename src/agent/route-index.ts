import {
  destinationKey,
  type ObservedRoute,
  type ObservedTable,
  type RouteSpec,
  routeKey,
  staticRoutes,
} from '../core/index.ts';
import type { RouteView } from './decider.ts';
import type { AgentDeps } from './deps.ts';
import type { AgentSpec } from './spec.ts';
import { isMeant, type TableReader } from './table-reader.ts';

interface Built {
  readonly spec: AgentSpec;
  readonly tables: unknown;
  readonly views: readonly RouteView[];
  readonly byKey: ReadonlyMap<string, RouteView>;
}

/**
 * Every managed route of every table that a group means, as the newest reads show it. Made anew only when a read or a
 * reload changed something, and then only for the tables that were read.
 */
export class RouteIndex {
  readonly #deps: AgentDeps;
  readonly #reader: TableReader;
  readonly #duplicates = new Set<string>();
  readonly #tableViews = new WeakMap<ObservedTable, { spec: AgentSpec; views: readonly RouteView[] }>();
  #built: Built | undefined;

  constructor(deps: AgentDeps, reader: TableReader) {
    this.#deps = deps;
    this.#reader = reader;
  }

  all(spec: AgentSpec): readonly RouteView[] {
    return this.#get(spec).views;
  }

  byKey(spec: AgentSpec, key: string): RouteView | undefined {
    return this.#get(spec).byKey.get(key);
  }

  keys(spec: AgentSpec): ReadonlySet<string> {
    return new Set(this.#get(spec).byKey.keys());
  }

  #get(spec: AgentSpec): Built {
    const tables = this.#reader.tables();
    if (this.#built?.spec !== spec || this.#built.tables !== tables) {
      const byKey = new Map<string, RouteView>();
      for (const table of tables.values()) {
        for (const view of this.#viewsOf(spec, table)) this.#add(byKey, view);
      }
      this.#built = { spec, tables, views: [...byKey.values()], byKey };
    }
    return this.#built;
  }

  #viewsOf(spec: AgentSpec, table: ObservedTable): readonly RouteView[] {
    const known = this.#tableViews.get(table);
    if (known?.spec === spec) return known.views;
    const held = staticRoutes(table);
    const views = spec.tableGroups
      .filter((group) => isMeant(group, table, this.#deps.identity.vpcId))
      .flatMap((group) => group.routes.map((route) => viewOf(group.name, table, route, held)));
    this.#tableViews.set(table, { spec, views });
    return views;
  }

  /** Two groups may mean one table; the first to name a destination in it decides. */
  #add(views: Map<string, RouteView>, view: RouteView): void {
    const { key } = view.route;
    const kept = views.get(key);
    if (kept === undefined) {
      views.set(key, view);
      return;
    }
    const told = `${key} ${view.group}`;
    if (this.#duplicates.has(told)) return;
    this.#duplicates.add(told);
    this.#deps.report({ type: 'duplicate-route', key, group: view.group, keptGroup: kept.group });
  }
}

function viewOf(
  group: string,
  table: ObservedTable,
  spec: RouteSpec,
  held: ReadonlyMap<string, ObservedRoute>,
): RouteView {
  const { id: tableId, roleArn } = table;
  const { destination } = spec;
  const route = { key: routeKey(tableId, destination), tableId, roleArn, destination };
  return { route, spec, group, table, observed: held.get(destinationKey(destination)) };
}
