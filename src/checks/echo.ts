import type { BpfInstruction } from '../lib/bpf.ts';
import type { IpFamily } from '../lib/sockaddr.ts';

/** Random bytes at the start of the payload that only one who got our request can know: the smallest payload. */
export const NONCE_BYTES = 16;

/** What makes one echo request ours. On a ping socket the kernel replaces `identifier` by the socket's own. */
export interface EchoRequest {
  readonly family: IpFamily;
  /** 16 bits each. */
  readonly identifier: number;
  readonly sequence: number;
  readonly nonce: Uint8Array;
  /** ≥ 16; at most 65,507 fit into an IPv4 datagram. */
  readonly payloadBytes: number;
}

export const ECHO_HEADER_BYTES = 8;
const IDENTIFIER_OFFSET = 4;
const SEQUENCE_OFFSET = 6;

/** Which types are request and reply: RFC 792 for IPv4, RFC 4443 §4 for IPv6. */
const TYPES = { ipv4: { request: 8, reply: 0 }, ipv6: { request: 128, reply: 129 } } as const;

/**
 * The ICMP message: 8-byte header, then the nonce over and over to `payloadBytes`. The IPv4 checksum is filled in;
 * the IPv6 one covers a pseudo-header too and is always the kernel's work (RFC 3542 §3.1).
 */
export function encodeEchoRequest(request: EchoRequest): Buffer {
  const packet = Buffer.alloc(ECHO_HEADER_BYTES + request.payloadBytes);
  packet.fill(request.nonce, ECHO_HEADER_BYTES);
  packet.writeUInt8(TYPES[request.family].request, 0);
  packet.writeUInt16BE(request.identifier, IDENTIFIER_OFFSET);
  packet.writeUInt16BE(request.sequence, SEQUENCE_OFFSET);
  if (request.family === 'ipv4') packet.writeUInt16BE(internetChecksum(packet), 2);
  return packet;
}

/**
 * Whether an ICMP message (no IP header) answers the encoded request: an echo reply with the same sequence and the
 * same payload to the last byte, and the same identifier unless the kernel chose that.
 */
export function isReplyTo(
  request: Buffer,
  reply: Buffer,
  facts: { readonly family: IpFamily; readonly isIdentifierOurs: boolean },
): boolean {
  if (reply.length !== request.length) return false;
  if (reply.readUInt8(0) !== TYPES[facts.family].reply || reply.readUInt8(1) !== 0) return false;
  const from = facts.isIdentifierOurs ? IDENTIFIER_OFFSET : SEQUENCE_OFFSET;
  return reply.subarray(from).equals(request.subarray(from));
}

/** An IPv4 raw socket delivers the IP header too (raw(7)); an IPv6 one does not. Undefined: cut short. */
export function stripIpHeader(family: IpFamily, packet: Buffer): Buffer | undefined {
  if (family === 'ipv6') return packet;
  const headerBytes = packet.length === 0 ? 0 : (packet.readUInt8(0) & 0x0f) * 4;
  return headerBytes >= 20 && packet.length >= headerBytes + ECHO_HEADER_BYTES
    ? packet.subarray(headerBytes)
    : undefined;
}

/**
 * The filter for a raw socket, which would otherwise hear all ICMP of the host: only echo replies with our identifier
 * get through. The IPv4 one skips an IP header of any length; on IPv6 the kernel shows filters the ICMPv6 header.
 */
export function echoReplyFilter(family: IpFamily, identifier: number): readonly BpfInstruction[] {
  const skipHeader: readonly BpfInstruction[] =
    family === 'ipv4'
      ? [{ code: LDX_IP_HEADER_BYTES, jt: 0, jf: 0, k: 0 }]
      : [{ code: LDX_IMMEDIATE, jt: 0, jf: 0, k: 0 }];
  return [
    ...skipHeader,
    { code: LD_BYTE_AT_X, jt: 0, jf: 0, k: 0 },
    { code: JUMP_EQUAL, jt: 0, jf: 3, k: TYPES[family].reply },
    { code: LD_HALF_AT_X, jt: 0, jf: 0, k: IDENTIFIER_OFFSET },
    { code: JUMP_EQUAL, jt: 0, jf: 1, k: identifier },
    { code: RETURN, jt: 0, jf: 0, k: 0xffff_ffff },
    { code: RETURN, jt: 0, jf: 0, k: 0 },
  ];
}

/** Opcodes of classic BPF (linux/bpf_common.h): class | size | mode. */
const LDX_IP_HEADER_BYTES = 0xb1; // X = 4 × (byte[k] & 15)
const LDX_IMMEDIATE = 0x01;
const LD_BYTE_AT_X = 0x50;
const LD_HALF_AT_X = 0x48;
const JUMP_EQUAL = 0x15;
const RETURN = 0x06;

/** RFC 1071, over a message whose checksum field is 0. */
function internetChecksum(bytes: Buffer): number {
  let sum = 0;
  for (let offset = 0; offset + 1 < bytes.length; offset += 2) sum += bytes.readUInt16BE(offset);
  if (bytes.length % 2 === 1) sum += bytes.readUInt8(bytes.length - 1) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
