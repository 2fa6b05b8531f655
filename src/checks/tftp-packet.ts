/** Packets as RFC 1350 §5 and RFC 2347 have them, of those that a server may send us. */
export type TftpPacket =
  | { readonly kind: 'data'; readonly block: number; readonly content: Buffer }
  | { readonly kind: 'error'; readonly code: number; readonly message: Buffer }
  | { readonly kind: 'options'; readonly options: readonly TftpOption[] }
  /** Nothing that a server sends; `what` says why, for people. */
  | { readonly kind: 'wrong'; readonly what: string };

/** An option and its value, as text (RFC 2347). */
export type TftpOption = readonly [name: string, value: string];

/** Error codes (RFC 1350 appendix I, RFC 2347). */
export const TFTP_ERROR = {
  undefined: 0,
  notFound: 1,
  accessViolation: 2,
  allocationExceeded: 3,
  illegalOperation: 4,
  unknownTransfer: 5,
  optionsRefused: 8,
} as const;

/** Bytes of a block unless another size is agreed (RFC 1350 §1). */
export const PLAIN_BLOCK_BYTES = 512;
export const BLOCK_NUMBERS = 0x1_0000;

const OPCODE = { read: 1, data: 3, ack: 4, error: 5, options: 6 } as const;
const HEADER_BYTES = 4;
/** As long as a request may be (RFC 2347): no honest answer to it is longer. */
const MAX_OPTIONS_BYTES = 512;

/** Asks for a file in octet mode. The path goes out as it is, in UTF-8; it must hold no NUL. */
export function encodeReadRequest(path: string, options: readonly TftpOption[]): Buffer {
  const texts = [path, 'octet', ...options.flat()];
  return Buffer.concat([uint16(OPCODE.read), ...texts.map((text) => Buffer.from(`${text}\0`))]);
}

/** `block` modulo 65536. */
export function encodeAck(block: number): Buffer {
  return Buffer.concat([uint16(OPCODE.ack), uint16(block % BLOCK_NUMBERS)]);
}

export function encodeError(code: number, message: string): Buffer {
  return Buffer.concat([uint16(OPCODE.error), uint16(code), Buffer.from(`${message}\0`)]);
}

/** What a datagram says. The content is not copied. */
export function decodeTftp(packet: Buffer): TftpPacket {
  if (packet.length < 2) return { kind: 'wrong', what: `a datagram of ${packet.length} bytes` };
  const opcode = packet.readUInt16BE(0);
  if (opcode === OPCODE.options) return decodeOptions(packet);
  if (opcode !== OPCODE.data && opcode !== OPCODE.error) {
    return { kind: 'wrong', what: `a packet of type ${opcode}` };
  }
  if (packet.length < HEADER_BYTES) {
    return { kind: 'wrong', what: `a packet of type ${opcode} of ${packet.length} bytes` };
  }
  const number = packet.readUInt16BE(2);
  const rest = packet.subarray(HEADER_BYTES);
  if (opcode === OPCODE.data) return { kind: 'data', block: number, content: rest };
  const end = rest.indexOf(0);
  return { kind: 'error', code: number, message: end < 0 ? rest : rest.subarray(0, end) };
}

function decodeOptions(packet: Buffer): TftpPacket {
  const isWhole = packet.length === 2 || packet.at(-1) === 0;
  if (packet.length > MAX_OPTIONS_BYTES || !isWhole) return { kind: 'wrong', what: 'options cut off' };
  const texts = packet.toString('latin1', 2, Math.max(packet.length - 1, 2)).split('\0');
  if (packet.length === 2) return { kind: 'options', options: [] };
  if (texts.length % 2 === 1) return { kind: 'wrong', what: 'an option without a value' };
  const options = texts.flatMap((name, index): TftpOption[] =>
    index % 2 === 0 ? [[name.toLowerCase(), texts[index + 1] ?? '']] : [],
  );
  return { kind: 'options', options };
}

function uint16(value: number): Buffer {
  return Buffer.from([value >>> 8, value & 0xff]);
}
