import { STORY_DESTINATIONS } from './agent-config.ts';
import { type StoryRegion, type StoryZone, sortRoutes } from './region.ts';
import { waitFor } from './wait.ts';

/** As much of `GET /_sandbox/state` as the story needs. */
interface RegionState {
  readonly instances: readonly {
    readonly id: string;
    readonly availabilityZone: string;
    readonly state: string;
    readonly imdsUrl: string;
    readonly interfaces: readonly { readonly id: string; readonly privateIp: string }[];
  }[];
  readonly routeTables: readonly {
    readonly id: string;
    readonly tags: Readonly<Record<string, string>>;
    readonly routes: readonly { readonly destination: string; readonly target: string }[];
  }[];
}

/** A `vpcast sandbox` in another process, with its built-in scenario. The story's routes are put at its NAT gateway first. */
export async function openRemoteSandboxRegion(endpoint: string): Promise<StoryRegion> {
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`${endpoint}/_sandbox/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const value: unknown = await answer.json();
    if (!answer.ok) throw new Error(`the sandbox refused ${path}: ${JSON.stringify(value)}`);
    return value;
  };
  const readState = async () => (await call('GET', 'state')) as RegionState;
  const isIn = async (zone: StoryZone, state: string) =>
    (await readState()).instances.some((one) => one.id === zone.instanceId && one.state === state);

  const { instances, routeTables } = await readState();
  const zones = instances.map((instance) => {
    const az = instance.availabilityZone;
    const table = routeTables.find((one) => one.tags.az === az);
    const [primary] = instance.interfaces;
    if (table === undefined || primary === undefined)
      throw new Error(`no table or interface for ${instance.id}`);
    return {
      name: az.slice(-1),
      az,
      instanceId: instance.id,
      interfaceId: primary.id,
      address: primary.privateIp,
      tableId: table.id,
      imdsUrl: instance.imdsUrl,
      present: table.routes.map((route) => route.destination),
    };
  });
  for (const { tableId, present } of zones) {
    for (const destination of STORY_DESTINATIONS) {
      const action = present.includes(destination) ? 'replace' : 'create';
      await call('POST', 'routes', { action, tableId, destination, target: 'nat-0d00000000000000d' });
    }
  }
  return {
    endpoint,
    zones,
    async readRoutes() {
      const state = await readState();
      return sortRoutes(
        state.routeTables.flatMap((table) =>
          table.routes
            .filter((route) => route.target !== 'local')
            .map(({ destination, target }) => ({ tableId: table.id, destination, target })),
        ),
      );
    },
    async stopInstance(zone) {
      await call('POST', `instances/${zone.instanceId}/stop`);
    },
    async startInstance(zone) {
      await waitFor(() => isIn(zone, 'stopped'), { limitMs: 10_000, what: 'the instance stopped' });
      await call('POST', `instances/${zone.instanceId}/start`);
    },
    close: async () => undefined,
  };
}
