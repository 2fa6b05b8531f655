const BGP_PORT = 179;
const CLIENT_PORT = 40_000;
/** IPv4 without a link layer: LINKTYPE_RAW. */
const LINKTYPE_RAW = 101;
const FLAGS_PSH_ACK = 0x18;
const PROTOCOL_TCP = 6;
const CLIENT = [192, 0, 2, 1];
const ROUTER = [192, 0, 2, 2];

/** A capture file (pcap, microseconds) of one TCP connection to port 179, a segment for each message. */
export function bgpCapture(messages: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(0xffff, 16);
  header.writeUInt32LE(LINKTYPE_RAW, 20);
  let sequence = 1;
  const records = messages.map((message, index) => {
    const packet = ipv4(tcp(message, sequence), index);
    sequence += message.length;
    const record = Buffer.alloc(16);
    record.writeUInt32LE(index, 0);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet.length, 12);
    return Buffer.concat([record, packet]);
  });
  return Buffer.concat([header, ...records]);
}

function tcp(data: Buffer, sequence: number): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(CLIENT_PORT, 0);
  header.writeUInt16BE(BGP_PORT, 2);
  header.writeUInt32BE(sequence, 4);
  header.writeUInt32BE(1, 8);
  header.writeUInt8(5 << 4, 12);
  header.writeUInt8(FLAGS_PSH_ACK, 13);
  header.writeUInt16BE(0xffff, 14);
  const pseudo = Buffer.concat([Buffer.of(...CLIENT, ...ROUTER, 0, PROTOCOL_TCP, 0, 0), header, data]);
  pseudo.writeUInt16BE(header.length + data.length, 10);
  header.writeUInt16BE(checksum(pseudo), 16);
  return Buffer.concat([header, data]);
}

function ipv4(payload: Buffer, id: number): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(header.length + payload.length, 2);
  header.writeUInt16BE(id, 4);
  header.writeUInt8(64, 8);
  header.writeUInt8(PROTOCOL_TCP, 9);
  header.set([...CLIENT, ...ROUTER], 12);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, payload]);
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let offset = 0; offset < bytes.length; offset += 2) {
    sum += ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
