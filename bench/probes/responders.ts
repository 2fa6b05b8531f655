/** Answers of the datagram services, by bytes alone, and what the TCP one says. */

export const QUESTION = 'ping\n';
export const ANSWER = 'pong';

export const DNS_NAME = 'web.bench.test';
export const DNS_ADDRESS = '192.0.2.1';
export const TFTP_FILE = 'image';
export const TFTP_CONTENT = Buffer.alloc(64, 'x');

const DNS_HEADER_BYTES = 12;
/** Pointer to the name asked for, A, IN, a TTL of 60 s, and 192.0.2.1 (RFC 1035 §4.1.3). */
const DNS_RECORD = Buffer.from('c00c000100010000003c0004c0000201', 'hex');

/** The answer to a query of one question; its additional records are not looked at. */
export function dnsAnswer(query: Buffer): Buffer {
  const questionEnd = query.indexOf(0, DNS_HEADER_BYTES) + 5;
  const header = Buffer.from('000081800001000100000000', 'hex');
  query.copy(header, 0, 0, 2);
  return Buffer.concat([header, query.subarray(DNS_HEADER_BYTES, questionEnd), DNS_RECORD]);
}

const UNIX_EPOCH_SECONDS = 2_208_988_800;

/** What a server of stratum 2 answers whose clock says `nowMs` (RFC 5905 §7.3). */
export function ntpAnswer(request: Buffer, nowMs: number): Buffer {
  const answer = Buffer.alloc(48);
  answer.set([0x24, 2, request[2] ?? 6, 0xe9], 0);
  answer.writeUInt32BE(0x100, 4);
  answer.writeUInt32BE(0x100, 8);
  answer.set([192, 0, 2, 2], 12);
  for (const offset of [16, 32, 40]) {
    answer.writeUInt32BE((Math.floor(nowMs / 1_000) + UNIX_EPOCH_SECONDS) % 2 ** 32, offset);
    answer.writeUInt32BE(Math.floor((nowMs % 1_000) * (2 ** 32 / 1_000)), offset + 4);
  }
  request.copy(answer, 24, 40, 48);
  return answer;
}

const [READ_REQUEST, ACKNOWLEDGEMENT] = [1, 4];

/** The next packet of a transfer of one block; it follows from the client's last alone. undefined: there is none. */
export function tftpAnswer(packet: Buffer): Buffer | undefined {
  const [opcode, block] = [packet.readUInt16BE(0), packet.readUInt16BE(2)];
  const data = Buffer.concat([Buffer.of(0, 3, 0, 1), TFTP_CONTENT]);
  if (opcode === ACKNOWLEDGEMENT) return block === 0 ? data : undefined;
  if (opcode !== READ_REQUEST) return undefined;
  const [, , ...asked] = packet.toString('latin1', 2).split('\0').slice(0, -1);
  if (asked.length === 0) return data;
  const told = asked.map((text, index) => (asked[index - 1] === 'tsize' ? `${TFTP_CONTENT.length}` : text));
  return Buffer.from(`\0\u0006${told.join('\0')}\0`, 'latin1');
}
