import type { NeighbourSpec, RouterSpec } from './router.ts';

/** The configuration of bgpd. Routes are taken from everybody (RFC 8212 off); a lost session is tried again after 1 s. */
export function frrConfig({ routerId, asn, holdTimeSec, neighbours }: RouterSpec): string {
  return [
    'frr defaults traditional',
    'log stdout debugging',
    `router bgp ${asn}`,
    ` bgp router-id ${routerId}`,
    ' bgp log-neighbor-changes',
    ' no bgp ebgp-requires-policy',
    ' no bgp default ipv4-unicast',
    ` timers bgp ${Math.max(1, Math.floor(holdTimeSec / 3))} ${holdTimeSec}`,
    ...neighbours.flatMap((neighbour) => sessionLines(neighbour, asn)),
    ...(['ipv4', 'ipv6'] as const).flatMap((family) => [
      ` address-family ${family} unicast`,
      ...neighbours
        .filter(({ families }) => families.includes(family))
        .flatMap(({ address, maxPrefixes }) => [
          `  neighbor ${address} activate`,
          ...(maxPrefixes === undefined ? [] : [`  neighbor ${address} maximum-prefix ${maxPrefixes}`]),
        ]),
      ' exit-address-family',
    ]),
    'exit',
    '',
  ].join('\n');
}

function sessionLines(neighbour: NeighbourSpec, asn: number): readonly string[] {
  const of = ` neighbor ${neighbour.address}`;
  const isOverV6 = neighbour.address.includes(':');
  return [
    `${of} remote-as ${neighbour.remoteAsn}`,
    `${of} description ${neighbour.name}`,
    `${of} update-source ${neighbour.localAddress}`,
    `${of} timers connect 1`,
    ...(neighbour.localAsn === asn ? [] : [`${of} local-as ${neighbour.localAsn} no-prepend replace-as`]),
    ...(neighbour.isActive ? [] : [`${of} passive`]),
    ...(neighbour.password === undefined ? [] : [`${of} password ${neighbour.password}`]),
    // The only way: it offers no capability then.
    ...(neighbour.isFourOctetAs === false ? [`${of} dont-capability-negotiate`] : []),
    ...(neighbour.hasTtlSecurity ? [`${of} ttl-security hops 1`] : []),
    ...(isOverV6 && neighbour.families.includes('ipv4') ? [`${of} capability extended-nexthop`] : []),
  ];
}
