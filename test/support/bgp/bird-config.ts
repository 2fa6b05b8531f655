import type { Family } from './addresses.ts';
import type { NeighbourSpec, RouterSpec } from './router.ts';

/** Everything is taken and kept, nothing is sent back; a lost session is tried again after 1 to 2 s, not after a minute. */
export function birdConfig({ routerId, holdTimeSec, neighbours }: RouterSpec): string {
  return [
    'log stderr all;',
    `router id ${routerId};`,
    'protocol device { scan time 1; }',
    // Next hops of iBGP are looked up in these.
    'protocol direct { ipv4; ipv6; }',
    ...neighbours.flatMap((neighbour) => protocolLines(neighbour, holdTimeSec)),
    '',
  ].join('\n');
}

function protocolLines(neighbour: NeighbourSpec, holdTimeSec: number): readonly string[] {
  return [
    `protocol bgp ${neighbour.name} {`,
    `  local ${neighbour.localAddress} as ${neighbour.localAsn};`,
    `  neighbor ${neighbour.address} as ${neighbour.remoteAsn};`,
    `  hold time ${holdTimeSec};`,
    '  connect delay time 1; connect retry time 1; error wait time 1, 2;',
    ...(neighbour.isActive ? [] : ['  passive on;']),
    ...(neighbour.password === undefined ? [] : [`  password "${neighbour.password}";`]),
    ...(neighbour.hasTtlSecurity ? ['  ttl security on;'] : []),
    ...(neighbour.isFourOctetAs === false ? ['  enable as4 off;'] : []),
    ...neighbour.families.flatMap((family) => channelLines(neighbour, family)),
    '}',
  ];
}

function channelLines({ address, maxPrefixes }: NeighbourSpec, family: Family): readonly string[] {
  return [
    `  ${family} {`,
    '    import all; export none;',
    ...(family === 'ipv4' && address.includes(':') ? ['    extended next hop on;'] : []),
    // It comes back by itself: whoever does not wait then is told the same again.
    ...(maxPrefixes === undefined ? [] : [`    receive limit ${maxPrefixes} action restart;`]),
    '  };',
  ];
}
