import type { BgpRoute, Negotiated, PeerSpec } from '../../../src/bgp/index.ts';

/** A route with nothing but its prefix. */
export function bgpRoute(prefix: string, over: Partial<BgpRoute> = {}): BgpRoute {
  return {
    prefix,
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

/** A peer over IPv4, of documentation addresses. */
export function peerSpec(over: Partial<PeerSpec> = {}): PeerSpec {
  return {
    name: 'tgw-a',
    remoteAddress: '192.0.2.1',
    remotePort: 179,
    remoteAsn: 65_000,
    localAddress: undefined,
    isPassive: false,
    holdTimeSec: 9,
    connectRetryMs: 1_000,
    families: ['ipv4', 'ipv6'],
    hasExtendedNextHop: false,
    security: {
      password: undefined,
      tcpAo: undefined,
      hasGtsm: false,
      multihopTtl: undefined,
      device: undefined,
    },
    role: undefined,
    isRoleStrict: false,
    nextHop: { ipv4: undefined, ipv6: undefined },
    ...over,
  };
}

/** What two OPENs of today come to, over IPv4. */
export function negotiatedFacts(over: Partial<Negotiated> = {}): Negotiated {
  return {
    holdTimeSec: 9,
    keepaliveSec: 3,
    remoteId: '192.0.2.1',
    families: ['ipv4', 'ipv6'],
    isFourOctetAs: true,
    hasRouteRefresh: true,
    hasExtendedNextHop: false,
    localAddress: '192.0.2.9',
    remoteAddress: '192.0.2.1',
    ...over,
  };
}
