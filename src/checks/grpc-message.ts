/** HealthCheckResponse.ServingStatus of grpc.health.v1. */
export const SERVING_STATUS = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;

export type Unframed =
  | { readonly ok: true; readonly message: Buffer }
  | { readonly ok: false; readonly problem: string };

/** A flag (compressed or not) and the length, big-endian. */
const PREFIX_BYTES = 5;
/** A varint of 64 bits. */
const MOST_VARINT_BYTES = 10;

/** A HealthCheckRequest, with its prefix: `message HealthCheckRequest { string service = 1; }`. */
export function encodeCheckRequest(service: string): Buffer {
  const name = Buffer.from(service);
  // Protocol Buffers leave out what is empty.
  const message =
    name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a]), encodeVarint(name.length), name]);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** The one message of a unary answer. It may not be compressed, since we accept nothing compressed. */
export function unframe(body: Buffer): Unframed {
  if (body.length === 0) return { ok: false, problem: 'no message' };
  if (body.length < PREFIX_BYTES) return { ok: false, problem: 'a message without its length' };
  if (body[0] !== 0) return { ok: false, problem: `a message with the flags ${body[0]}, not 0` };
  const length = body.readUInt32BE(1);
  const rest = body.length - PREFIX_BYTES;
  if (length !== rest) return { ok: false, problem: `a message of ${length} bytes in ${rest}` };
  return { ok: true, message: body.subarray(PREFIX_BYTES) };
}

/**
 * The status in a HealthCheckResponse: `message HealthCheckResponse { ServingStatus status = 1; }`, left out where it is 0.
 * Of several the last counts; other fields are skipped. undefined: these bytes are no message.
 */
export function decodeCheckResponse(message: Buffer): number | undefined {
  let status = 0;
  let at = 0;
  while (at < message.length) {
    const tag = readVarint(message, at);
    const [field, wireType] = [Math.floor((tag?.value ?? 0) / 8), (tag?.value ?? 0) % 8];
    if (tag === undefined || field === 0) return undefined;
    const next = skipField(message, tag.next, wireType);
    if (next === undefined) return undefined;
    if (field === 1 && wireType === 0) status = readVarint(message, tag.next)?.value ?? 0;
    at = next;
  }
  return status;
}

/** Where the next field begins; undefined: the message ends before, or the wire type is none (groups are not of proto3). */
function skipField(message: Buffer, at: number, wireType: number): number | undefined {
  switch (wireType) {
    case 0:
      return readVarint(message, at)?.next;
    case 1:
      return within(message, at + 8);
    case 2: {
      const length = readVarint(message, at);
      return length === undefined ? undefined : within(message, length.next + length.value);
    }
    case 5:
      return within(message, at + 4);
    default:
      return undefined;
  }
}

function within(message: Buffer, next: number): number | undefined {
  return next <= message.length ? next : undefined;
}

/** Exact up to 2^53; what is larger is larger than anything here, and stays so. */
function readVarint(
  bytes: Buffer,
  at: number,
): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let index = 0; index < MOST_VARINT_BYTES; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, next: at + index + 1 };
  }
  return undefined;
}

function encodeVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.from([...bytes, rest]);
}
