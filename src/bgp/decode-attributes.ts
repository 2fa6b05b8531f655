import { ATTRIBUTE_KINDS, attributeName, FLAG } from './attribute-kinds.ts';
import { type AttributeReader, type Malformed, type RawAttribute, readerOf } from './decode-attribute.ts';
import { readUint16 } from './decode-octets.ts';
import { type AttributeFault, type DecodingContext, NO_DATA } from './decode-result.ts';
import { UPDATE_MESSAGE_ERROR } from './notification.ts';
import type { PathAttribute } from './path-attribute.ts';

export interface DecodedAttributes {
  /** In the order of the wire, without those that have an error. */
  readonly attributes: readonly PathAttribute[];
  readonly faults: readonly AttributeFault[];
}

const MP_CODES: readonly number[] = [
  ATTRIBUTE_KINDS['mp-reach-nlri'].code,
  ATTRIBUTE_KINDS['mp-unreach-nlri'].code,
];

const KIND_FLAGS = FLAG.optional | FLAG.transitive;

/** One attribute in its field; `bytes` is all of it, for a NOTIFICATION to quote. */
interface Located extends RawAttribute {
  readonly bytes: Uint8Array;
}

/** The field Path Attributes (RFC 4271 §4.3), with the error handling of RFC 7606. */
export function decodePathAttributes(field: Uint8Array, context: DecodingContext): DecodedAttributes {
  const attributes: PathAttribute[] = [];
  const faults: AttributeFault[] = [];
  const seen = new Set<number>();
  for (let offset = 0; offset < field.length; ) {
    const located = locate(field, offset);
    if ('why' in located) {
      faults.push(located);
      break;
    }
    offset += located.bytes.length;
    const result = seen.has(located.code) ? repeated(located) : readAttribute(located, context);
    seen.add(located.code);
    if ('why' in result) faults.push(result);
    else attributes.push(result);
  }
  return { attributes, faults };
}

/** The attribute that begins there. An error where it does not end in the field (RFC 7606 §4). */
function locate(field: Uint8Array, offset: number): Located | AttributeFault {
  const flags = field[offset] ?? 0;
  const code = field[offset + 1] ?? 0;
  const isExtended = (flags & FLAG.extendedLength) !== 0;
  const start = offset + (isExtended ? 4 : 3);
  const length = isExtended ? readUint16(field, offset + 2) : (field[offset + 2] ?? 0);
  const end = start + length;
  if (end <= field.length) {
    const value = field.subarray(start, end);
    return { flags: flags & ~FLAG.extendedLength, code, value, bytes: field.subarray(offset, end) };
  }
  return {
    code,
    // What was to be announced or withdrawn must be known for a treatment as withdrawal (RFC 7606 §3 j).
    treatment: MP_CODES.includes(code) ? 'session-reset' : 'treat-as-withdraw',
    why: `${attributeName(code)} ends after all attributes`,
    subcode: UPDATE_MESSAGE_ERROR.malformedAttributeList,
    data: NO_DATA,
  };
}

/** RFC 7606 §3 g: the first one counts. */
function repeated({ code }: Located): AttributeFault {
  return {
    code,
    treatment: MP_CODES.includes(code) ? 'session-reset' : 'attribute-discard',
    why: `${attributeName(code)} more than once`,
    subcode: UPDATE_MESSAGE_ERROR.malformedAttributeList,
    data: NO_DATA,
  };
}

function readAttribute(located: Located, context: DecodingContext): PathAttribute | AttributeFault {
  const { code, flags, value } = located;
  const reader = readerOf(code);
  if (reader === undefined) return readUnknown(located);
  if ((flags & KIND_FLAGS) !== reader.kind.flags) return wrongFlags(located, reader);
  const unwanted = reader.unwanted?.(context);
  if (unwanted !== undefined) return discarded(located, reader, unwanted);
  const result = reader.read({ flags, code, value }, context);
  return 'malformed' in result ? malformed(located, reader, result) : result;
}

/** RFC 4271 §9: what is optional may be unknown; §6.3: what is well-known may not. */
function readUnknown({ flags, code, value, bytes }: Located): PathAttribute | AttributeFault {
  if ((flags & FLAG.optional) !== 0) return { type: 'other', flags, code, value };
  return {
    code,
    treatment: 'session-reset',
    why: `${attributeName(code)} is said to be well-known`,
    subcode: UPDATE_MESSAGE_ERROR.unrecognizedWellKnownAttribute,
    data: bytes,
  };
}

/** RFC 7606 §3 c: the Optional and Transitive bits alone count; §5.3 for those with NLRI. */
function wrongFlags({ code, flags, bytes }: Located, { kind }: AttributeReader): AttributeFault {
  const isMp = MP_CODES.includes(code);
  return {
    code,
    treatment: isMp ? 'session-reset' : 'treat-as-withdraw',
    why: `${kind.name} with the flags 0x${flags.toString(16).padStart(2, '0')}`,
    subcode: isMp ? UPDATE_MESSAGE_ERROR.optionalAttributeError : UPDATE_MESSAGE_ERROR.attributeFlagsError,
    data: bytes,
  };
}

function discarded({ code, bytes }: Located, { kind }: AttributeReader, why: string): AttributeFault {
  return {
    code,
    treatment: 'attribute-discard',
    why: `${kind.name} ${why}`,
    subcode: UPDATE_MESSAGE_ERROR.optionalAttributeError,
    data: bytes,
  };
}

function malformed({ code, bytes }: Located, reader: AttributeReader, result: Malformed): AttributeFault {
  return {
    code,
    treatment: reader.onMalformed,
    why: `${reader.kind.name} with ${result.malformed}`,
    subcode: result.subcode,
    // RFC 4271 §6.3: a malformed AS_PATH is the one error that quotes nothing.
    data: result.subcode === UPDATE_MESSAGE_ERROR.malformedAsPath ? NO_DATA : bytes,
  };
}
