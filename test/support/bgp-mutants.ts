import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { between, pick, type Random } from '../simulation/random.ts';

const HEADER_BYTES = 19;
/** Values at the edges of what octets of BGP say. */
const EDGES = [0, 1, 2, 3, 4, 5, 14, 15, 16, 17, 23, 32, 33, 127, 128, 129, 254, 255] as const;

/** What real speakers sent: test/fixtures/bgp. */
export function speakersMessages(): readonly Buffer[] {
  const path = join(import.meta.dirname, '../fixtures/bgp/speakers.json');
  const samples: readonly { readonly message: string }[] = JSON.parse(readFileSync(path, 'utf8'));
  return samples.map(({ message }) => Buffer.from(message, 'hex'));
}

/** One of the messages with one to four things wrong. Mostly its header says its new length, so that the rest is read. */
export function mutant(random: Random, messages: readonly Buffer[]): Buffer {
  const one = chosen(random, messages);
  let bytes: Buffer = Buffer.from(one);
  const changes = between(random, 1, 4);
  for (let change = 0; change < changes; change += 1) bytes = changed(random, bytes, messages);
  if (bytes.length >= HEADER_BYTES && random() < 0.9) {
    bytes.fill(0xff, 0, 16);
    bytes.writeUInt16BE(Math.min(bytes.length, 0xffff), 16);
    if (random() < 0.9) bytes[18] = one[18] ?? 0;
    if (bytes[18] === 2 && random() < 0.7) mendLengths(random, bytes);
  }
  return bytes;
}

function chosen(random: Random, messages: readonly Buffer[]): Buffer {
  return messages[between(random, 0, messages.length - 1)] ?? Buffer.alloc(0);
}

function changed(random: Random, bytes: Buffer, messages: readonly Buffer[]): Buffer {
  const at = between(random, 0, Math.max(0, bytes.length - 1));
  const copy = Buffer.from(bytes);
  switch (between(random, 0, 6)) {
    case 0:
      copy[at] = (copy[at] ?? 0) ^ (1 << between(random, 0, 7));
      return copy;
    case 1:
      copy[at] = pick(random, EDGES);
      return copy;
    case 2:
      copy[at] = between(random, 0, 255);
      return copy;
    case 3:
      return copy.subarray(0, between(random, 0, copy.length));
    case 4:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + between(random, 1, 4))]);
    case 5: {
      // A piece comes twice: attributes, capabilities, prefixes.
      const end = Math.min(copy.length, at + between(random, 1, 30));
      return Buffer.concat([copy.subarray(0, end), copy.subarray(at)]);
    }
    default: {
      const other = chosen(random, messages);
      const from = between(random, 0, other.length);
      const piece = other.subarray(from, from + between(random, 1, 30));
      return Buffer.concat([copy.subarray(0, at), piece, copy.subarray(at)]);
    }
  }
}

/** Lets the attributes of an UPDATE end somewhere in it: few mutants would reach the rest otherwise. */
function mendLengths(random: Random, bytes: Buffer): void {
  if (bytes.length < HEADER_BYTES + 4) return;
  const withdrawn = bytes.readUInt16BE(HEADER_BYTES);
  const lengthAt = HEADER_BYTES + 2 + withdrawn;
  if (lengthAt + 2 > bytes.length) return;
  const room = bytes.length - lengthAt - 2;
  const length = bytes.readUInt16BE(lengthAt);
  if (length > room) bytes.writeUInt16BE(random() < 0.5 ? room : between(random, 0, room), lengthAt);
}
