import { endianness } from 'node:os';
import type { IpFamily } from '../lib/sockaddr.ts';

// The part of rtnetlink(7) that says which addresses this machine has, and how its interfaces are. All numbers have the
// machine's own byte order, but addresses, which have the network's.

/** One address of one interface. */
export interface AddressEntry {
  readonly interfaceIndex: number;
  readonly family: IpFamily;
  /** Lower-case hexadecimal, 8 or 32 digits. */
  readonly addressHex: string;
  /** IPv6 only: the network has not been asked yet whether somebody else has it (RFC 4862 §5.4), or said yes. */
  readonly duplicateCheck: 'passed' | 'tentative' | 'failed';
}

export interface LinkEntry {
  readonly index: number;
  readonly name: string;
  /** Switched on, and with a carrier as far as its driver can tell (IFF_UP and IFF_RUNNING). */
  readonly isUp: boolean;
}

/** What a datagram of an answer holds. `isEnd`: nothing follows. `isStale`: something changed meanwhile; ask again. */
export interface DumpPart {
  readonly addresses: readonly AddressEntry[];
  readonly links: readonly LinkEntry[];
  readonly isEnd: boolean;
  readonly isStale: boolean;
  /** errno, where the kernel refused. */
  readonly error: number | undefined;
}

const HEADER_BYTES = 16;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;
const NLM_F_REQUEST = 0x1;
const NLM_F_DUMP = 0x300;
const NLM_F_DUMP_INTR = 0x10;

const IFADDRMSG_BYTES = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_FLAGS = 8;
const IFA_F_OPTIMISTIC = 0x04;
const IFA_F_DADFAILED = 0x08;
const IFA_F_TENTATIVE = 0x40;

const IFINFOMSG_BYTES = 16;
const IFLA_IFNAME = 3;
const IFLA_EXT_MASK = 29;
const RTEXT_FILTER_SKIP_STATS = 0x8;
const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;

const ATTRIBUTE_TYPE_MASK = 0x3fff;
const AF_UNSPEC = 0;
const AF_INET = 2;
const AF_INET6 = 10;
const ADDRESS_BYTES: Readonly<Record<number, number>> = { [AF_INET]: 4, [AF_INET6]: 16 };

const isLittle = endianness() === 'LE';

/** Asks for every address of every interface. */
export function addressesRequest(): Buffer {
  const body = Buffer.alloc(IFADDRMSG_BYTES);
  body.writeUInt8(AF_UNSPEC, 0);
  return request(RTM_GETADDR, body);
}

/** Asks for every interface, without its counters. */
export function linksRequest(): Buffer {
  const body = Buffer.alloc(IFINFOMSG_BYTES + 8);
  write16(body, 8, IFINFOMSG_BYTES);
  write16(body, IFLA_EXT_MASK, IFINFOMSG_BYTES + 2);
  write32(body, RTEXT_FILTER_SKIP_STATS, IFINFOMSG_BYTES + 4);
  return request(RTM_GETLINK, body);
}

/** Reads one datagram of an answer. What is cut short or unknown is left out; never throws. */
export function readDump(datagram: Buffer): DumpPart {
  const addresses: AddressEntry[] = [];
  const links: LinkEntry[] = [];
  let [isEnd, isStale] = [false, false];
  let error: number | undefined;
  for (const { type, flags, body } of messages(datagram)) {
    if ((flags & NLM_F_DUMP_INTR) !== 0) isStale = true;
    if (type === NLMSG_DONE) isEnd = true;
    else if (type === NLMSG_ERROR) [isEnd, error] = [true, body.length < 4 ? 0 : -read32(body, 0)];
    else if (type === RTM_NEWADDR) addresses.push(...readAddress(body));
    else if (type === RTM_NEWLINK) links.push(...readLink(body));
  }
  return { addresses, links, isEnd, isStale, error };
}

function request(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  write32(header, HEADER_BYTES + body.length, 0);
  write16(header, type, 4);
  write16(header, NLM_F_REQUEST | NLM_F_DUMP, 6);
  return Buffer.concat([header, body]);
}

function* messages(datagram: Buffer) {
  let rest = datagram;
  while (rest.length >= HEADER_BYTES) {
    const bytes = read32(rest, 0);
    if (bytes < HEADER_BYTES || bytes > rest.length) return;
    yield { type: read16(rest, 4), flags: read16(rest, 6), body: rest.subarray(HEADER_BYTES, bytes) };
    rest = rest.subarray(aligned(bytes));
  }
}

function readAddress(body: Buffer): readonly AddressEntry[] {
  if (body.length < IFADDRMSG_BYTES) return [];
  const family = body.readUInt8(0);
  const attributes = readAttributes(body.subarray(IFADDRMSG_BYTES));
  // On a point-to-point interface IFA_ADDRESS is the other end's.
  const address = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
  if (address === undefined || address.length !== ADDRESS_BYTES[family]) return [];
  const wide = attributes.get(IFA_FLAGS);
  const flags = wide !== undefined && wide.length >= 4 ? read32(wide, 0) : body.readUInt8(2);
  return [
    {
      interfaceIndex: read32(body, 4),
      family: family === AF_INET ? 'ipv4' : 'ipv6',
      addressHex: address.toString('hex'),
      duplicateCheck: duplicateCheckOf(flags),
    },
  ];
}

/** An optimistic address (RFC 4429) is used while it is still asked for. */
function duplicateCheckOf(flags: number): AddressEntry['duplicateCheck'] {
  if ((flags & IFA_F_DADFAILED) !== 0) return 'failed';
  const isTentative = (flags & IFA_F_TENTATIVE) !== 0 && (flags & IFA_F_OPTIMISTIC) === 0;
  return isTentative ? 'tentative' : 'passed';
}

function readLink(body: Buffer): readonly LinkEntry[] {
  if (body.length < IFINFOMSG_BYTES) return [];
  const name = readAttributes(body.subarray(IFINFOMSG_BYTES)).get(IFLA_IFNAME);
  if (name === undefined) return [];
  const flags = read32(body, 8);
  return [
    {
      index: read32(body, 4),
      name: name.toString('latin1').replace(/\0.*$/s, ''),
      isUp: (flags & IFF_UP) !== 0 && (flags & IFF_RUNNING) !== 0,
    },
  ];
}

function readAttributes(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>();
  let rest = bytes;
  while (rest.length >= 4) {
    const size = read16(rest, 0);
    if (size < 4 || size > rest.length) break;
    found.set(read16(rest, 2) & ATTRIBUTE_TYPE_MASK, rest.subarray(4, size));
    rest = rest.subarray(aligned(size));
  }
  return found;
}

function aligned(bytes: number): number {
  return (bytes + 3) & ~3;
}

function read16(buffer: Buffer, offset: number): number {
  return isLittle ? buffer.readUInt16LE(offset) : buffer.readUInt16BE(offset);
}

/** Signed: sizes, indexes and flags here are below 2³¹, and an errno is negative. */
function read32(buffer: Buffer, offset: number): number {
  return isLittle ? buffer.readInt32LE(offset) : buffer.readInt32BE(offset);
}

function write16(buffer: Buffer, value: number, offset: number): void {
  if (isLittle) buffer.writeUInt16LE(value, offset);
  else buffer.writeUInt16BE(value, offset);
}

function write32(buffer: Buffer, value: number, offset: number): void {
  if (isLittle) buffer.writeUInt32LE(value, offset);
  else buffer.writeUInt32BE(value, offset);
}
