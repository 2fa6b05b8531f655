import { pieces, readUint16, readUint32 } from './decode-octets.ts';
import type { BgpRole, Capability, ExtendedNextHop } from './message.ts';

/** IANA: Capability Codes. */
const CODE = {
  multiprotocol: 1,
  'route-refresh': 2,
  'extended-next-hop': 5,
  role: 9,
  'four-octet-as': 65,
} as const;

const HEADER_BYTES = 2;
const EXTENDED_NEXT_HOP_BYTES = 6;

/** RFC 9234 §4.1; the index is the value. */
const ROLES: readonly BgpRole[] = ['provider', 'rs', 'rs-client', 'customer', 'peer'];

/** The value of one optional parameter Capabilities (RFC 5492 §4), with one or many; what is wrong in words. */
export function decodeCapabilities(value: Uint8Array): readonly Capability[] | string {
  const capabilities: Capability[] = [];
  for (let offset = 0; offset < value.length; ) {
    const code = value[offset] ?? 0;
    const end = offset + HEADER_BYTES + (value[offset + 1] ?? 0);
    if (end > value.length) return `capability ${code} is cut off`;
    const capability = decodeCapability(code, value.subarray(offset + HEADER_BYTES, end));
    if (capability === undefined) return `capability ${code} of ${end - offset - HEADER_BYTES} octets`;
    capabilities.push(capability);
    offset = end;
  }
  return capabilities;
}

/** Undefined: a length that it can't have. */
function decodeCapability(code: number, value: Uint8Array): Capability | undefined {
  switch (code) {
    case CODE.multiprotocol:
      // The third octet is reserved (RFC 4760 §8).
      return when(value.length === 4, {
        type: 'multiprotocol',
        afi: readUint16(value, 0),
        safi: value[3] ?? 0,
      });
    case CODE['route-refresh']:
      return when(value.length === 0, { type: 'route-refresh' });
    case CODE['extended-next-hop']:
      return when(value.length % EXTENDED_NEXT_HOP_BYTES === 0, {
        type: 'extended-next-hop',
        families: pieces(value, EXTENDED_NEXT_HOP_BYTES).map(readExtendedNextHop),
      });
    case CODE.role:
      return when(value.length === 1, { type: 'role', role: ROLES[value[0] ?? 0] });
    case CODE['four-octet-as']:
      return when(value.length === 4, { type: 'four-octet-as', asn: readUint32(value, 0) });
    default:
      return { type: 'other', code, value };
  }
}

function when(isRight: boolean, capability: Capability): Capability | undefined {
  return isRight ? capability : undefined;
}

/** RFC 8950 §4: two octets each, the SAFI too. */
function readExtendedNextHop(bytes: Uint8Array): ExtendedNextHop {
  return { afi: readUint16(bytes, 0), safi: readUint16(bytes, 2), nextHopAfi: readUint16(bytes, 4) };
}

/** Throws RangeError for what does not fit. */
export function encodeCapability(capability: Capability): Buffer {
  const value = Buffer.from(encodeValue(capability));
  const code = capability.type === 'other' ? capability.code : CODE[capability.type];
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(code, 0);
  header.writeUInt8(value.length, 1);
  return Buffer.concat([header, value]);
}

function encodeValue(capability: Capability): Uint8Array {
  switch (capability.type) {
    case 'multiprotocol':
      return Buffer.concat([uint16s(capability.afi), Buffer.of(0), uint8(capability.safi)]);
    case 'route-refresh':
      return Buffer.alloc(0);
    case 'extended-next-hop':
      return uint16s(...capability.families.flatMap(({ afi, safi, nextHopAfi }) => [afi, safi, nextHopAfi]));
    case 'role': {
      const { role } = capability;
      if (role === undefined) throw new RangeError('a role without a value');
      return uint8(ROLES.indexOf(role));
    }
    case 'four-octet-as': {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(capability.asn);
      return bytes;
    }
    case 'other':
      return capability.value;
  }
}

function uint8(value: number): Buffer {
  const bytes = Buffer.alloc(1);
  bytes.writeUInt8(value);
  return bytes;
}

function uint16s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2);
  return bytes;
}
