import {
  DEMO_IDS,
  demoScenario,
  demoSuffix,
  type Panel,
  type Sandbox,
  type SandboxEvent,
  startSandbox,
} from '../../../src/sandbox/index.ts';
import { STORY_DESTINATIONS } from './agent-config.ts';
import { type HeldRoute, type StoryRegion, type StoryZone, sortRoutes } from './region.ts';
import { waitFor } from './wait.ts';

export interface SandboxRegionOptions {
  readonly azs: number;
  readonly addressOf: (index: number) => string;
  /** How long an instance takes to stop and to start. Default 0. */
  readonly timing?: { readonly stopMs: number; readonly startMs: number; readonly initializingMs: number };
  readonly onEvent?: (event: SandboxEvent) => void;
  /** What else the sandbox's page shows. */
  readonly panels?: () => readonly Panel[];
}

/** The embedded VPC as a region of the story. */
export interface SandboxRegion extends StoryRegion {
  readonly sandbox: Sandbox;
}

/** Starts the sandbox in this process. To begin with, the story's routes point at a NAT gateway. */
export async function openSandboxRegion(options: SandboxRegionOptions): Promise<SandboxRegion> {
  const { azs, addressOf, timing, onEvent, panels } = options;
  const scenario = demoScenario({ azs, addressOf, ...(timing === undefined ? {} : { timing }) });
  const sandbox = await startSandbox({
    scenario,
    ...(onEvent === undefined ? {} : { onEvent }),
    ...(panels === undefined ? {} : { panels }),
  });
  for (const [index] of Array.from({ length: azs }).entries()) {
    for (const destination of STORY_DESTINATIONS) {
      insist(
        sandbox.world.createRoute({
          tableId: `rtb-${demoSuffix(index)}`,
          destination,
          target: DEMO_IDS.natGateway,
        }),
      );
    }
  }
  const zones = Array.from({ length: azs }, (_, index) => zoneOf(sandbox, index, addressOf(index)));
  return {
    sandbox,
    endpoint: sandbox.url,
    zones,
    readRoutes: async () => readSandboxRoutes(sandbox),
    stopInstance: async (zone) => insist(sandbox.world.stop(zone.instanceId)),
    startInstance: (zone) => startInstance(sandbox, zone),
    close: () => sandbox.close(),
  };
}

function zoneOf(sandbox: Sandbox, index: number, address: string): StoryZone {
  const suffix = demoSuffix(index);
  const name = suffix.slice(-1);
  return {
    name,
    az: `${sandbox.world.region}${name}`,
    instanceId: `i-${suffix}`,
    interfaceId: `eni-${suffix}`,
    address,
    tableId: `rtb-${suffix}`,
    imdsUrl: sandbox.imdsUrl(`i-${suffix}`),
  };
}

/** EC2 starts only what has stopped. */
async function startInstance({ world }: Sandbox, { instanceId }: StoryZone): Promise<void> {
  const isIn = (state: string) => world.state().instances.get(instanceId)?.state === state;
  await waitFor(() => isIn('stopped'), { limitMs: 10_000, what: 'the instance stopped' });
  insist(world.start(instanceId));
  await waitFor(() => isIn('running'), { limitMs: 10_000, what: 'the instance runs' });
}

/** Synchronous, for a screen that is drawn from it. */
export function readSandboxRoutes(sandbox: Sandbox): readonly HeldRoute[] {
  const tables = [...sandbox.world.state().routeTables.values()];
  const routes = tables.flatMap((table) =>
    table.routes
      .filter((route) => route.target.kind !== 'local')
      .map((route) => ({ tableId: table.id, destination: route.destination.key, target: route.target.id })),
  );
  return sortRoutes(routes);
}

function insist(
  result: { readonly ok: true } | { readonly ok: false; readonly error: { readonly code: string } },
): void {
  if (!result.ok) throw new Error(`the sandbox refused: ${result.error.code}`);
}
