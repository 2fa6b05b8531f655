import ipaddr from 'ipaddr.js';
import type { Destination } from './state.ts';

/** An address range; `key` is its canonical text, host bits zeroed, IPv6 in RFC 5952 form. */
export interface Cidr {
  readonly kind: 'ipv4' | 'ipv6';
  readonly key: string;
  readonly bytes: readonly number[];
  readonly length: number;
}

/** Reads a CIDR as EC2 does: the length is required, host bits are dropped. Undefined: not a CIDR. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', lengthText = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^\d{1,3}$/.test(lengthText)) return undefined;
  if (!ipaddr.IPv6.isValid(address) && !ipaddr.IPv4.isValidFourPartDecimal(address)) return undefined;
  if (address.includes('%')) return undefined;
  const parsed = ipaddr.parse(address);
  const length = Number(lengthText);
  const bytes = parsed.toByteArray();
  if (length > bytes.length * 8) return undefined;
  const network = bytes.map((byte, index) => byte & maskByte(length - index * 8));
  const canonical = ipaddr.fromByteArray(network);
  return { kind: parsed.kind(), key: `${canonical.toString()}/${length}`, bytes: network, length };
}

/** A CIDR or a prefix list id; undefined: neither. */
export function parseDestination(text: string): Destination | undefined {
  if (text.startsWith('pl-')) return { kind: 'prefix-list', key: text };
  const cidr = parseCidr(text);
  return cidr === undefined ? undefined : { kind: cidr.kind, key: cidr.key };
}

/** True if `inner` lies wholly within `outer` (or equals it). */
export function isWithin(inner: Cidr, outer: Cidr): boolean {
  if (inner.kind !== outer.kind || inner.length < outer.length) return false;
  return outer.bytes.every(
    (byte, index) => (byte & 0xff) === ((inner.bytes[index] ?? 0) & maskByte(outer.length - index * 8)),
  );
}

function maskByte(bits: number): number {
  if (bits >= 8) return 0xff;
  if (bits <= 0) return 0;
  return (0xff << (8 - bits)) & 0xff;
}
