import type { AddressFamily, Prefix } from './message.ts';

/** Octets of an address. */
export const ADDRESS_BYTES = { ipv4: 4, ipv6: 16 } as const;

/**
 * A field of prefixes (RFC 4271 §4.3): each its length in bits, and as many octets as hold them. Gives what is wrong in
 * words (RFC 7606 §5.3). Bits beyond the length have no meaning, and are gone.
 *
 * A peer may send a million of them: all addresses of a field share one piece of memory.
 */
export function decodePrefixes(field: Uint8Array, family: AddressFamily): readonly Prefix[] | string {
  const width = ADDRESS_BYTES[family];
  const count = countPrefixes(field, width * 8);
  if (typeof count === 'string') return count;
  const addresses = new Uint8Array(count * width);
  const prefixes: Prefix[] = [];
  let offset = 0;
  for (let start = 0; start < addresses.length; start += width) {
    const length = field[offset] ?? 0;
    const end = start + octetsOf(length);
    for (let index = start; index < end; index += 1) {
      offset += 1;
      addresses[index] = field[offset] ?? 0;
    }
    offset += 1;
    if (length % 8 > 0) addresses[end - 1] = (addresses[end - 1] ?? 0) & (0xff << (8 - (length % 8)));
    prefixes.push({ family, address: addresses.subarray(start, start + width), length });
  }
  return prefixes;
}

function countPrefixes(field: Uint8Array, mostBits: number): number | string {
  let count = 0;
  for (let offset = 0; offset < field.length; count += 1) {
    const length = field[offset] ?? 0;
    if (length > mostBits) return `a prefix of ${length} bits`;
    offset += 1 + octetsOf(length);
    if (offset > field.length) return `a prefix of ${length} bits that ends after its field`;
  }
  return count;
}

/** How many octets hold so many bits. */
export function octetsOf(bits: number): number {
  return (bits + 7) >> 3;
}
