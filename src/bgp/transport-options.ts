import type { Socket } from 'node:net';
import { type IpFamily, parseIpAddress } from '../lib/sockaddr.ts';
import { bindToDevice, closeSocket, type SocketResult } from '../lib/sockopt.ts';
import * as tcp from '../lib/tcp-socket.ts';
import type { PeerSecurity } from './spec.ts';

/** A peer as far as its sockets are concerned. */
export interface PeerLink {
  /** IP address, a link-local one with its interface, unless `security.device` says it. */
  readonly remoteAddress: string;
  readonly isEbgp: boolean;
  readonly security: PeerSecurity;
}

/** The calls that sockets are made with; tests pass others. */
export type TcpCalls = typeof tcpCalls;
export const tcpCalls = { ...tcp, bindToDevice, closeSocket };

/** What asks for an option of a socket: the words of the configuration. */
export type SocketOption = 'password' | 'tcp_ao' | 'gtsm' | 'multihop_ttl' | 'ttl' | 'device';

export type Guarded =
  | { readonly ok: true }
  /** `option` can't be had; `detail` is one line for people. */
  | { readonly ok: false; readonly isPlatformsFault: boolean; readonly detail: string };

/** RFC 5082 §3: what is sent, and the least that is taken. */
export const GTSM_TTL = 255;
/** DSCP CS6, network control (RFC 4594 §3.1), as routers mark BGP. */
const NETWORK_CONTROL = 0xc0;

/** TTL of packets to a peer; undefined: the system's. */
export function ttlOf({ isEbgp, security }: PeerLink): number | undefined {
  if (security.hasGtsm) return GTSM_TTL;
  return security.multihopTtl ?? (isEbgp ? 1 : undefined);
}

/** What of that peer's security only native calls can do. The TTL of 1 that eBGP has by default is not asked for. */
export function nativeOptionsOf({ security }: PeerLink): readonly SocketOption[] {
  const asked: Readonly<Record<Exclude<SocketOption, 'ttl'>, boolean>> = {
    password: security.password !== undefined,
    tcp_ao: security.tcpAo !== undefined,
    gtsm: security.hasGtsm,
    multihop_ttl: security.multihopTtl !== undefined,
    device: security.device !== undefined,
  };
  return (Object.keys(asked) as (keyof typeof asked)[]).filter((option) => asked[option]);
}

/** Sets all that a peer asks for on a socket of its own, before it connects. Stops at the first that can't be had. */
export function guardSocket(socket: tcp.TcpSocket, peer: PeerLink, calls: TcpCalls): Guarded {
  const { device } = peer.security;
  const tied: SocketResult = device === undefined ? { ok: true } : calls.bindToDevice(socket.fd, device);
  if (!tied.ok) return refused('device', tied.code, peer);
  const keyed = setPeerKey(socket, peer, calls);
  return keyed.ok ? setPeerTtl(socket, peer, calls) : keyed;
}

/** The peer's password or TCP-AO key, where it has one; also on a listening socket, which has those of many. */
export function setPeerKey(socket: tcp.TcpSocket, peer: PeerLink, calls: TcpCalls): Guarded {
  const { password, tcpAo } = peer.security;
  if (password !== undefined) {
    const signed = calls.setMd5Key(socket, peer.remoteAddress, password);
    if (!signed.ok) return refused('password', signed.code, peer);
  }
  if (tcpAo !== undefined) {
    const signed = calls.addAoKey(socket, peer.remoteAddress, tcpAo);
    if (!signed.ok) return refused('tcp_ao', signed.code, peer);
  }
  return { ok: true };
}

/** TTL and least TTL, and the mark of routing traffic; on a socket of the peer's own, before it connects or once accepted. */
export function setPeerTtl({ fd }: { readonly fd: number }, peer: PeerLink, calls: TcpCalls): Guarded {
  const { hasGtsm, multihopTtl } = peer.security;
  const family = familyOf(peer);
  const sent = calls.setTtl(fd, family, ttlOf(peer));
  if (!sent.ok) return refused(multihopTtl === undefined ? 'ttl' : 'multihop_ttl', sent.code, peer);
  const taken = calls.setMinTtl(fd, family, hasGtsm ? GTSM_TTL : 0);
  if (!taken.ok && hasGtsm) return refused('gtsm', taken.code, peer);
  // Nobody asked for it: where it can't be had, the session is as good.
  calls.setTrafficClass(fd, family, NETWORK_CONTROL);
  return { ok: true };
}

