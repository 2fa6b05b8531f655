import { type AsnBytes, decodeAsPath, hasConfederation, isConfederation } from './as-path.ts';
import { ATTRIBUTE_KINDS, type AttributeKind, IPV6_EXTENDED_COMMUNITIES } from './attribute-kinds.ts';
import { decodeMpReach, decodeMpUnreach } from './decode-multiprotocol.ts';
import { pieces, readDotted, readUint16, readUint32, readUint32s } from './decode-octets.ts';
import type { AttributeFault, DecodingContext } from './decode-result.ts';
import { UPDATE_MESSAGE_ERROR } from './notification.ts';
import type { LargeCommunity, PathAttribute } from './path-attribute.ts';

/** What is wrong with a value. */
export interface Malformed {
  readonly malformed: string;
  readonly subcode: number;
}

/** One path attribute, its header read. */
export interface RawAttribute {
  /** Without Extended Length. */
  readonly flags: number;
  readonly code: number;
  readonly value: Uint8Array;
}

/** How a kind of attribute is read, and what is done where that fails (RFC 7606 §7). */
export interface AttributeReader {
  readonly kind: AttributeKind;
  readonly onMalformed: AttributeFault['treatment'];
  /** Why it must not come from such a peer at all: it is discarded, whatever it holds. */
  readonly unwanted?: (context: DecodingContext) => string | undefined;
  readonly read: (raw: RawAttribute, context: DecodingContext) => PathAttribute | Malformed;
}

const ORIGINS = ['igp', 'egp', 'incomplete'] as const;
const KINDS = ATTRIBUTE_KINDS;

const READERS: readonly AttributeReader[] = [
  { kind: KINDS.origin, onMalformed: 'treat-as-withdraw', read: readOrigin },
  { kind: KINDS['as-path'], onMalformed: 'treat-as-withdraw', read: readAsPath },
  {
    kind: KINDS['next-hop'],
    onMalformed: 'treat-as-withdraw',
    read: ofLength(4, (value) => ({ type: 'next-hop', nextHop: readDotted(value, 0) })),
  },
  {
    kind: KINDS['multi-exit-disc'],
    onMalformed: 'treat-as-withdraw',
    read: ofLength(4, (value) => ({ type: 'multi-exit-disc', med: readUint32(value, 0) })),
  },
  {
    kind: KINDS['local-pref'],
    onMalformed: 'treat-as-withdraw',
    unwanted: fromExternal,
    read: ofLength(4, (value) => ({ type: 'local-pref', localPref: readUint32(value, 0) })),
  },
  {
    kind: KINDS['atomic-aggregate'],
    onMalformed: 'attribute-discard',
    read: ofLength(0, () => ({ type: 'atomic-aggregate' })),
  },
  { kind: KINDS.aggregator, onMalformed: 'attribute-discard', read: readAggregator },
  {
    kind: KINDS.communities,
    onMalformed: 'treat-as-withdraw',
    read: ofPieces(4, (value) => ({ type: 'communities', communities: readUint32s(value) })),
  },
  {
    kind: KINDS['originator-id'],
    onMalformed: 'treat-as-withdraw',
    unwanted: fromExternal,
    read: ofLength(4, (value) => ({ type: 'originator-id', originatorId: readDotted(value, 0) })),
  },
  {
    kind: KINDS['cluster-list'],
    onMalformed: 'treat-as-withdraw',
    unwanted: fromExternal,
    read: ofPieces(4, (value) => ({
      type: 'cluster-list',
      clusterIds: pieces(value, 4).map((id) => readDotted(id, 0)),
    })),
  },
  {
    kind: KINDS['mp-reach-nlri'],
    onMalformed: 'session-reset',
    read: ({ value }, context) => orOptionalError(decodeMpReach(value, context)),
  },
  {
    kind: KINDS['mp-unreach-nlri'],
    onMalformed: 'session-reset',
    read: ({ value }, context) => orOptionalError(decodeMpUnreach(value, context)),
  },
  {
    kind: KINDS['extended-communities'],
    onMalformed: 'treat-as-withdraw',
    read: ofPieces(8, (value) => ({ type: 'extended-communities', communities: pieces(value, 8) })),
  },
  {
    kind: KINDS['as4-path'],
    onMalformed: 'attribute-discard',
    unwanted: fromFourOctet,
    read: readAs4Path,
  },
  {
    kind: KINDS['as4-aggregator'],
    onMalformed: 'attribute-discard',
    unwanted: fromFourOctet,
    read: readAs4Aggregator,
  },
  {
    kind: IPV6_EXTENDED_COMMUNITIES,
    onMalformed: 'treat-as-withdraw',
    read: (raw, context) => ofPieces(20, () => ({ type: 'other', ...raw }))(raw, context),
  },
  {
    kind: KINDS['large-communities'],
    onMalformed: 'treat-as-withdraw',
    read: ofPieces(12, (value) => ({
      type: 'large-communities',
      communities: pieces(value, 12).map(readLargeCommunity),
    })),
  },
  {
    kind: KINDS['only-to-customer'],
    onMalformed: 'treat-as-withdraw',
    read: ofLength(4, (value) => ({ type: 'only-to-customer', asn: readUint32(value, 0) })),
  },
];

