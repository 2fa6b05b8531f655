import type { Socket } from 'node:net';
import { libc } from './libc.ts';
import { AF_INET, AF_INET6, asIpv6, type IpFamily, parseIpAddress } from './sockaddr.ts';
import { addressCall, type SocketResult, socketCall } from './socket-call.ts';
import { encodeTcpAoKey, type TcpAoMasterKey } from './tcp-ao.ts';
import { encodeTcpMd5Key } from './tcp-md5.ts';

// TCP sockets that get options which Node cannot set, before it takes them over by their descriptor to connect or listen.
// `ENOPROTOOPT`: this kernel lacks the option.

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_REUSEPORT = 15;
const IPPROTO_IP = 0;
const IP_TOS = 1;
const IP_TTL = 2;
const IP_MINTTL = 21;
const IPPROTO_IPV6 = 41;
const IPV6_UNICAST_HOPS = 16;
const IPV6_V6ONLY = 26;
const IPV6_TCLASS = 67;
const IPV6_MINHOPCOUNT = 73;
const IPPROTO_TCP = 6;
const TCP_MD5SIG = 14;
const TCP_AO_ADD_KEY = 38;

/** A TCP socket and its own family; on an IPv6 one IPv4 peers are addressed by mapped addresses. */
export interface TcpSocket {
  readonly fd: number;
  readonly family: IpFamily;
}

/** Whether there is a native binding: without one, every function here fails with `unavailable`. */
export function hasNativeSockets(): boolean {
  return libc() !== undefined;
}

/** Opens a non-blocking, close-on-exec socket. `EAFNOSUPPORT`: no IPv6 here. */
export function openTcpSocket(family: IpFamily): SocketResult<TcpSocket> {
  const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const opened = socketCall((native) => native.socket(family === 'ipv4' ? AF_INET : AF_INET6, type, 0));
  return opened.ok ? { ok: true, fd: opened.value, family } : opened;
}

/**
 * Binds a socket that will listen: also where connections of an earlier one linger, and on IPv6 for IPv4 peers too.
 * `isShared`: other sockets of this user that say the same may have the port as well.
 */
export function bindTcpSocket(
  { fd, family }: TcpSocket,
  at: { readonly address: string; readonly port: number; readonly isShared: boolean },
): SocketResult {
  const reused = setNumber(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  const shared = reused.ok && at.isShared ? setNumber(fd, SOL_SOCKET, SO_REUSEPORT, 1) : reused;
  const dual = shared.ok && family === 'ipv6' ? setNumber(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) : shared;
  return dual.ok ? addressCall(at, (native, sockaddr) => native.bind(fd, sockaddr, sockaddr.length)) : dual;
}

/** TTL or hop limit of packets to peers of that family; undefined: the system's. */
export function setTtl(fd: number, family: IpFamily, ttl: number | undefined): SocketResult {
  const [level, name] = family === 'ipv4' ? [IPPROTO_IP, IP_TTL] : [IPPROTO_IPV6, IPV6_UNICAST_HOPS];
  return setNumber(fd, level, name, ttl ?? -1);
}

/** Packets of that family that come with less are dropped (ip(7); RFC 5082 §3); 0: none. */
export function setMinTtl(fd: number, family: IpFamily, minTtl: number): SocketResult {
  const [level, name] = family === 'ipv4' ? [IPPROTO_IP, IP_MINTTL] : [IPPROTO_IPV6, IPV6_MINHOPCOUNT];
  return setNumber(fd, level, name, minTtl);
}

/** TOS or traffic class of packets to peers of that family: DSCP and ECN together. */
export function setTrafficClass(fd: number, family: IpFamily, octet: number): SocketResult {
  const [level, name] = family === 'ipv4' ? [IPPROTO_IP, IP_TOS] : [IPPROTO_IPV6, IPV6_TCLASS];
  return setNumber(fd, level, name, octet);
}

/**
 * Signs all segments to an address, and drops those from it that are not so signed (TCP-MD5, RFC 2385). An empty key ends
 * that: `ENOENT` where there was none. `EINVAL`: longer than 80 bytes; `ENOMEM`: net.core.optmem_max, or FIPS mode.
 */
export function setMd5Key({ fd, family }: TcpSocket, peer: string, key: string): SocketResult {
  const parsed = parseIpAddress(peer);
  if (parsed === undefined) return { ok: false, code: 'EINVAL' };
  const address = family === 'ipv6' ? asIpv6(parsed) : parsed;
  return setStruct(fd, TCP_MD5SIG, encodeTcpMd5Key({ address, key: Buffer.from(key) }));
}

/** The same by TCP-AO (RFC 5925), Linux 6.7. `ENOENT`: the kernel lacks the algorithm. */
export function addAoKey(
  { fd, family }: TcpSocket,
  peer: string,
  key: Pick<TcpAoMasterKey, 'algorithm' | 'sendId' | 'receiveId'> & { readonly key: string },
): SocketResult {
  const parsed = parseIpAddress(peer);
  if (parsed === undefined) return { ok: false, code: 'EINVAL' };
  const address = family === 'ipv6' ? asIpv6(parsed) : parsed;
  const prefixLength = parsed.bytes.length * 8;
  const tuple = { ...key, address, prefixLength, key: Buffer.from(key.key) };
  return setStruct(fd, TCP_AO_ADD_KEY, encodeTcpAoKey(tuple));
}

/** The descriptor below one of Node's sockets; undefined: it has none any more, or this Node does not tell. */
export function descriptorOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly fd?: unknown } | null };
  const fd = handle?.fd;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}

function setNumber(fd: number, level: number, name: number, value: number): SocketResult {
  const bytes = Buffer.from(Int32Array.of(value).buffer);
  const set = socketCall((native) => native.setBytes(fd, level, name, bytes, bytes.length));
  return set.ok ? { ok: true } : set;
}

function setStruct(fd: number, name: number, bytes: Buffer | undefined): SocketResult {
  if (bytes === undefined) return { ok: false, code: 'EINVAL' };
  const set = socketCall((native) => native.setBytes(fd, IPPROTO_TCP, name, bytes, bytes.length));
  return set.ok ? { ok: true } : set;
}