/** A connection that was accepted by a listening socket of that family, tied to that device. */
export interface AcceptedSocket {
  readonly socket: Socket;
  readonly family: IpFamily;
  readonly device: string | undefined;
}

/**
 * Sets all that a peer asks for on a connection of its that was accepted. It has inherited what the listening socket had,
 * which was for all peers, and for fewer of them if it was in the queue as the peers changed.
 */
export function guardAccepted(accepted: AcceptedSocket, peer: PeerLink, calls: TcpCalls): Guarded {
  const fd = calls.descriptorOf(accepted.socket);
  if (fd === undefined) {
    const options = nativeOptionsOf(peer);
    const detail = `${options.join(', ')}: can't be set on an accepted connection by this version of Node`;
    return options.length === 0 ? { ok: true } : { ok: false, isPlatformsFault: true, detail };
  }
  const { password, device } = peer.security;
  if (device !== undefined && device !== accepted.device) {
    const tied = calls.bindToDevice(fd, device);
    if (!tied.ok) return refused('device', tied.code, peer);
  }
  if (password !== undefined) {
    const signed = calls.setMd5Key({ fd, family: accepted.family }, peer.remoteAddress, password);
    if (!signed.ok) return refused('password', signed.code, peer);
  }
  return setPeerTtl({ fd }, peer, calls);
}

/** Of the peer's address; of what is none, IPv4. */
export function familyOf({ remoteAddress }: PeerLink): IpFamily {
  return parseIpAddress(remoteAddress)?.family ?? 'ipv4';
}

/** Where there is no native binding at all. */
export function withoutNative(options: readonly SocketOption[]): Guarded {
  const detail = `${options.join(', ')}: needs Linux and the package koffi, which does not load here`;
  return { ok: false, isPlatformsFault: true, detail };
}

function refused(option: SocketOption, code: string, peer: PeerLink): Guarded {
  if (code === 'unavailable') return withoutNative([option]);
  // An interface may still come.
  const isPlatformsFault = !(option === 'device' && code === 'ENODEV');
  return { ok: false, isPlatformsFault, detail: explainOption(option, code, peer) };
}

/** Why the kernel refused an option, and what mends it. */
function explainOption(option: SocketOption, code: string, { security }: PeerLink): string {
  switch (option) {
    case 'password':
      if (code === 'ENOPROTOOPT') {
        return 'password needs TCP-MD5 (RFC 2385): this kernel is built without CONFIG_TCP_MD5SIG';
      }
      if (code === 'ENOMEM') {
        return 'password: no memory for a TCP-MD5 key (ENOMEM): raise net.core.optmem_max; in FIPS mode there is no MD5';
      }
      return `password can't be set as a TCP-MD5 key (${code}): it has 1 to 80 bytes`;
    case 'tcp_ao':
      if (code === 'ENOPROTOOPT') {
        return 'tcp_ao needs TCP-AO (RFC 5925): Linux 6.7 or later, built with CONFIG_TCP_AO';
      }
      if (code === 'ENOENT')
        return `tcp_ao: this kernel lacks the algorithm ${security.tcpAo?.algorithm ?? ''}`;
      return `tcp_ao: the key can't be set (${code}): it has 1 to 80 bytes`;
    case 'gtsm':
      return `gtsm needs a least TTL (IP_MINTTL, IPV6_MINHOPCOUNT), which this kernel refuses (${code})`;
    case 'multihop_ttl':
    case 'ttl':
      return `the TTL can't be set (${code})`;
    case 'device':
      if (code === 'ENODEV') return `there is no network interface ${security.device ?? ''}`;
      if (code === 'EPERM') return 'device needs CAP_NET_RAW on this kernel (without it from Linux 5.7 on)';
      return `device ${security.device ?? ''} can't be chosen (${code})`;
  }
}