const READER_OF: ReadonlyMap<number, AttributeReader> = new Map(
  READERS.map((reader) => [reader.kind.code, reader]),
);

/** Undefined: an attribute without a meaning here. */
export function readerOf(code: number): AttributeReader | undefined {
  return READER_OF.get(code);
}

/** RFC 7606 §7.5, §7.9, §7.10. */
function fromExternal({ isIbgp }: DecodingContext): string | undefined {
  return isIbgp ? undefined : 'from an external peer';
}

/** RFC 6793 §6. */
function fromFourOctet({ isFourOctetAs }: DecodingContext): string | undefined {
  return isFourOctetAs ? 'from a peer with AS numbers of four octets' : undefined;
}

type Reading = (value: Uint8Array) => PathAttribute;

function ofLength(length: number, reading: Reading): AttributeReader['read'] {
  return ({ value }) => (value.length === length ? reading(value) : wrongLength(value));
}

/** One piece or more, each of so many octets. */
function ofPieces(length: number, reading: Reading): AttributeReader['read'] {
  return ({ value }) =>
    value.length > 0 && value.length % length === 0 ? reading(value) : wrongLength(value);
}

function wrongLength(value: Uint8Array): Malformed {
  return {
    malformed: `${value.length} ${value.length === 1 ? 'octet' : 'octets'}`,
    subcode: UPDATE_MESSAGE_ERROR.attributeLengthError,
  };
}

function readOrigin({ value }: RawAttribute): PathAttribute | Malformed {
  if (value.length !== 1) return wrongLength(value);
  const origin = ORIGINS[value[0] ?? 0];
  if (origin !== undefined) return { type: 'origin', origin };
  return { malformed: `value ${value[0]}`, subcode: UPDATE_MESSAGE_ERROR.invalidOriginAttribute };
}

function readAsPath({ value }: RawAttribute, context: DecodingContext): PathAttribute | Malformed {
  const subcode = UPDATE_MESSAGE_ERROR.malformedAsPath;
  const segments = decodeAsPath(value, asnBytesOf(context));
  if (typeof segments === 'string') return { malformed: segments, subcode };
  // RFC 5065 §5.3: confederations are no part of this speaker, so an external peer is in none with it.
  if (!context.isIbgp && hasConfederation(segments)) return { malformed: 'a confederation', subcode };
  return { type: 'as-path', segments };
}

/** RFC 6793 §6; segments of confederations have no place in it and are left out. */
function readAs4Path({ value }: RawAttribute): PathAttribute | Malformed {
  const read = decodeAsPath(value, 4);
  const segments = typeof read === 'string' ? read : read.filter((segment) => !isConfederation(segment));
  if (typeof segments !== 'string' && segments.length > 0) return { type: 'as4-path', segments };
  return {
    malformed: typeof segments === 'string' ? segments : 'no AS numbers',
    subcode: UPDATE_MESSAGE_ERROR.optionalAttributeError,
  };
}

function readAggregator({ value }: RawAttribute, context: DecodingContext): PathAttribute | Malformed {
  const asnBytes = asnBytesOf(context);
  if (value.length !== asnBytes + 4) return wrongLength(value);
  const asn = asnBytes === 4 ? readUint32(value, 0) : readUint16(value, 0);
  if (asn === 0) return noAsn();
  return { type: 'aggregator', asn, address: readDotted(value, asnBytes) };
}

function readAs4Aggregator({ value }: RawAttribute): PathAttribute | Malformed {
  if (value.length !== 8) return wrongLength(value);
  const asn = readUint32(value, 0);
  return asn === 0 ? noAsn() : { type: 'as4-aggregator', asn, address: readDotted(value, 4) };
}

/** RFC 7607 §2. */
function noAsn(): Malformed {
  return { malformed: 'AS number 0', subcode: UPDATE_MESSAGE_ERROR.optionalAttributeError };
}

function asnBytesOf({ isFourOctetAs }: DecodingContext): AsnBytes {
  return isFourOctetAs ? 4 : 2;
}

function readLargeCommunity(bytes: Uint8Array): LargeCommunity {
  return [readUint32(bytes, 0), readUint32(bytes, 4), readUint32(bytes, 8)];
}

/** RFC 4760 §7. */
function orOptionalError(result: PathAttribute | string): PathAttribute | Malformed {
  if (typeof result !== 'string') return result;
  return { malformed: result, subcode: UPDATE_MESSAGE_ERROR.optionalAttributeError };
}
