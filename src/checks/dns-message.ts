import { encode, RECURSION_DESIRED } from 'dns-packet';
import {
  CLASS_IN,
  HEADER_BYTES,
  MalformedMessage,
  MessageReader,
  OPT,
  TYPE_NUMBERS,
  type WireRecord,
} from './dns-wire.ts';
import type { DnsSpec } from './spec.ts';

/** One query (RFC 1035 §4.1). */
export interface DnsQuery extends Pick<DnsSpec, 'name' | 'recordType' | 'recursionDesired'> {
  /** Random, and new for each query. */
  readonly id: number;
  /** Whether it says that we take larger datagrams than 512 bytes (RFC 6891). */
  readonly hasEdns: boolean;
}

/** An answer to our query. */
export interface DnsReply {
  /** Its mnemonic, with the upper bits that EDNS has; `RCODE_n` where there is none. */
  readonly rcode: string;
  readonly isTruncated: boolean;
  readonly hasEdns: boolean;
  /** False: an error that does not repeat the question, as servers do that could or would not read it. */
  readonly hasQuestion: boolean;
  /** Data of the records of the type asked for, each once, at the end of the chain of CNAMEs (RFC 1034 §3.6.2). */
  readonly answers: readonly string[];
}

/**
 * What a message from the server's address is to us. `other`: no answer to this query, which may be from anyone;
 * `malformed`: has our id, but can't be read.
 */
export type DnsReading =
  | { readonly kind: 'other' }
  | { readonly kind: 'malformed'; readonly detail: string }
  | { readonly kind: 'reply'; readonly reply: DnsReply };

/**
 * The size that passes every path without fragments: IPv6's least MTU less headers (RFC 9715 §3.1). With EDNS what
 * resolvers are asked every day fits a datagram; without it anything beyond 512 bytes would cost a TCP connection.
 */
const UDP_PAYLOAD_BYTES = 1232;

const QR = 0x8000;
const OPCODE = 0x7800;
const TC = 0x0200;

/** Mnemonics by number (IANA's DNS RCODEs). */
const RCODES: readonly (string | undefined)[] = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
];
const BADVERS = 16;

export function encodeQuery({ id, name, recordType, recursionDesired, hasEdns }: DnsQuery): Buffer {
  const opt = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: UDP_PAYLOAD_BYTES,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  } as const;
  return encode({
    type: 'query',
    id,
    flags: recursionDesired ? RECURSION_DESIRED : 0,
    questions: [{ type: recordType, name, class: 'IN' }],
    additionals: hasEdns ? [{ ...opt, options: [] }] : [],
  });
}

/**
 * Whether a message answers the query, and what it says. Never throws, and takes time in proportion to its length.
 * dns-packet only writes here: its reader begins a message that is cut at its first byte again, as often as the header
 * says (which can take hours), and reads addresses of bytes that are not there.
 */
export function readReply(message: Buffer, query: DnsQuery): DnsReading {
  if (message.length < 2 || message.readUInt16BE(0) !== query.id) return { kind: 'other' };
  if (message.length < HEADER_BYTES) return { kind: 'malformed', detail: 'it ends within its header' };
  const flags = message.readUInt16BE(2);
  if ((flags & QR) === 0 || (flags & OPCODE) !== 0) return { kind: 'other' };
  try {
    return readOurs(message, query, flags);
  } catch (error) {
    if (error instanceof MalformedMessage) return { kind: 'malformed', detail: error.message };
    throw error;
  }
}

function readOurs(message: Buffer, query: DnsQuery, flags: number): DnsReading {
  const reader = new MessageReader(message);
  const questions = reader.number16(4);
  const lowRcode = flags & 0xf;
  if (questions > 1 || (questions === 0 && lowRcode === 0)) return { kind: 'other' };
  let bodyStart = HEADER_BYTES;
  if (questions === 1) {
    const { text, next } = reader.name(HEADER_BYTES);
    const [type, questionClass] = [reader.number16(next), reader.number16(next + 2)];
    const isOurs = text === canonicalName(query.name) && type === TYPE_NUMBERS[query.recordType];
    if (!isOurs || questionClass !== CLASS_IN) return { kind: 'other' };
    bodyStart = next + 4;
  }
  const isTruncated = (flags & TC) !== 0;
  const body = isTruncated ? readWhatIsThere(reader, bodyStart, query) : readBody(reader, bodyStart, query);
  const rcode = rcodeName((body.upperRcode << 4) | lowRcode);
  const { hasEdns, answers } = body;
  return { kind: 'reply', reply: { rcode, isTruncated, hasEdns, hasQuestion: questions === 1, answers } };
}

interface Body {
  readonly answers: readonly string[];
  readonly hasEdns: boolean;
  readonly upperRcode: number;
}

/** Reads all three sections, since a message that lacks the end of one was cut, whatever its header says. */
function readBody(reader: MessageReader, start: number, query: DnsQuery): Body {
  const answerCount = reader.number16(6);
  const count = answerCount + reader.number16(8) + reader.number16(10);
  const answers: WireRecord[] = [];
  let opt: WireRecord | undefined;
  let at = start;
  for (let index = 0; index < count; index += 1) {
    const record = reader.record(at);
    at = record.dataEnd;
    if (index < answerCount) answers.push(record);
    else if (record.type === OPT) opt ??= record;
  }
  const upperRcode = opt === undefined ? 0 : opt.ttl >>> 24;
  return { answers: endOfChain(reader, answers, query), hasEdns: opt !== undefined, upperRcode };
}

/** A truncated message may end anywhere. */
function readWhatIsThere(reader: MessageReader, start: number, query: DnsQuery): Body {
  try {
    return readBody(reader, start, query);
  } catch (error) {
    if (error instanceof MalformedMessage) return { answers: [], hasEdns: false, upperRcode: 0 };
    throw error;
  }
}

function endOfChain(
  reader: MessageReader,
  records: readonly WireRecord[],
  query: DnsQuery,
): readonly string[] {
  const asked = TYPE_NUMBERS[query.recordType];
  const inClass = records.filter((record) => record.class === CLASS_IN);
  const aliases = new Map<string, string>();
  if (asked !== TYPE_NUMBERS.CNAME) {
    for (const record of inClass) {
      if (record.type === TYPE_NUMBERS.CNAME) aliases.set(record.owner, reader.data(record, 'CNAME'));
    }
  }
  let owner = canonicalName(query.name);
  // Each alias is followed once: a chain that bites its tail ends there.
  for (let target = aliases.get(owner); target !== undefined; target = aliases.get(owner)) {
    aliases.delete(owner);
    owner = target;
  }
  const data = inClass.flatMap((record) => {
    if (record.type !== asked) return [];
    const text = reader.data(record, query.recordType);
    return record.owner === owner ? [text] : [];
  });
  return [...new Set(data)];
}

function canonicalName(name: string): string {
  return name === '.' ? name : name.replace(/\.$/, '').toLowerCase();
}

function rcodeName(rcode: number): string {
  return RCODES[rcode] ?? (rcode === BADVERS ? 'BADVERS' : `RCODE_${rcode}`);
}
