import { isIPv4 } from 'node:net';

/** The 8 bytes of RFC 4360 §3.1 and §3.2, RFC 5668 for an AS number of four octets, as 16 hexadecimal digits. */
export function extendedCommunity(subtype: number, administrator: string, local: number): string {
  const number = asNumber(administrator);
  if (isIPv4(administrator)) return join([1, 1], [subtype, 1], [ipNumber(administrator), 4], [local, 2]);
  if (number > 0xffff) return join([2, 1], [subtype, 1], [number, 4], [local, 2]);
  return join([0, 1], [subtype, 1], [number, 2], [local, 4]);
}

/** Plain, or as two halves with a dot (RFC 5396). */
export function asNumber(text: string): number {
  const [high = '', low] = text.split('.');
  return low === undefined ? Number(high) : Number(high) * 65_536 + Number(low);
}

export function hex(value: number, bytes: number): string {
  return value.toString(16).padStart(bytes * 2, '0');
}

function ipNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function join(...fields: readonly (readonly [value: number, bytes: number])[]): string {
  return fields.map(([value, bytes]) => hex(value, bytes)).join('');
}
