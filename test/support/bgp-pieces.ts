const HEADER_BYTES = 19;
const EXTENDED_LENGTH = 0x10;

/**
 * An UPDATE in pieces that are equal where it says the same: withdrawn routes, each attribute, NLRI, whatever the order of
 * the attributes and however many octets their lengths have. Read apart from the code under test.
 */
export function piecesOf(message: Buffer): readonly string[] {
  const start = HEADER_BYTES + 4 + message.readUInt16BE(HEADER_BYTES);
  const end = start + message.readUInt16BE(start - 2);
  const attributes: string[] = [];
  for (let offset = start; offset < end; ) {
    const flags = message.readUInt8(offset);
    const isExtended = (flags & EXTENDED_LENGTH) !== 0;
    const valueAt = offset + (isExtended ? 4 : 3);
    const length = isExtended ? message.readUInt16BE(offset + 2) : message.readUInt8(offset + 2);
    const code = message.readUInt8(offset + 1);
    offset = valueAt + length;
    attributes.push(`${flags & ~EXTENDED_LENGTH} ${code} ${message.toString('hex', valueAt, offset)}`);
  }
  const withdrawn = message.toString('hex', HEADER_BYTES, start - 2);
  return [withdrawn, ...attributes.sort(), message.toString('hex', end)];
}
