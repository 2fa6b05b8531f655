import { readUint16 } from './decode-octets.ts';
import { decodeOpen } from './decode-open.ts';
import type { Decoded, DecodingContext } from './decode-result.ts';
import { decodeUpdate } from './decode-update.ts';
import {
  HEADER_BYTES,
  lengthOrTypeFault,
  MAX_EXTENDED_MESSAGE_BYTES,
  MESSAGE_CODE,
  routeRefreshFault,
} from './framer.ts';
import type { RouteRefreshMessage } from './message.ts';

export type { AttributeError, Decoded, DecodingContext } from './decode-result.ts';

/**
 * A message from what the framer found: its type, and all after the header. What it gives shares the memory of `body`.
 * Never throws, whatever the bytes.
 */
export function decodeMessage(type: number, body: Uint8Array, context: DecodingContext): Decoded {
  const fault = lengthOrTypeFault(type, HEADER_BYTES + body.length, MAX_EXTENDED_MESSAGE_BYTES);
  if (fault !== undefined) return fault;
  // Not a Buffer, whose `subarray` would give Buffers.
  const bytes = new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  switch (type) {
    case MESSAGE_CODE.open:
      return decodeOpen(bytes);
    case MESSAGE_CODE.update:
      return decodeUpdate(bytes, context);
    case MESSAGE_CODE.notification:
      return decodeNotification(bytes);
    case MESSAGE_CODE['route-refresh']:
      return decodeRouteRefresh(bytes);
    default:
      return { ok: true, message: { type: 'keepalive' }, errors: [] };
  }
}

/** RFC 4271 §4.5: whatever it says, there is no answer to it. */
function decodeNotification(body: Uint8Array): Decoded {
  const [errorCode = 0, errorSubcode = 0] = body;
  const message = { type: 'notification', errorCode, errorSubcode, data: body.subarray(2) } as const;
  return { ok: true, message, errors: [] };
}

/** RFC 2918 §3, of any family; RFC 7313 §3.2 for the subtype. */
function decodeRouteRefresh(body: Uint8Array): Decoded {
  const fault = routeRefreshFault(body);
  if (fault !== undefined) return fault;
  const message: RouteRefreshMessage = {
    type: 'route-refresh',
    afi: readUint16(body, 0),
    safi: body[3] ?? 0,
    subtype: body[2] ?? 0,
  };
  return { ok: true, message, errors: [] };
}
