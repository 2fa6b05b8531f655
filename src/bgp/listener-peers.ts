import { type IpAddress, type IpFamily, isSameAddress, parseIpAddress } from '../lib/sockaddr.ts';
import { scopeIdOf } from '../lib/socket-call.ts';
import { familyOf, GTSM_TTL, type PeerLink, ttlOf } from './transport-options.ts';

/** A peer that may connect. */
export interface ListenerPeer extends PeerLink {
  readonly name: string;
  /** Address of this host that its connections have to come to; undefined: any. */
  readonly localAddress?: string | undefined;
}

/** What Linux sends where nothing else is asked for (ip(7), ip_default_ttl). */
const SYSTEM_TTL = 64;

/** Families that come to a listening address: `::` takes both. */
export function listeningFamilies(address: string): readonly IpFamily[] {
  const parsed = parseIpAddress(address);
  if (parsed?.family !== 'ipv6') return ['ipv4'];
  return parsed.bytes.every((byte) => byte === 0) ? ['ipv4', 'ipv6'] : ['ipv6'];
}

/**
 * TTL of what a listening socket answers with, which is before anybody knows which peer's connection it will be: the
 * largest that one of them needs. Undefined: the system's.
 */
export function answeringTtl(peers: readonly PeerLink[], family: IpFamily): number | undefined {
  const ttls = peers.filter((peer) => familyOf(peer) === family).map(ttlOf);
  if (ttls.every((ttl) => ttl === undefined)) return undefined;
  return Math.max(...ttls.map((ttl) => ttl ?? SYSTEM_TTL));
}

/** The least TTL that a listening socket takes: GTSM's where every peer of the family asks for it, else any. */
export function listeningMinTtl(peers: readonly PeerLink[], family: IpFamily): number {
  const own = peers.filter((peer) => familyOf(peer) === family);
  return own.length > 0 && own.every(({ security }) => security.hasGtsm) ? GTSM_TTL : 0;
}

/**
 * The listening sockets that it takes: one for each interface or VRF that peers are tied to, and one for those that are
 * tied to none. Which of them a connection comes to is for the kernel to say, so each knows all peers that may come there.
 */
export function peersByDevice<Peer extends PeerLink>(
  peers: readonly Peer[],
): ReadonlyMap<string | undefined, readonly Peer[]> {
  const free = peers.filter(({ security }) => security.device === undefined);
  const byDevice = Map.groupBy(peers, ({ security }) => security.device);
  return new Map(
    [...byDevice].map(([device, own]) => [
      device,
      device === undefined ? [...new Set([...free, ...peers])] : [...own, ...free],
    ]),
  );
}

/** The peer of an address that a connection comes from, as Node writes it; undefined: of nobody. */
export function peerOf<Peer extends ListenerPeer>(peers: readonly Peer[], address: string): Peer | undefined {
  const plain = plainAddress(address);
  const remote = parseIpAddress(plain);
  if (remote === undefined) return undefined;
  return peers.find(({ remoteAddress }) => {
    const known = parseIpAddress(remoteAddress);
    return known !== undefined && isSameAddress(remoteAddress, plain) && isSameScope(known, remote);
  });
}

/** Why a connection that came to this address is not the peer's; undefined: it is. */
export function misdirection({ localAddress }: ListenerPeer, cameTo: string): string | undefined {
  if (localAddress === undefined || isSameAddress(localAddress, plainAddress(cameTo))) return undefined;
  return `it came to ${plainAddress(cameTo)}, and the session with this peer is at local_address ${localAddress}`;
}

/** An address as people know it: IPv4 where it came mapped into IPv6. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}

/** A link-local peer is meant on its interface only, which may be given by name or by number. */
function isSameScope(known: IpAddress, remote: IpAddress): boolean {
  if (known.scope === undefined || known.scope === remote.scope) return true;
  const wanted = scopeIdOf(known);
  return wanted !== undefined && wanted === scopeIdOf(remote);
}
