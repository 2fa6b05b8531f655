import { parseAddress } from '../lib/cidr.ts';
import { encodeCapability } from './capabilities.ts';
import type { OpenMessage } from './message.ts';

/** RFC 5492 §4. */
const CAPABILITIES = 2;
/** RFC 9072 §2: instead of the length and of the first parameter's type. */
const EXTENDED = 255;
const MAX_OCTET = 0xff;

/** RFC 4271 §4.2 without the header. All capabilities in one optional parameter, which every peer reads. */
export function encodeOpen(message: OpenMessage): Buffer {
  const identifier = parseAddress(message.bgpIdentifier);
  if (identifier?.family !== 4) throw new RangeError(`${message.bgpIdentifier} is no BGP identifier`);
  const fixed = Buffer.alloc(5);
  fixed.writeUInt8(message.version, 0);
  fixed.writeUInt16BE(message.myAutonomousSystem, 1);
  fixed.writeUInt16BE(message.holdTime, 3);
  const capabilities = Buffer.concat(message.capabilities.map(encodeCapability));
  return Buffer.concat([fixed, Buffer.from(identifier.bytes), encodeParameters(capabilities)]);
}

function encodeParameters(capabilities: Buffer): Buffer {
  if (capabilities.length === 0) return Buffer.of(0);
  const parameterBytes = 2 + capabilities.length;
  if (parameterBytes <= MAX_OCTET) {
    return Buffer.concat([Buffer.of(parameterBytes, CAPABILITIES, capabilities.length), capabilities]);
  }
  const header = Buffer.alloc(7);
  header.writeUInt8(EXTENDED, 0);
  header.writeUInt8(EXTENDED, 1);
  header.writeUInt16BE(3 + capabilities.length, 2);
  header.writeUInt8(CAPABILITIES, 4);
  header.writeUInt16BE(capabilities.length, 5);
  return Buffer.concat([header, capabilities]);
}
