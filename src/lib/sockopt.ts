import { createRequire } from 'node:module';
import { platform } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type koffi from 'koffi';
import { type BpfInstruction, encodeBpf } from './bpf.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  decodeSockaddr,
  encodeSockaddr,
  encodeUnixSockaddr,
  type IpFamily,
  parseIpAddress,
} from './sockaddr.ts';

/**
 * What a socket call came to. `code` is the errno's name (`EACCES`), or `unavailable` where there is no native binding
 * (another system than Linux, or koffi does not load).
 */
export type SocketResult<Facts = object> =
  | ({ readonly ok: true } & Facts)
  | { readonly ok: false; readonly code: string };

/** Kinds of socket that Node cannot open: the kernel's ping socket (icmp(7)), a raw ICMP one (raw(7)). */
export type EchoSocketKind = 'ping-socket' | 'raw-socket';

export interface EchoSocketOptions {
  readonly kind: EchoSocketKind;
  readonly family: IpFamily;
}

const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const SOCKADDR_STORAGE_BYTES = 128;

interface Libc {
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly bind: (fd: number, address: Buffer, bytes: number) => number;
  readonly connect: (fd: number, address: Buffer, bytes: number) => number;
  readonly sendto: (
    fd: number,
    data: Buffer,
    bytes: number,
    flags: number,
    address: Buffer | null,
    addressBytes: number,
  ) => number;
  readonly recvfrom: (
    fd: number,
    into: Buffer,
    bytes: number,
    flags: number,
    address: Buffer,
    addressBytes: Buffer,
  ) => number;
  readonly attachFilter: (
    fd: number,
    level: number,
    name: number,
    program: object,
    programBytes: number,
  ) => number;
  readonly filterStructBytes: number;
  readonly close: (fd: number) => number;
  readonly interfaceIndex: (name: string) => number;
  readonly lastError: () => string;
}

/**
 * The binding belongs to the process as an import does, and costs 4 MB: it is made at the first use, once. Nothing
 * else is kept here.
 */
const libc = once(loadLibc);

/** Opens a non-blocking, close-on-exec ICMP socket. `EACCES` or `EPERM`: this process may not have one of this kind. */
export function openEchoSocket({ kind, family }: EchoSocketOptions): SocketResult<{ readonly fd: number }> {
  const native = libc();
  if (native === undefined) return { ok: false, code: 'unavailable' };
  const type = (kind === 'ping-socket' ? SOCK_DGRAM : SOCK_RAW) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const isV4 = family === 'ipv4';
  const fd = native.socket(isV4 ? AF_INET : AF_INET6, type, isV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
  return fd < 0 ? failure(native) : { ok: true, fd };
}

/** bind(2) to an address of this host. `EADDRNOTAVAIL`: it has none such; `EINVAL`: not an IP address. */
export function bindSocket(fd: number, address: string): SocketResult {
  return withSockaddr(address, (native, sockaddr) => native.bind(fd, sockaddr, sockaddr.length));
}

/** connect(2) of a datagram or raw socket: sets the peer, sends nothing. `ENETUNREACH`: there is no route. */
export function connectSocket(fd: number, address: string): SocketResult {
  return withSockaddr(address, (native, sockaddr) => native.connect(fd, sockaddr, sockaddr.length));
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

function withSockaddr(address: string, call: (native: Libc, sockaddr: Buffer) => number): SocketResult {
  const native = libc();
  if (native === undefined) return { ok: false, code: 'unavailable' };
  const parsed = parseIpAddress(address);
  if (parsed === undefined) return { ok: false, code: 'EINVAL' };
  const scopeId = parsed.scope === undefined ? 0 : scopeNumber(native, parsed.scope);
  if (scopeId === undefined) return { ok: false, code: 'ENODEV' };
  return call(native, encodeSockaddr(parsed, 0, scopeId)) < 0 ? failure(native) : { ok: true };
}

function scopeNumber(native: Libc, scope: string): number | undefined {
  const index = native.interfaceIndex(scope);
  if (index > 0) return index;
  return /^\d+$/.test(scope) ? Number(scope) : undefined;
}

function failure(native: Libc): { readonly ok: false; readonly code: string } {
  return { ok: false, code: native.lastError() };
}

function loadLibc(): Libc | undefined {
  if (platform() !== 'linux') return undefined;
  try {
    // By require, from the module's own URL: it stays a package beside the bundle, and is not loaded before it is needed.
    return bindLibc(createRequire(import.meta.url)('koffi') as typeof koffi);
  } catch {
    return undefined;
  }
}

function bindLibc(ffi: typeof koffi): Libc {
  const library = ffi.load(null);
  const fprog = ffi.struct({ len: 'uint16', filter: 'const void *' });
  const [int, size, pointer] = ['int', 'size_t', 'void *'];
  const addressed = [int, pointer, 'uint32'];
  return {
    socket: library.func('socket', int, [int, int, int]),
    bind: library.func('bind', int, addressed),
    connect: library.func('connect', int, addressed),
    sendto: library.func('sendto', 'intptr_t', [int, pointer, size, int, pointer, 'uint32']),
    recvfrom: library.func('recvfrom', 'intptr_t', [int, pointer, size, int, pointer, pointer]),
    attachFilter: library.func('setsockopt', int, [int, int, int, ffi.pointer(fprog), 'uint32']),
    filterStructBytes: fprog.size,
    close: library.func('close', int, [int]),
    interfaceIndex: library.func('if_nametoindex', 'uint32', ['const char *']),
    lastError: () => getSystemErrorName(-ffi.errno()),
  };
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
