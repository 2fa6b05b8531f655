import { ADDRESS_BYTES, octetsOf } from './decode-prefixes.ts';
import type { AddressFamily, Prefix } from './message.ts';

/** As it stands in an UPDATE (RFC 4271 §4.3). Throws RangeError for what is no prefix. */
export function encodedPrefix(prefix: Prefix): Buffer {
  const { address, length } = prefix;
  const width = ADDRESS_BYTES[prefix.family];
  if (address.length !== width || !Number.isInteger(length) || length < 0 || length > width * 8) {
    throw new RangeError(`a prefix of ${length} bits with an address of ${address.length} octets`);
  }
  const bytes = Buffer.alloc(prefixBytes(prefix));
  bytes.writeUInt8(length, 0);
  bytes.set(address.subarray(0, bytes.length - 1), 1);
  return bytes;
}

/** How many octets `encodedPrefix` gives. */
export function prefixBytes(prefix: Prefix): number {
  return 1 + octetsOf(prefix.length);
}

/** A field of prefixes, all of this family: another one's would read as something else. */
export function encodePrefixes(prefixes: readonly Prefix[], family: AddressFamily): Buffer {
  const stranger = prefixes.find((prefix) => prefix.family !== family);
  if (stranger !== undefined) throw new RangeError(`an ${stranger.family} prefix among those of ${family}`);
  return Buffer.concat(prefixes.map(encodedPrefix));
}
