import { ERROR_CODE, MESSAGE_HEADER_ERROR, type Notification, ROUTE_REFRESH_ERROR } from './notification.ts';

/** A message without its header, or what is wrong with the stream and ends the session. */
export type Framed =
  | {
      readonly ok: true;
      /** As it stands on the wire: one of `MESSAGE_CODE`. */
      readonly type: number;
      /** May share its memory with the chunk that it came in. */
      readonly body: Uint8Array;
    }
  | Misframed;

export interface Misframed {
  readonly ok: false;
  readonly notification: Notification;
  /** In words, for the log. */
  readonly why: string;
}

/** RFC 4271 §4.1, and 5 of RFC 2918 §3. */
export const MESSAGE_CODE = {
  open: 1,
  update: 2,
  notification: 3,
  keepalive: 4,
  'route-refresh': 5,
} as const;

/** RFC 4271 §4.1: marker, length, type. */
export const HEADER_BYTES = 19;
export const MAX_MESSAGE_BYTES = 4_096;
/** RFC 8654, or what two octets can say. */
export const MAX_EXTENDED_MESSAGE_BYTES = 0xffff;
/** RFC 4271 §4.5: what a NOTIFICATION has room for. */
export const MAX_NOTIFICATION_DATA_BYTES = MAX_MESSAGE_BYTES - HEADER_BYTES - 2;
const MARKER_BYTES = 16;
const TYPE_OFFSET = 18;
const ROUTE_REFRESH_BODY_BYTES = 4;

/** RFC 4271 §6.1. A ROUTE-REFRESH has an error of its own (`routeRefreshFault`). */
const LEAST_BYTES: Readonly<Record<number, number>> = {
  [MESSAGE_CODE.open]: 29,
  [MESSAGE_CODE.update]: 23,
  [MESSAGE_CODE.notification]: 21,
  [MESSAGE_CODE.keepalive]: HEADER_BYTES,
  [MESSAGE_CODE['route-refresh']]: HEADER_BYTES,
};

/**
 * Cuts a stream of bytes into messages, wherever it was split. Takes time in proportion to the bytes, and holds no more
 * than one message. After a fault it takes nothing: where the next message begins is not known any more.
 */
export class Framer {
  readonly #maxBytes: number;
  /** The beginning of a message whose end has not come. */
  #held = new Uint8Array(0);
  #heldBytes = 0;
  #isOver = false;

  /** `maxBytes`: of a whole message; more than 4096 only where RFC 8654 was agreed on. */
  constructor(maxBytes = MAX_MESSAGE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Uint8Array): readonly Framed[] {
    const framed: Framed[] = [];
    // Not `subarray`, which would make Buffers of a Buffer.
    let rest = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    while (rest.length > 0 && !this.#isOver) {
      const used = this.#heldBytes > 0 ? this.#continue(rest, framed) : this.#begin(rest, framed);
      rest = rest.subarray(used);
    }
    return framed;
  }

  /** Takes a message that stands in the chunk as a whole, without a copy. Gives how many bytes it took. */
  #begin(bytes: Uint8Array, framed: Framed[]): number {
    if (bytes.length < HEADER_BYTES) return this.#hold(bytes, bytes.length);
    if (this.#refuse(bytes, framed)) return bytes.length;
    const length = lengthOf(bytes);
    if (bytes.length < length) return this.#hold(bytes, length);
    this.#emit(bytes.subarray(0, length), framed);
    return length;
  }

