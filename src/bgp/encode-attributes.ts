import { parseAddress } from '../lib/cidr.ts';
import { encodeAsn, encodeAsPath } from './as-path.ts';
import { ATTRIBUTE_KINDS, FLAG } from './attribute-kinds.ts';
import { encodePrefixes } from './encode-prefix.ts';
import { type AddressFamily, AFI, type Prefix, SAFI_UNICAST } from './message.ts';
import type { PathAttribute } from './path-attribute.ts';

export interface EncodingContext {
  /** RFC 6793: AS numbers of four octets in AS_PATH and AGGREGATOR. */
  readonly isFourOctetAs: boolean;
}

const ORIGIN_VALUE = { igp: 0, egp: 1, incomplete: 2 } as const;
const EXTENDED_COMMUNITY_BYTES = 8;

/**
 * The field Path Attributes of an UPDATE, in order of type codes, but with MP_REACH_NLRI and MP_UNREACH_NLRI before all
 * others (RFC 7606 §5.1). Throws RangeError for what can't be written.
 */
export function encodedPathAttributes(
  attributes: readonly PathAttribute[],
  context: EncodingContext,
): Buffer {
  const inOrder = [...attributes].sort((one, other) => rankOf(one) - rankOf(other));
  return Buffer.concat(inOrder.map((attribute) => encodeAttribute(attribute, context)));
}

function rankOf(attribute: PathAttribute): number {
  const isMp = attribute.type === 'mp-reach-nlri' || attribute.type === 'mp-unreach-nlri';
  return isMp ? codeOf(attribute) - 0x100 : codeOf(attribute);
}

function codeOf(attribute: PathAttribute): number {
  return attribute.type === 'other' ? attribute.code : ATTRIBUTE_KINDS[attribute.type].code;
}

/** The length has two octets only where one is too short for it (RFC 4271 §4.3). */
function encodeAttribute(attribute: PathAttribute, context: EncodingContext): Buffer {
  const value = encodeValue(attribute, context);
  const flags = attribute.type === 'other' ? attribute.flags : ATTRIBUTE_KINDS[attribute.type].flags;
  const isExtended = value.length > 0xff;
  const header = Buffer.alloc(isExtended ? 4 : 3);
  header.writeUInt8(isExtended ? flags | FLAG.extendedLength : flags & ~FLAG.extendedLength, 0);
  header.writeUInt8(codeOf(attribute), 1);
  if (isExtended) header.writeUInt16BE(value.length, 2);
  else header.writeUInt8(value.length, 2);
  return Buffer.concat([header, value]);
}

function encodeValue(attribute: PathAttribute, { isFourOctetAs }: EncodingContext): Uint8Array {
  const asnBytes = isFourOctetAs ? 4 : 2;
  switch (attribute.type) {
    case 'origin':
      return Uint8Array.of(ORIGIN_VALUE[attribute.origin]);
    case 'as-path':
      return encodeAsPath(attribute.segments, asnBytes);
    case 'next-hop':
      return ipv4(attribute.nextHop);
    case 'multi-exit-disc':
      return uint32s([attribute.med]);
    case 'local-pref':
      return uint32s([attribute.localPref]);
    case 'atomic-aggregate':
      return new Uint8Array(0);
    case 'aggregator':
      return Buffer.concat([encodeAsn(attribute.asn, asnBytes), ipv4(attribute.address)]);
    case 'communities':
      return uint32s(attribute.communities);
    case 'originator-id':
      return ipv4(attribute.originatorId);
    case 'cluster-list':
      return Buffer.concat(attribute.clusterIds.map(ipv4));
    case 'mp-reach-nlri':
      return encodeMpReach(attribute);
    case 'mp-unreach-nlri':
      return Buffer.concat([
        afiSafi(attribute),
        encodePrefixes(spoken(attribute.withdrawnRoutes), familyOf(attribute)),
      ]);
    case 'extended-communities':
      return Buffer.concat(attribute.communities.map(extendedCommunity));
    case 'as4-path':
      return encodeAsPath(attribute.segments, 4);
    case 'as4-aggregator':
      return Buffer.concat([encodeAsn(attribute.asn, 4), ipv4(attribute.address)]);
    case 'large-communities':
      return uint32s(attribute.communities.flat());
    case 'only-to-customer':
      return uint32s([attribute.asn]);
    case 'other':
      return attribute.value;
  }
}

type MpReach = Extract<PathAttribute, { readonly type: 'mp-reach-nlri' }>;

/** RFC 4760 §3: a reserved octet stands after the next hop. */
function encodeMpReach(attribute: MpReach): Buffer {
  const nextHop = Buffer.concat(attribute.nextHops.map(address));
  if (nextHop.length === 0) throw new RangeError('routes without a next hop');
  const nlri = encodePrefixes(spoken(attribute.nlri), familyOf(attribute));
  return Buffer.concat([afiSafi(attribute), Buffer.of(nextHop.length), nextHop, Buffer.of(0), nlri]);
}

interface AfiSafi {
  readonly afi: number;
  readonly safi: number;
}

function afiSafi({ afi, safi }: AfiSafi): Buffer {
  return Buffer.of(afi >> 8, afi & 0xff, safi);
}

function familyOf({ afi, safi }: AfiSafi): AddressFamily {
  const family = (['ipv4', 'ipv6'] as const).find((each) => AFI[each] === afi);
  if (family === undefined || safi !== SAFI_UNICAST) throw new RangeError(`AFI ${afi} SAFI ${safi}`);
  return family;
}

function spoken(prefixes: readonly Prefix[] | undefined): readonly Prefix[] {
  if (prefixes === undefined) throw new RangeError('routes of a family that is not spoken');
  return prefixes;
}

function extendedCommunity(community: Uint8Array): Uint8Array {
  if (community.length === EXTENDED_COMMUNITY_BYTES) return community;
  throw new RangeError(`an extended community of ${community.length} octets`);
}

function uint32s(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}

function ipv4(text: string): Uint8Array {
  const bytes = address(text);
  if (bytes.length !== 4) throw new RangeError(`${text} is no IPv4 address`);
  return bytes;
}

function address(text: string): Uint8Array {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new RangeError(`${text} is no address`);
  return Uint8Array.from(parsed.bytes);
}
