import type { Family } from './addresses.ts';
import type { NeighbourSpec, RouterSpec } from './router.ts';

/** As YAML, which JSON is. */
export function gobgpConfig({ routerId, asn, holdTimeSec, neighbours }: RouterSpec): string {
  return JSON.stringify({
    global: { config: { as: asn, 'router-id': routerId, port: 179 } },
    neighbors: neighbours.map((neighbour) => neighborConfig(neighbour, holdTimeSec)),
  });
}

function neighborConfig(neighbour: NeighbourSpec, holdTimeSec: number): unknown {
  return {
    config: {
      'neighbor-address': neighbour.address,
      'peer-as': neighbour.remoteAsn,
      'local-as': neighbour.localAsn,
      ...(neighbour.password === undefined ? {} : { 'auth-password': neighbour.password }),
    },
    timers: {
      config: {
        'hold-time': holdTimeSec,
        'keepalive-interval': Math.max(1, Math.floor(holdTimeSec / 3)),
        'connect-retry': 1,
      },
    },
    transport: { config: { 'passive-mode': !neighbour.isActive, 'local-address': neighbour.localAddress } },
    ...(neighbour.hasTtlSecurity ? { 'ttl-security': { config: { enabled: true, 'ttl-min': 255 } } } : {}),
    'afi-safis': neighbour.families.map((family) => afiSafi(family, neighbour.maxPrefixes)),
  };
}

function afiSafi(family: Family, maxPrefixes: number | undefined): unknown {
  return {
    config: { 'afi-safi-name': `${family}-unicast` },
    ...(maxPrefixes === undefined ? {} : { 'prefix-limit': { config: { 'max-prefixes': maxPrefixes } } }),
  };
}
