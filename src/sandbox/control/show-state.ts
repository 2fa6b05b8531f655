import type { Faults } from '../faults.ts';
import type { Imds } from '../imds/imds.ts';
import type { Panel } from '../panel.ts';
import { interfacesOf, type WorldState } from '../world/state.ts';
import { viewRoute, viewStatus } from '../world/views.ts';
import type { World } from '../world/world.ts';

/** The region as JSON, for `GET /_sandbox/state` and the page. */
export function showRegion(parts: {
  readonly world: World;
  readonly faults: Faults;
  readonly imds: (instanceId: string) => Imds | undefined;
  readonly panels: () => readonly Panel[];
}) {
  const { world, faults, imds, panels } = parts;
  const state = world.state();
  return {
    region: world.region,
    accountId: world.accountId,
    nowMs: world.clock.now(),
    wallMs: world.clock.wallNow(),
    instances: [...state.instances.values()].map((instance) => ({
      id: instance.id,
      name: instance.tags.Name,
      availabilityZone: instance.availabilityZone,
      state: instance.state,
      status: viewStatus(instance),
      accessKeyId: instance.accessKeyId,
      imdsUrl: imds(instance.id)?.url,
      signals: imds(instance.id)?.signals() ?? {},
      tags: instance.tags,
      interfaces: interfacesOf(state, instance.id).map((eni) => ({
        id: eni.id,
        privateIp: eni.primaryIp,
        deviceIndex: eni.attachment?.deviceIndex,
        sourceDestCheck: eni.sourceDestCheck,
      })),
    })),
    routeTables: showTables(state),
    panels: panels(),
    faults: faults.list(),
    throttling: faults.throttling() ?? null,
  };
}

function showTables(state: WorldState) {
  return [...state.routeTables.values()].map((table) => ({
    id: table.id,
    name: table.tags.Name,
    vpcId: table.vpcId,
    ownerId: table.ownerId,
    isMain: table.isMain,
    subnetIds: table.subnetIds,
    tags: table.tags,
    routes: table.routes.map((route) => {
      const view = viewRoute(state, route);
      return {
        destination: route.destination.key,
        target: route.target.id,
        instanceId: view.instance?.id,
        holder: view.instance?.tags.Name ?? view.instance?.id ?? route.target.id,
        state: view.state,
        origin: route.origin,
      };
    }),
  }));
}
