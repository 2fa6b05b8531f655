import { type EncodingContext, encodedPathAttributes } from './encode-attributes.ts';
import { encodeOpen } from './encode-open.ts';
import { encodePrefixes } from './encode-prefix.ts';
import { HEADER_BYTES, MAX_MESSAGE_BYTES, MESSAGE_CODE } from './framer.ts';
import type { BgpMessage, RouteRefreshMessage, UpdateMessage } from './message.ts';
import type { Notification } from './notification.ts';

export { type EncodingContext, encodedPathAttributes } from './encode-attributes.ts';
export { encodedPrefix, prefixBytes } from './encode-prefix.ts';

const MARKER_BYTES = 16;

/**
 * A message with its header, as it goes on the wire. Throws RangeError for what can't be written: more than 4096 octets,
 * a number that does not fit in its field, no address where one belongs, routes of a family that is not spoken.
 */
export function encodeMessage(message: BgpMessage, context: EncodingContext): Buffer {
  const body = encodeBody(message, context);
  const length = HEADER_BYTES + body.length;
  if (length > MAX_MESSAGE_BYTES) throw new RangeError(`a message of ${length} octets`);
  const header = Buffer.alloc(HEADER_BYTES, 0xff);
  header.writeUInt16BE(length, MARKER_BYTES);
  header.writeUInt8(MESSAGE_CODE[message.type], MARKER_BYTES + 2);
  return Buffer.concat([header, body]);
}

function encodeBody(message: BgpMessage, context: EncodingContext): Buffer {
  switch (message.type) {
    case 'open':
      return encodeOpen(message);
    case 'update':
      return encodeUpdate(message, context);
    case 'keepalive':
      return Buffer.alloc(0);
    case 'notification':
      return encodeNotification(message);
    case 'route-refresh':
      return encodeRouteRefresh(message);
  }
}

/** RFC 4271 §4.3. */
function encodeUpdate(message: UpdateMessage, context: EncodingContext): Buffer {
  const withdrawn = encodePrefixes(message.withdrawnRoutes, 'ipv4');
  const attributes = encodedPathAttributes(message.pathAttributes, context);
  const nlri = encodePrefixes(message.nlri, 'ipv4');
  return Buffer.concat([withLength(withdrawn), withLength(attributes), nlri]);
}

function withLength(field: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(field.length);
  return Buffer.concat([length, field]);
}

/** RFC 4271 §4.5. */
function encodeNotification({ errorCode, errorSubcode, data }: Notification): Buffer {
  const codes = Buffer.alloc(2);
  codes.writeUInt8(errorCode, 0);
  codes.writeUInt8(errorSubcode, 1);
  return Buffer.concat([codes, data]);
}

/** RFC 2918 §3, RFC 7313 §3.2. */
function encodeRouteRefresh({ afi, safi, subtype }: RouteRefreshMessage): Buffer {
  const body = Buffer.alloc(4);
  body.writeUInt16BE(afi, 0);
  body.writeUInt8(subtype, 2);
  body.writeUInt8(safi, 3);
  return body;
}
