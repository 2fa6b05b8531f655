import { assertNever } from '../lib/assert-never.ts';
import { parseAddress } from '../lib/cidr.ts';
import type { DnsSpec } from './spec.ts';

/** What a message is that does not follow RFC 1035 §4; `message` says where. Never leaves the reading of a message. */
export class MalformedMessage extends Error {}

/** Record types by their numbers (RFC 1035 §3.2.2, 2782, 3596). */
export const TYPE_NUMBERS: Readonly<Record<DnsSpec['recordType'], number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
};
/** EDNS0's pseudo-record (RFC 6891 §6.1). */
export const OPT = 41;
export const CLASS_IN = 1;
export const HEADER_BYTES = 12;

/** Of a name, its final zero included (RFC 1035 §2.3.4). */
const MAX_NAME_BYTES = 255;

/** Text that was read, and where what follows it begins. */
interface Read {
  readonly text: string;
  readonly next: number;
}

/** A resource record (RFC 1035 §4.1.3) whose data lies within the message. */
export interface WireRecord {
  readonly owner: string;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly dataStart: number;
  readonly dataEnd: number;
}

/** The rest of a name from one place on. */
interface Name {
  readonly text: string;
  /** Of the whole name, as it would be without compression. */
  readonly bytes: number;
  /** Of what stands at this very place. */
  readonly bytesHere: number;
}

/**
 * Reads one message from whoever sent it; throws `MalformedMessage` where it has to, and nothing else. No place is read
 * twice as a name, however many names point there: otherwise a message of 64 KiB could keep a processor for a second.
 */
export class MessageReader {
  readonly #message: Buffer;
  readonly #names = new Map<number, Name>();

  constructor(message: Buffer) {
    this.#message = message;
  }

  /** A domain name: in lower case, without the final dot (the root is a dot), odd bytes escaped as in zone files. */
  name(start: number): Read {
    const { text, bytesHere } = this.#names.get(start) ?? this.#readName(start);
    return { text: text === '' ? '.' : text, next: start + bytesHere };
  }

  /** The record that begins at `start`, its data unread. */
  record(start: number): WireRecord {
    const { text: owner, next } = this.name(start);
    const [type, recordClass] = [this.number16(next), this.number16(next + 2)];
    const ttl = this.#number32(next + 4);
    const dataStart = next + 10;
    const dataEnd = dataStart + this.number16(next + 8);
    this.#need(dataEnd);
    return { owner, type, class: recordClass, ttl, dataStart, dataEnd };
  }

  /** A record's data in the form of `DnsSpec.answers`. `recordType` is the record's own. */
  data(record: WireRecord, recordType: DnsSpec['recordType']): string {
    const { text, next } = this.#data(record, recordType);
    if (next !== record.dataEnd) throw new MalformedMessage(`data of ${recordType} with a wrong length`);
    return text;
  }

  number16(at: number): number {
    this.#need(at + 2);
    return this.#message.readUInt16BE(at);
  }

