import ipaddr from 'ipaddr.js';

/** An address block. `text` is its canonical form, as EC2 writes it: no host bits, RFC 5952 for IPv6. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly bytes: readonly number[];
  readonly prefixLength: number;
  readonly text: string;
}

/** What a text says. `hasHostBits`: bits beyond the prefix length were set, and are not in `cidr`. */
export interface ParsedCidr {
  readonly cidr: Cidr;
  readonly hasHostBits: boolean;
}

/** One address. `text` is canonical; `bytes` are 4 or 16. */
export interface Address {
  readonly family: 4 | 6;
  readonly bytes: readonly number[];
  readonly text: string;
}

const IPV4 = /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/;
const IPV6 = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/;
const LENGTH = /^(?:0|[1-9]\d{0,2})$/;

/** An IPv4 (four decimal parts, no leading zeros) or IPv6 address without zone; undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  if (IPV4.test(text)) {
    const bytes = text.split('.').map(Number);
    return bytes.every((byte) => byte <= 255) ? { family: 4, bytes, text } : undefined;
  }
  if (!IPV6.test(text) || !ipaddr.IPv6.isValid(text)) return undefined;
  const address = ipaddr.IPv6.parse(text);
  return { family: 6, bytes: address.toByteArray(), text: address.toRFC5952String() };
}

/** `10.0.0.0/8`, `2001:db8::/32`, or an address alone, which is a host route (/32 or /128). */
export function parseCidr(text: string): ParsedCidr | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const width = address.bytes.length * 8;
  const lengthText = slash < 0 ? String(width) : text.slice(slash + 1);
  if (!LENGTH.test(lengthText) || Number(lengthText) > width) return undefined;
  const prefixLength = Number(lengthText);
  const bytes = address.bytes.map((byte, index) => byte & maskByte(prefixLength - index * 8));
  const hasHostBits = bytes.some((byte, index) => byte !== address.bytes[index]);
  const network = hasHostBits ? formatAddress(bytes) : address.text;
  const cidr = { family: address.family, bytes, prefixLength, text: `${network}/${prefixLength}` };
  return { cidr, hasHostBits };
}

/** True where every address of `inner` is in `outer`; a block contains itself. */
export function containsCidr(outer: Cidr, inner: Cidr): boolean {
  if (outer.family !== inner.family || inner.prefixLength < outer.prefixLength) return false;
  return outer.bytes.every((byte, index) => {
    const mask = maskByte(outer.prefixLength - index * 8);
    return (byte & mask) === ((inner.bytes[index] ?? 0) & mask);
  });
}

function maskByte(bits: number): number {
  if (bits >= 8) return 0xff;
  return bits <= 0 ? 0 : (0xff << (8 - bits)) & 0xff;
}

/** The canonical text of an address of 4 or 16 bytes. */
export function formatAddress(bytes: Uint8Array | readonly number[]): string {
  return bytes.length === 4 ? bytes.join('.') : new ipaddr.IPv6([...bytes]).toRFC5952String();
}
