import { type BpfInstruction, encodeBpf } from './bpf.ts';
import { type Libc, libc } from './libc.ts';
import { AF_INET, AF_INET6, AF_UNIX, decodeSockaddr, encodeUnixSockaddr, type IpFamily } from './sockaddr.ts';
import { addressCall, type SocketResult } from './socket-call.ts';

export type { SocketResult } from './socket-call.ts';

/** Kinds of socket that Node cannot open: the kernel's ping socket (icmp(7)), a raw ICMP one (raw(7)). */
export type EchoSocketKind = 'ping-socket' | 'raw-socket';

export interface EchoSocketOptions {
  readonly kind: EchoSocketKind;
  readonly family: IpFamily;
}

/** A socket that Node could open, but not bind to an interface. */
export interface DeviceSocketOptions {
  readonly kind: 'tcp' | 'udp';
  readonly family: IpFamily;
  /** Name of a network interface, or of a VRF's device. */
  readonly device: string;
}

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const SOL_SOCKET = 1;
const SO_BINDTODEVICE = 25;
const SO_ATTACH_FILTER = 26;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const SOCKADDR_STORAGE_BYTES = 128;

/** Opens a non-blocking, close-on-exec ICMP socket. `EACCES` or `EPERM`: this process may not have one of this kind. */
export function openEchoSocket({ kind, family }: EchoSocketOptions): SocketResult<{ readonly fd: number }> {
  const native = libc();
  if (native === undefined) return { ok: false, code: 'unavailable' };
  const type = (kind === 'ping-socket' ? SOCK_DGRAM : SOCK_RAW) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const isV4 = family === 'ipv4';
  const fd = native.socket(isV4 ? AF_INET : AF_INET6, type, isV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
  return fd < 0 ? failure(native) : { ok: true, fd };
}

/**
 * Opens a non-blocking TCP or UDP socket that sends and receives by one interface only; for Node to take over by its
 * descriptor. Errors as of `bindToDevice`.
 */
export function openDeviceSocket(options: DeviceSocketOptions): SocketResult<{ readonly fd: number }> {
  const native = libc();
  if (native === undefined) return { ok: false, code: 'unavailable' };
  const type = (options.kind === 'tcp' ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = native.socket(options.family === 'ipv4' ? AF_INET : AF_INET6, type, 0);
  if (fd < 0) return failure(native);
  const bound = bindToDevice(fd, options.device);
  if (bound.ok) return { ok: true, fd };
  native.close(fd);
  return bound;
}

/**
 * Ties a socket to a network interface or VRF (SO_BINDTODEVICE, socket(7)). `ENODEV`: there is none of that name; `EPERM`:
 * Linux before 5.7, which wants CAP_NET_RAW.
 */
export function bindToDevice(fd: number, device: string): SocketResult {
  const native = libc();
  if (native === undefined) return { ok: false, code: 'unavailable' };
  const name = Buffer.from(`${device}\0`);
  const result = native.setBytes(fd, SOL_SOCKET, SO_BINDTODEVICE, name, name.length);
  return result < 0 ? failure(native) : { ok: true };
}

/** bind(2) to an address of this host. `EADDRNOTAVAIL`: it has none such; `EINVAL`: not an IP address. */
export function bindSocket(fd: number, address: string): SocketResult {
  return addressCall({ address, port: 0 }, (native, sockaddr) => native.bind(fd, sockaddr, sockaddr.length));
}

/** connect(2) of a datagram or raw socket: sets the peer, sends nothing. `ENETUNREACH`: there is no route. */
export function connectSocket(fd: number, address: string): SocketResult {
  return addressCall({ address, port: 0 }, (native, sockaddr) =>
    native.connect(fd, sockaddr, sockaddr.length),
  );
}

/** Sends one datagram to the peer of a connected socket, without waiting. */
export function sendDatagram(fd: number, data: Buffer): SocketResult {
  const native = libc();
  if (native === undefined) return { ok: false, code: 'unavailable' };
  const sent = native.sendto(fd, data, data.length, MSG_NOSIGNAL | MSG_DONTWAIT, null, 0);
  return sent < 0 ? failure(native) : { ok: true };
}

/** Takes one waiting datagram into `into`. `EAGAIN`: none is waiting. */
export function receiveDatagram(
  fd: number,
  into: Buffer,
): SocketResult<{ readonly bytes: number; readonly source: string | undefined }> {
  const native = libc();
  if (native === undefined) return { ok: false, code: 'unavailable' };
  const sockaddr = Buffer.alloc(SOCKADDR_STORAGE_BYTES);
  const sockaddrBytes = Buffer.from(Uint32Array.of(sockaddr.length).buffer);
  const bytes = native.recvfrom(fd, into, into.length, MSG_DONTWAIT, sockaddr, sockaddrBytes);
  return bytes < 0 ? failure(native) : { ok: true, bytes, source: decodeSockaddr(sockaddr) };
}

/** Lets the kernel drop what the program does not pass (SO_ATTACH_FILTER, socket(7)). What is queued already stays. */
export function attachSocketFilter(fd: number, program: readonly BpfInstruction[]): SocketResult {
  const native = libc();
  if (native === undefined) return { ok: false, code: 'unavailable' };
  const fprog = { len: program.length, filter: encodeBpf(program) };
  const result = native.attachFilter(fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog, native.filterStructBytes);
  return result < 0 ? failure(native) : { ok: true };
}

/** Closes a descriptor that was opened here and given to nobody. (Node's own close warns of one it does not know.) */
export function closeSocket(fd: number): void {
  libc()?.close(fd);
}

/**
 * Sends one datagram to a Unix socket (path, or `@name` in the abstract namespace), as sd_notify(3) does; never waits.
 * `ENOENT`, `ECONNREFUSED`: nobody listens there; `EAGAIN`: its queue is full.
 */
export function sendUnixDatagram(path: string, text: string): SocketResult {
  const native = libc();
  if (native === undefined) return { ok: false, code: 'unavailable' };
  const sockaddr = encodeUnixSockaddr(path);
  if (sockaddr === undefined) return { ok: false, code: 'ENAMETOOLONG' };
  const fd = native.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failure(native);
  const data = Buffer.from(text);
  const flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  const sent = native.sendto(fd, data, data.length, flags, sockaddr, sockaddr.length);
  const result: SocketResult = sent < 0 ? failure(native) : { ok: true };
  native.close(fd);
  return result;
}

function failure(native: Libc): { readonly ok: false; readonly code: string } {
  return { ok: false, code: native.lastError() };
}