  #number32(at: number): number {
    this.#need(at + 4);
    return this.#message.readUInt32BE(at);
  }

  #data({ dataStart, dataEnd }: WireRecord, recordType: DnsSpec['recordType']): Read {
    switch (recordType) {
      case 'A':
        this.#need(dataStart + 4);
        return { text: this.#message.subarray(dataStart, dataStart + 4).join('.'), next: dataStart + 4 };
      case 'AAAA':
        return this.#ipv6Address(dataStart);
      case 'CNAME':
      case 'NS':
      case 'PTR':
        return this.name(dataStart);
      case 'MX':
        return this.#numbersAndName(dataStart, 1);
      case 'SRV':
        return this.#numbersAndName(dataStart, 3);
      case 'SOA':
        return this.#startOfAuthority(dataStart);
      case 'TXT':
        return this.#text(dataStart, dataEnd);
      default:
        return assertNever(recordType);
    }
  }

  #ipv6Address(start: number): Read {
    const groups = Array.from({ length: 8 }, (_, index) => this.number16(start + 2 * index));
    const written = groups.map((group) => group.toString(16)).join(':');
    return { text: parseAddress(written)?.text ?? written, next: start + 16 };
  }

  #numbersAndName(start: number, count: number): Read {
    const numbers = Array.from({ length: count }, (_, index) => this.number16(start + 2 * index));
    const { text, next } = this.name(start + 2 * count);
    return { text: [...numbers, text].join(' '), next };
  }

  #startOfAuthority(start: number): Read {
    const primary = this.name(start);
    const mailbox = this.name(primary.next);
    const numbers = [0, 4, 8, 12, 16].map((offset) => this.#number32(mailbox.next + offset));
    return { text: [primary.text, mailbox.text, ...numbers].join(' '), next: mailbox.next + 20 };
  }

  #text(start: number, end: number): Read {
    const strings: Buffer[] = [];
    let at = start;
    while (at < end) {
      const next = at + 1 + this.#byte(at);
      strings.push(this.#message.subarray(at + 1, next));
      at = next;
    }
    return { text: Buffer.concat(strings).toString('utf8'), next: at };
  }

  /** Walks to the end of the name, or to what is known of it, and remembers each place on the way back. */
  #readName(start: number): Name {
    const way: { readonly at: number; readonly labelBytes: number | undefined }[] = [];
    let [at, segmentStart] = [start, start];
    let rest = this.#names.get(at);
    while (rest === undefined) {
      const length = this.#byte(at);
      if (length === 0) {
        rest = ROOT;
        this.#names.set(at, rest);
      } else if (length >= 0xc0) {
        way.push({ at, labelBytes: undefined });
        at = ((length & 0x3f) << 8) | this.#byte(at + 1);
        // Further back each time (RFC 1035 §4.1.4: "a prior occurrence"): so there is no way round.
        if (at >= segmentStart) throw new MalformedMessage('a pointer that does not lead back');
        segmentStart = at;
      } else {
        if (length >= 0x40) throw new MalformedMessage('a label of an unknown kind');
        this.#need(at + 1 + length);
        way.push({ at, labelBytes: length });
        at += 1 + length;
      }
      rest ??= this.#names.get(at);
    }
    for (const step of way.reverse()) {
      rest = this.#prepend(step.at, step.labelBytes, rest);
      this.#names.set(step.at, rest);
    }
    return rest;
  }

  #prepend(at: number, labelBytes: number | undefined, rest: Name): Name {
    if (labelBytes === undefined) return { ...rest, bytesHere: 2 };
    const bytes = rest.bytes + 1 + labelBytes;
    if (bytes > MAX_NAME_BYTES) throw new MalformedMessage('a name that is too long');
    const label = labelText(this.#message, at + 1, at + 1 + labelBytes);
    const text = rest.text === '' ? label : `${label}.${rest.text}`;
    return { text, bytes, bytesHere: rest.bytesHere + 1 + labelBytes };
  }

  #byte(at: number): number {
    const byte = this.#message[at];
    if (byte === undefined) throw new MalformedMessage(CUT);
    return byte;
  }

  #need(end: number): void {
    if (end > this.#message.length) throw new MalformedMessage(CUT);
  }
}

const ROOT: Name = { text: '', bytes: 1, bytesHere: 1 };
const CUT = 'it ends too early';

/** What each byte of a label is written as: ASCII has no case (RFC 4343), and what is no plain character is `\DDD`. */
const WRITTEN: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (character === '.' || character === '\\') return `\\${character}`;
  return byte > 0x20 && byte < 0x7f ? character.toLowerCase() : `\\${String(byte).padStart(3, '0')}`;
});

function labelText(message: Buffer, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at += 1) text += WRITTEN[message[at] ?? 0] ?? '';
  return text;
}
