/** Header of a packet (RFC 5905 §7.3); extension fields and a MAC may follow. */
export const NTP_PACKET_BYTES = 48;
/** Bytes of a timestamp: what the request's is filled with tells that the answer is ours. */
export const NTP_NONCE_BYTES = 8;

/** A 64-bit timestamp: seconds since 1900 modulo 2^32 (the era is not told), and 2^-32 of a second. */
export interface NtpTimestamp {
  readonly seconds: number;
  readonly fraction: number;
}

/** What a server answered; names as in RFC 5905 §7.3. */
export interface NtpReply {
  /** 3: its clock is not synchronised. */
  readonly leap: number;
  readonly version: number;
  /** 4: server. */
  readonly mode: number;
  readonly stratum: number;
  readonly rootDelayMs: number;
  readonly rootDispersionMs: number;
  /** Four characters; at stratum 0 the kiss code. */
  readonly referenceId: string;
  readonly reference: NtpTimestamp;
  /** When the request arrived. */
  readonly receive: NtpTimestamp;
  /** When the reply left. */
  readonly transmit: NtpTimestamp;
}

const OFFSETS = {
  stratum: 1,
  rootDelay: 4,
  rootDispersion: 8,
  referenceId: 12,
  reference: 16,
  origin: 24,
  receive: 32,
  transmit: 40,
} as const;
/** No leap warning, version 4, mode 3 (client). */
const CLIENT_V4 = 0x23;
/** From 1900 to 1970 (RFC 5905 §6). */
const UNIX_EPOCH_SECONDS = 2_208_988_800;
const SHORT_UNITS_PER_SECOND = 0x1_0000;
const FRACTIONS_PER_SECOND = 0x1_0000_0000;

/**
 * A client's request that tells nothing of this machine: every field is zero but version, mode and the transmit
 * timestamp, which is random (draft-ietf-ntp-data-minimization §3). `nonce` has 8 bytes.
 */
export function encodeNtpRequest(nonce: Uint8Array): Buffer {
  const packet = Buffer.alloc(NTP_PACKET_BYTES);
  packet.writeUInt8(CLIENT_V4, 0);
  packet.set(nonce, OFFSETS.transmit);
  return packet;
}

/** The reply in a datagram; undefined: too short, or its origin timestamp is not what was sent (late, or forged). */
export function decodeNtpReply(packet: Buffer, nonce: Uint8Array): NtpReply | undefined {
  if (packet.length < NTP_PACKET_BYTES) return undefined;
  if (!packet.subarray(OFFSETS.origin, OFFSETS.origin + NTP_NONCE_BYTES).equals(nonce)) return undefined;
  const first = packet.readUInt8(0);
  return {
    leap: first >> 6,
    version: (first >> 3) & 7,
    mode: first & 7,
    stratum: packet.readUInt8(OFFSETS.stratum),
    rootDelayMs: readShortMs(packet, OFFSETS.rootDelay),
    rootDispersionMs: readShortMs(packet, OFFSETS.rootDispersion),
    referenceId: packet.toString('latin1', OFFSETS.referenceId, OFFSETS.referenceId + 4),
    reference: readTimestamp(packet, OFFSETS.reference),
    receive: readTimestamp(packet, OFFSETS.receive),
    transmit: readTimestamp(packet, OFFSETS.transmit),
  };
}

/** Whether a timestamp says "unknown" (RFC 5905 §6). */
export function isUnknownTime({ seconds, fraction }: NtpTimestamp): boolean {
  return seconds === 0 && fraction === 0;
}

/**
 * How much later a timestamp is than a moment on Unix time, ms. Of all eras the one within 68 years of that moment is
 * meant (RFC 5905 §6), so the roll-over of 2036 is nothing special.
 */
export function millisAfter({ seconds, fraction }: NtpTimestamp, unixMs: number): number {
  const unixSeconds = Math.floor(unixMs / 1000);
  const wholeSeconds = (seconds - ((unixSeconds + UNIX_EPOCH_SECONDS) % FRACTIONS_PER_SECOND)) | 0;
  return wholeSeconds * 1000 + (fraction * 1000) / FRACTIONS_PER_SECOND - (unixMs - unixSeconds * 1000);
}

/** NTP short format, 16.16 bits of a second. */
function readShortMs(packet: Buffer, offset: number): number {
  return (packet.readUInt32BE(offset) * 1000) / SHORT_UNITS_PER_SECOND;
}

function readTimestamp(packet: Buffer, offset: number): NtpTimestamp {
  return { seconds: packet.readUInt32BE(offset), fraction: packet.readUInt32BE(offset + 4) };
}
