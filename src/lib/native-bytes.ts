// Numbers in the machine's own byte order, as the structures of system calls and netlink have them.

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export function readNative16(buffer: Buffer, offset: number): number {
  return isLittleEndian ? buffer.readUInt16LE(offset) : buffer.readUInt16BE(offset);
}

/** Signed: an errno is negative, and sizes, indexes and flags are below 2³¹. */
export function readNative32(buffer: Buffer, offset: number): number {
  return isLittleEndian ? buffer.readInt32LE(offset) : buffer.readInt32BE(offset);
}

export function writeNative16(buffer: Buffer, value: number, offset: number): void {
  if (isLittleEndian) buffer.writeUInt16LE(value, offset);
  else buffer.writeUInt16BE(value, offset);
}

export function writeNative32(buffer: Buffer, value: number, offset: number): void {
  if (isLittleEndian) buffer.writeUInt32LE(value, offset);
  else buffer.writeUInt32BE(value, offset);
}
