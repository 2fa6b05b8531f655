import { birdConfig } from '../../test/support/bgp/bird-config.ts';
import type { LinkAddresses } from './addresses.ts';

/** What every zone announces while its own service is well. */
export const PREFIX = '10.53.0.53/32';

const AGENTS_ASN = 64_512;
const ROUTER_ASN = 64_600;

/** What goes below an agent's routes. Told to stop, it drains for a second: long enough to be seen. */
export function announcerConfig({ router, zones }: LinkAddresses, index: number): string {
  return `announcer:
  local_asn: ${AGENTS_ASN}
  local_address: ${zones[index] ?? ''}
  drain_time: 1s
  on_exit: drain
  peers: [{ name: router, remote_address: ${router}, remote_asn: ${ROUTER_ASN}, connect_retry: 200ms }]
  routes: [{ prefix: ${PREFIX}, healthcheck: service, communities: ["${AGENTS_ASN}:${index + 1}"] }]
`;
}

/** BIRD's name for its session with a zone's agent. */
export function sessionName(zone: string): string {
  return `zone_${zone}`;
}

/** It waits for the agents, takes all that they announce, and tells of each change of its table by the microsecond. */
export function routerConfig({ router, zones }: LinkAddresses, names: readonly string[]): string {
  const neighbours = names.map((name, index) => ({
    name: sessionName(name),
    address: zones[index] ?? '',
    localAddress: router,
    remoteAsn: AGENTS_ASN,
    localAsn: ROUTER_ASN,
    families: ['ipv4'] as const,
  }));
  const watching = ['timeformat log iso long us;', 'debug protocols { routes };'];
  const spec = { routerId: router, asn: ROUTER_ASN, holdTimeSec: 9, neighbours };
  return [...watching, birdConfig(spec)].join('\n');
}
