import type { AddressFamily } from '../bgp/index.ts';
import type { ReadAnnouncedRoute } from './announced-routes.ts';
import { isNextHop, type ReadPeer, wordFor } from './announcer-peers.ts';
import { enumerateFew } from './enumerate.ts';
import { familyOf } from './host-address.ts';
import type { Report } from './problems.ts';
import { labelSpot, valueSpot } from './tree.ts';

/** What keeps a peer from having a route, whatever it agrees to. */
type Obstacle = 'no-next-hop' | 'needs-extended-next-hop' | 'peer-itself';

/** Tells of prefixes that no peer, or not every peer, can be told of. */
export function judgeNextHops(
  routes: readonly ReadAnnouncedRoute[],
  peers: readonly ReadPeer[],
  report: Report,
): void {
  for (const route of routes) {
    const family = familyOf(route.cidr);
    const offering = peers.filter(({ spec }) => spec.families.includes(family));
    if (offering.length === 0 && peers.length > 0) {
      const message = `no peer offers ${wordFor(family)}; add ${family} to the families of one`;
      report.problem(valueSpot(route.prefixAt), 'conflict', message);
    }
    const isUnclear = route.fields.child('next_hop') !== undefined && route.nextHop === undefined;
    if (isUnclear) continue;
    tellObstacles(route, offering, report);
    warnOfItself(route, offering, report);
  }
  warnOfNoExtension(routes, peers, report);
}

function tellObstacles(route: ReadAnnouncedRoute, offering: readonly ReadPeer[], report: Report): void {
  const found = offering.flatMap((peer) => {
    const obstacle = obstacleOf(route, peer);
    return obstacle === undefined ? [] : [{ obstacle, name: peer.spec.name }];
  });
  const [first] = found;
  if (first === undefined) return;
  const spot = valueSpot(route.fields.child('next_hop') ?? route.prefixAt);
  const names = found.flatMap(({ obstacle, name }) => (obstacle === first.obstacle ? [name] : []));
  const message = explain(first.obstacle, { names: enumerateFew(names), family: familyOf(route.cidr) });
  if (found.length === offering.length) report.problem(spot, 'conflict', message);
  else report.warn(spot, 'unusual', message);
}

/** As the speaker chooses: the route's next hop, else the peer's, else the address of the session. */
function obstacleOf(route: ReadAnnouncedRoute, { spec, remote }: ReadPeer): Obstacle | undefined {
  const family = familyOf(route.cidr);
  const { nextHop, hasExtendedNextHop } = spec;
  const ofSession = isNextHop(remote) ? remote.family : undefined;
  if (route.nextHop !== undefined) {
    if (route.nextHop.text === spec.remoteAddress) return 'peer-itself';
    const isForeign = route.nextHop.family !== family;
    return isForeign && !hasExtendedNextHop ? 'needs-extended-next-hop' : undefined;
  }
  const has = (wanted: AddressFamily) => nextHop[wanted] !== undefined || ofSession === wanted;
  if (has(family) || (family === 'ipv4' && hasExtendedNextHop && has('ipv6'))) {
    return nextHop[family] === spec.remoteAddress ? 'peer-itself' : undefined;
  }
  return 'no-next-hop';
}

function explain(
  obstacle: Obstacle,
  { names, family }: { readonly names: string; readonly family: AddressFamily },
): string {
  switch (obstacle) {
    case 'peer-itself':
      return `${names} would be told to send to itself; write a next hop that is an address of this machine`;
    case 'needs-extended-next-hop':
      return `${names} can't have an IPv4 prefix with an IPv6 next hop; set extended_next_hop there, or write an IPv4 address`;
    case 'no-next-hop':
      return family === 'ipv6'
        ? `${names} can't have it for want of an IPv6 next hop; write local_address_v6, or next_hop_v6 of the peer`
        : `${names} can't have it for want of an IPv4 next hop; write local_address, or next_hop or extended_next_hop of the peer`;
  }
}

/** A host prefix whose next hop is its own address would have to be known already to be reached. */
function warnOfItself(route: ReadAnnouncedRoute, offering: readonly ReadPeer[], report: Report): void {
  const { cidr, nextHop, prefixAt, fields } = route;
  if (cidr.prefixLength !== cidr.bytes.length * 8) return;
  const family = familyOf(cidr);
  const address = cidr.text.replace(/\/\d+$/, '');
  const own = offering.flatMap(({ spec }) => spec.nextHop[family] ?? []);
  if (!(nextHop === undefined ? own : [nextHop.text]).includes(address)) return;
  const message = `its next hop is ${address} itself, which routers would reach by this very route; write another next hop`;
  report.warn(valueSpot(fields.child('next_hop') ?? prefixAt), 'unusual', message);
}

/** On a session over IPv4 there is an IPv4 next hop, unless a prefix says otherwise. */
function warnOfNoExtension(
  routes: readonly ReadAnnouncedRoute[],
  peers: readonly ReadPeer[],
  report: Report,
): void {
  const isWanted = routes.some(({ cidr, nextHop }) => cidr.family === 4 && nextHop?.family === 'ipv6');
  for (const { spec, remote, fields } of isWanted ? [] : peers) {
    const at = fields.child('extended_next_hop');
    if (at === undefined || !spec.hasExtendedNextHop || remote.family === 'ipv6') continue;
    const message = 'has no effect on a session over IPv4, where next hops are IPv4 too; leave it out';
    report.warn(labelSpot(at), 'no-effect', message);
  }
}