  #continue(bytes: Uint8Array, framed: Framed[]): number {
    const hadHeader = this.#heldBytes >= HEADER_BYTES;
    const wanted = hadHeader ? lengthOf(this.#held) : HEADER_BYTES;
    const used = this.#hold(bytes, wanted - this.#heldBytes);
    if (this.#heldBytes < wanted) return used;
    if (!hadHeader && this.#refuse(this.#held, framed)) return used;
    const length = lengthOf(this.#held);
    if (this.#heldBytes < length) return used;
    this.#emit(this.#held.slice(0, length), framed);
    this.#heldBytes = 0;
    return used;
  }

  /** Keeps up to so many bytes; gives how many it took. */
  #hold(bytes: Uint8Array, wanted: number): number {
    if (this.#held.length === 0) this.#held = new Uint8Array(this.#maxBytes);
    const used = Math.min(wanted, bytes.length);
    this.#held.set(bytes.subarray(0, used), this.#heldBytes);
    this.#heldBytes += used;
    return used;
  }

  #refuse(header: Uint8Array, framed: Framed[]): boolean {
    const fault = headerFault(header, this.#maxBytes);
    if (fault === undefined) return false;
    framed.push(fault);
    this.#isOver = true;
    return true;
  }

  #emit(message: Uint8Array, framed: Framed[]): void {
    const type = message[TYPE_OFFSET] ?? 0;
    const body = message.subarray(HEADER_BYTES);
    const fault = type === MESSAGE_CODE['route-refresh'] ? routeRefreshFault(body) : undefined;
    this.#isOver = fault !== undefined;
    framed.push(fault ?? { ok: true, type, body });
  }
}

/** RFC 4271 §6.1, in its order: marker, length, type. */
function headerFault(header: Uint8Array, maxBytes: number): Misframed | undefined {
  for (let index = 0; index < MARKER_BYTES; index += 1) {
    if (header[index] !== 0xff) {
      return misframed(MESSAGE_HEADER_ERROR.connectionNotSynchronized, [], 'the marker is not all ones');
    }
  }
  return lengthOrTypeFault(header[TYPE_OFFSET] ?? 0, lengthOf(header), maxBytes);
}

/** What is wrong with a message of this type and length (header included), as far as its header tells. */
export function lengthOrTypeFault(type: number, length: number, maxBytes: number): Misframed | undefined {
  const least = LEAST_BYTES[type] ?? HEADER_BYTES;
  const most = type === MESSAGE_CODE.keepalive ? HEADER_BYTES : maxBytes;
  if (length < least || length > most) {
    const data = [length >> 8, length & 0xff];
    const why = `a message of type ${type} can not be of ${length} octets`;
    return misframed(MESSAGE_HEADER_ERROR.badMessageLength, data, why);
  }
  if (LEAST_BYTES[type] !== undefined) return undefined;
  return misframed(MESSAGE_HEADER_ERROR.badMessageType, [type], `there is no message of type ${type}`);
}

/** RFC 7313 §5: the length of a ROUTE-REFRESH is fixed, and the answer quotes it whole, as far as there is room. */
export function routeRefreshFault(body: Uint8Array): Misframed | undefined {
  if (body.length === ROUTE_REFRESH_BODY_BYTES) return undefined;
  const length = HEADER_BYTES + body.length;
  const message = new Uint8Array(length).fill(0xff, 0, MARKER_BYTES);
  message.set([length >> 8, length & 0xff, MESSAGE_CODE['route-refresh']], MARKER_BYTES);
  message.set(body, HEADER_BYTES);
  return {
    ok: false,
    notification: {
      errorCode: ERROR_CODE.routeRefresh,
      errorSubcode: ROUTE_REFRESH_ERROR.invalidMessageLength,
      data: message.subarray(0, MAX_NOTIFICATION_DATA_BYTES),
    },
    why: `a ROUTE-REFRESH can not be of ${length} octets`,
  };
}

function misframed(errorSubcode: number, data: readonly number[], why: string): Misframed {
  return {
    ok: false,
    notification: { errorCode: ERROR_CODE.messageHeader, errorSubcode, data: Uint8Array.from(data) },
    why,
  };
}

function lengthOf(header: Uint8Array): number {
  return ((header[MARKER_BYTES] ?? 0) << 8) | (header[MARKER_BYTES + 1] ?? 0);
}
