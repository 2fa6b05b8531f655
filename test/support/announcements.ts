import type { AnnouncerSpec } from '../../src/agent/index.ts';
import type { AnnouncedRouteSpec, AnnouncementAttributes, HealthExpression } from '../../src/core/index.ts';

export const GRACEFUL_SHUTDOWN = 0xffff_0000;

/** Nothing but what a route has to have. */
export function attributes(over: Partial<AnnouncementAttributes> = {}): AnnouncementAttributes {
  return {
    communities: [],
    extendedCommunities: [],
    largeCommunities: [],
    med: undefined,
    localPref: undefined,
    asPathPrepend: 0,
    nextHop: undefined,
    ...over,
  };
}

/** An entry of `announcer.routes` that rests on one check, or on an expression. */
export function announcedRoute(
  prefix: string,
  health: string | HealthExpression,
  over: Partial<AnnouncementAttributes> = {},
): AnnouncedRouteSpec {
  const expression = typeof health === 'string' ? ({ kind: 'check', name: health } as const) : health;
  return { prefix, health: expression, attributes: attributes(over) };
}

/** An announcer that drains for 10 s with GRACEFUL_SHUTDOWN, and withdraws at exit. */
export function announcerSpec(
  routes: readonly AnnouncedRouteSpec[],
  over: Partial<AnnouncerSpec> = {},
): AnnouncerSpec {
  return {
    backend: {
      backend: 'embedded',
      speaker: { routerId: '10.0.0.1', localAsn: 65_000, listen: undefined, peers: [] },
    },
    routes,
    drain: { hasGracefulShutdown: true, med: undefined, asPathPrepend: 0 },
    drainMs: 10_000,
    onExit: 'withdraw',
    addresses: undefined,
    ...over,
  };
}
