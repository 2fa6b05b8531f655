import { formatAddress, parseCidr } from '../lib/cidr.ts';
import type { Prefix } from './message.ts';

/** `10.0.0.0/8`, `2001:db8::1/128`, an address alone as a host route. Undefined: anything else, host bits included. */
export function parsePrefix(text: string): Prefix | undefined {
  const parsed = parseCidr(text);
  if (parsed === undefined || parsed.hasHostBits) return undefined;
  const { family, bytes, prefixLength } = parsed.cidr;
  return {
    family: family === 4 ? 'ipv4' : 'ipv6',
    address: Uint8Array.from(bytes),
    length: prefixLength,
  };
}

/** Canonical, as `Cidr.text` is. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.address)}/${prefix.length}`;
}
