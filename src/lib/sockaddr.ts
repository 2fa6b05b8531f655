import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { readNative16, writeNative16, writeNative32 } from './native-bytes.ts';

export type IpFamily = 'ipv4' | 'ipv6';

/** An IP address in network byte order; `scope` is the interface of a link-local one (`fe80::1%eth0`), by name or number. */
export interface IpAddress {
  readonly family: IpFamily;
  readonly bytes: Uint8Array;
  readonly scope: string | undefined;
}

/** Linux's numbers, the same on x86-64 and arm64. */
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;

const SOCKADDR_IN_BYTES = 16;
const SOCKADDR_IN6_BYTES = 28;
const IN_ADDRESS_OFFSET = 4;
const IN6_ADDRESS_OFFSET = 8;
const IN6_SCOPE_OFFSET = 24;
const SUN_PATH_BYTES = 108;
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** An address as people write it, or undefined: a host name, or no address at all (`1.2.3` is none). */
export function parseIpAddress(text: string): IpAddress | undefined {
  // Asked several times in every probe: the library takes three times as long, and throws inside for other texts.
  if (isIPv4(text)) {
    return { family: 'ipv4', bytes: Uint8Array.from(text.split('.'), Number), scope: undefined };
  }
  if (!text.includes(':') || !ipaddr.IPv6.isValid(text)) return undefined;
  const parsed = ipaddr.IPv6.parse(text);
  return { family: 'ipv6', bytes: Uint8Array.from(parsed.toByteArray()), scope: parsed.zoneId };
}

/** Whether two texts name the same address, however they are written. Scopes are not compared. */
export function isSameAddress(one: string, other: string): boolean {
  if (one === other) return true;
  const [left, right] = [parseIpAddress(one), parseIpAddress(other)];
  if (left === undefined || right === undefined || left.family !== right.family) return false;
  return left.bytes.every((byte, index) => byte === right.bytes[index]);
}

/** An IPv4 address as an IPv6 socket has it: `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2). An IPv6 one stays as it is. */
export function asIpv6(address: IpAddress): IpAddress {
  if (address.family === 'ipv6') return address;
  const bytes = Uint8Array.of(...MAPPED_PREFIX, ...address.bytes);
  return { family: 'ipv6', bytes, scope: undefined };
}

/** `struct sockaddr_in` / `sockaddr_in6` (ip(7), ipv6(7)); `scopeId` is the interface's number, 0 for none. */
export function encodeSockaddr(address: IpAddress, port: number, scopeId: number): Buffer {
  const isV4 = address.family === 'ipv4';
  const buffer = Buffer.alloc(isV4 ? SOCKADDR_IN_BYTES : SOCKADDR_IN6_BYTES);
  writeNative16(buffer, isV4 ? AF_INET : AF_INET6, 0);
  buffer.writeUInt16BE(port, 2);
  buffer.set(address.bytes, isV4 ? IN_ADDRESS_OFFSET : IN6_ADDRESS_OFFSET);
  if (!isV4) writeNative32(buffer, scopeId, IN6_SCOPE_OFFSET);
  return buffer;
}

/** The address in what recvfrom(2) filled in; undefined: another family. */
export function decodeSockaddr(buffer: Buffer): string | undefined {
  const family = readNative16(buffer, 0);
  if (family === AF_INET) return addressText(buffer.subarray(IN_ADDRESS_OFFSET, IN_ADDRESS_OFFSET + 4));
  if (family === AF_INET6) return addressText(buffer.subarray(IN6_ADDRESS_OFFSET, IN6_ADDRESS_OFFSET + 16));
  return undefined;
}

/** `struct sockaddr_un` (unix(7)); a leading `@` is the abstract namespace. Undefined: the path is too long. */
export function encodeUnixSockaddr(path: string): Buffer | undefined {
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : `${path}\0`);
  if (name.length > SUN_PATH_BYTES) return undefined;
  const buffer = Buffer.alloc(2 + name.length);
  writeNative16(buffer, AF_UNIX, 0);
  name.copy(buffer, 2);
  return buffer;
}

/** Canonical: four decimal parts, or RFC 5952. */
export function addressText(bytes: Uint8Array): string {
  const parsed = ipaddr.fromByteArray([...bytes]);
  return parsed.kind() === 'ipv6' ? (parsed as ipaddr.IPv6).toRFC5952String() : parsed.toString();
}
