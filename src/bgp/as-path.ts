import { readUint16s, readUint32s } from './decode-octets.ts';
import { AS_TRANS } from './message.ts';
import type { AsPathSegment } from './path-attribute.ts';

/** RFC 4271 §4.3 b), RFC 5065 §3. */
const SEGMENT_CODE = {
  'as-set': 1,
  'as-sequence': 2,
  'as-confed-sequence': 3,
  'as-confed-set': 4,
} as const;

const SEGMENT_TYPES: readonly (AsPathSegment['type'] | undefined)[] = [
  undefined,
  'as-set',
  'as-sequence',
  'as-confed-sequence',
  'as-confed-set',
];

const SEGMENT_HEADER_BYTES = 2;
const MAX_SEGMENT_ASNS = 255;
const MAX_TWO_OCTET_ASN = 0xffff;

/** Octets of an AS number: 4 in AS4_PATH, and where both sides can do it (RFC 6793). */
export type AsnBytes = 2 | 4;

/** AS_PATH or AS4_PATH; what is wrong in words (RFC 7606 §7.2, RFC 7607 §2). No segments: an own path of iBGP. */
export function decodeAsPath(value: Uint8Array, asnBytes: AsnBytes): readonly AsPathSegment[] | string {
  const segments: AsPathSegment[] = [];
  for (let offset = 0; offset < value.length; ) {
    const code = value[offset] ?? 0;
    const type = SEGMENT_TYPES[code];
    if (type === undefined) return `a segment of type ${code}`;
    if (value.length - offset < SEGMENT_HEADER_BYTES) return 'one octet too many';
    const count = value[offset + 1] ?? 0;
    if (count === 0) return 'a segment without AS numbers';
    const start = offset + SEGMENT_HEADER_BYTES;
    offset = start + count * asnBytes;
    if (offset > value.length) return 'a segment that ends after the attribute';
    const field = value.subarray(start, offset);
    const asns = asnBytes === 4 ? readUint32s(field) : readUint16s(field);
    if (asns.includes(0)) return 'AS number 0';
    segments.push({ type, asns });
  }
  return segments;
}

export function hasConfederation(segments: readonly AsPathSegment[]): boolean {
  return segments.some(isConfederation);
}

export function isConfederation({ type }: AsPathSegment): boolean {
  return type === 'as-confed-sequence' || type === 'as-confed-set';
}

/** With AS_TRANS for numbers that do not fit in two octets. Throws RangeError for a segment that can't be written. */
export function encodeAsPath(segments: readonly AsPathSegment[], asnBytes: AsnBytes): Buffer {
  return Buffer.concat(segments.map((segment) => encodeSegment(segment, asnBytes)));
}

function encodeSegment({ type, asns }: AsPathSegment, asnBytes: AsnBytes): Buffer {
  if (asns.length === 0 || asns.length > MAX_SEGMENT_ASNS) {
    throw new RangeError(`a segment of ${asns.length} AS numbers`);
  }
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES + asns.length * asnBytes);
  bytes.writeUInt8(SEGMENT_CODE[type], 0);
  bytes.writeUInt8(asns.length, 1);
  for (const [index, asn] of asns.entries()) {
    bytes.set(encodeAsn(asn, asnBytes), SEGMENT_HEADER_BYTES + index * asnBytes);
  }
  return bytes;
}

/** AS_TRANS stands for what does not fit in two octets (RFC 6793 §4.2.2). */
export function encodeAsn(asn: number, asnBytes: AsnBytes): Buffer {
  const bytes = Buffer.alloc(asnBytes);
  if (asnBytes === 4) bytes.writeUInt32BE(asn);
  else bytes.writeUInt16BE(asn > MAX_TWO_OCTET_ASN ? AS_TRANS : asn);
  return bytes;
}
