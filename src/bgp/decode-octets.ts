/** Numbers in network byte order. Whoever asks has seen that they are there: what is beyond the end reads as 0. */
export function readUint16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

export function readUint32(bytes: Uint8Array, offset: number): number {
  return readUint16(bytes, offset) * 0x1_0000 + readUint16(bytes, offset + 2);
}

/** Dotted, as an IPv4 address is written. */
export function readDotted(bytes: Uint8Array, offset: number): string {
  return `${bytes[offset] ?? 0}.${bytes[offset + 1] ?? 0}.${bytes[offset + 2] ?? 0}.${bytes[offset + 3] ?? 0}`;
}

/** All 32-bit numbers of a field. */
export function readUint32s(bytes: Uint8Array): readonly number[] {
  const numbers: number[] = [];
  for (let offset = 0; offset < bytes.length; offset += 4) numbers.push(readUint32(bytes, offset));
  return numbers;
}

/** All 16-bit numbers of a field. */
export function readUint16s(bytes: Uint8Array): readonly number[] {
  const numbers: number[] = [];
  for (let offset = 0; offset < bytes.length; offset += 2) numbers.push(readUint16(bytes, offset));
  return numbers;
}

/** Pieces of equal length; they share the memory of the field. */
export function pieces(bytes: Uint8Array, length: number): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; offset += length) {
    found.push(bytes.subarray(offset, offset + length));
  }
  return found;
}
