import type { Destination, ObservedRoute, ObservedTable } from '../../src/core/index.ts';
import { type Route, type RouteTable, viewRoute, type WorldState } from '../../src/sandbox/index.ts';

type TableFacts = Omit<ObservedTable, 'readAtMs'>;

const READ = new WeakMap<WorldState, readonly TableFacts[]>();

/** The region's tables as the agent's client would read them out of EC2's answer. One answer for each moment. */
export function observedTables(state: WorldState): readonly TableFacts[] {
  const known = READ.get(state);
  if (known !== undefined) return known;
  const tables = [...state.routeTables.values()].map((table) => observedTable(state, table));
  READ.set(state, tables);
  return tables;
}

function observedTable(state: WorldState, table: RouteTable): TableFacts {
  const { id, vpcId, ownerId, isMain, subnetIds, tags, routes } = table;
  const shown = routes.map((route) => observedRoute(state, route));
  return { id, vpcId, ownerId, isMain, subnetIds, tags, routes: shown, roleArn: undefined };
}

function observedRoute(world: WorldState, route: Route): ObservedRoute {
  const { state, instance, interface: eni } = viewRoute(world, route);
  return {
    destination: destinationOf(route),
    target: route.target,
    instanceId: instance?.id,
    // EC2 goes on showing the id of an interface that is gone.
    interfaceId: eni?.id ?? (route.target.kind === 'network-interface' ? route.target.id : undefined),
    origin: route.origin,
    state,
  };
}

function destinationOf({ destination: { kind, key } }: Route): Destination {
  return kind === 'prefix-list' ? { kind, id: key } : { kind, cidr: key };
}
