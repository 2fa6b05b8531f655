import { DEMO_IDS } from '../src/sandbox/index.ts';
import { ANYCAST, DEFAULT_ROUTE } from '../test/support/story/agent-config.ts';
import type { HeldRoute, StoryZone } from '../test/support/story/region.ts';
import { readSandboxRoutes, type SandboxRegion } from '../test/support/story/sandbox-region.ts';
import type { Stage } from '../test/support/story/stage.ts';

/** One zone as it is now, in words. */
export interface ZoneView {
  readonly name: string;
  readonly instance: string;
  readonly service: string;
  readonly agent: string;
  /** What its own agent and the others think of its service. */
  readonly health: string;
  readonly anycast: string;
  readonly defaultRoute: string;
  readonly isWell: boolean;
  readonly isHome: boolean;
}

export function viewZones(stage: Stage, region: SandboxRegion): readonly ZoneView[] {
  const routes = readSandboxRoutes(region.sandbox);
  const holderOf = (zone: StoryZone, destination: string) => {
    const route = routes.find((one) => one.tableId === zone.tableId && one.destination === destination);
    return nameHolder(stage, route);
  };
  return stage.region.zones.map((zone) => {
    const [anycast, defaultRoute] = [holderOf(zone, ANYCAST), holderOf(zone, DEFAULT_ROUTE)];
    return {
      name: zone.name,
      instance: region.sandbox.world.state().instances.get(zone.instanceId)?.state ?? 'gone',
      service: stage.isServiceUp(zone) ? 'up' : 'dead',
      agent: stage.isAgentUp(zone) ? 'runs' : 'dead',
      health: healthWords(stage, zone),
      anycast,
      defaultRoute,
      isWell: stage.isServiceUp(zone) && stage.isAgentUp(zone),
      isHome: anycast === zone.name && defaultRoute === zone.name,
    };
  });
}

/** `healthy`, or `unhealthy (b: unhealthy, c: unhealthy)` where somebody sees it otherwise. */
function healthWords(stage: Stage, zone: StoryZone): string {
  const own = stage.isAgentUp(zone) ? (stage.logs.healthOf(zone.name, 'service') ?? 'unknown') : '-';
  const others = stage.others(zone).flatMap((other) => {
    const seen = stage.logs.healthOf(other.name, `service@${zone.interfaceId}`);
    return seen === undefined || seen === own ? [] : [`${other.name}: ${seen}`];
  });
  return others.length === 0 ? own : `${own} (${others.join(', ')})`;
}

function nameHolder(stage: Stage, route: HeldRoute | undefined): string {
  if (route === undefined) return 'nobody';
  if (route.target === DEMO_IDS.natGateway) return 'NAT gateway';
  return stage.region.zones.find((zone) => zone.interfaceId === route.target)?.name ?? route.target;
}
