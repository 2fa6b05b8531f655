import { readNative16, readNative32, writeNative16, writeNative32 } from './native-bytes.ts';
import { AF_INET, AF_INET6, type IpAddress, type IpFamily } from './sockaddr.ts';

// The part of rtnetlink(7) that says which addresses this machine has and how its interfaces are, and that adds and
// removes addresses. All numbers have the machine's own byte order, but addresses, which have the network's.

/** One address of one interface. */
export interface AddressEntry {
  readonly interfaceIndex: number;
  readonly family: IpFamily;
  /** Lower-case hexadecimal, 8 or 32 digits. */
  readonly addressHex: string;
  readonly prefixLength: number;
  /** Who added it, as whoever did so says (IFA_PROTO, Linux 5.18); undefined: not said. */
  readonly protocol: number | undefined;
  /** IPv6 only: the network has not been asked yet whether somebody else has it (RFC 4862 §5.4), or said yes. */
  readonly duplicateCheck: 'passed' | 'tentative' | 'failed';
}

export interface LinkEntry {
  readonly index: number;
  readonly name: string;
  /** Switched on (IFF_UP). */
  readonly isEnabled: boolean;
  /** Switched on, and with a carrier as far as its driver can tell (IFF_UP and IFF_RUNNING). */
  readonly isUp: boolean;
}

/** An address of an interface that is to be added or removed. */
export interface InterfaceAddress {
  readonly interfaceIndex: number;
  readonly address: IpAddress;
  readonly prefixLength: number;
}

/** What a datagram of an answer holds. `isEnd`: nothing follows. `isStale`: something changed meanwhile; ask again. */
export interface DumpPart {
  readonly addresses: readonly AddressEntry[];
  readonly links: readonly LinkEntry[];
  readonly isEnd: boolean;
  readonly isStale: boolean;
  /** errno, where the kernel refused; 0: it did what it was asked for. */
  readonly error: number | undefined;
}

const HEADER_BYTES = 16;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const NLM_F_REQUEST = 0x1;
const NLM_F_ACK = 0x4;
const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;
const NLM_F_DUMP = 0x300;
const NLM_F_DUMP_INTR = 0x10;

const IFADDRMSG_BYTES = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_FLAGS = 8;
const IFA_PROTO = 11;
const IFA_F_NODAD = 0x02;
const IFA_F_OPTIMISTIC = 0x04;
const IFA_F_DADFAILED = 0x08;
const IFA_F_TENTATIVE = 0x40;

const IFINFOMSG_BYTES = 16;
const IFLA_IFNAME = 3;
const IFLA_EXT_MASK = 29;
const RTEXT_FILTER_SKIP_STATS = 0x8;
const RT_SCOPE_UNIVERSE = 0;
const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;

const ATTRIBUTE_TYPE_MASK = 0x3fff;
const AF_UNSPEC = 0;
const ADDRESS_BYTES: Readonly<Record<number, number>> = { [AF_INET]: 4, [AF_INET6]: 16 };

/** Asks for every address of every interface. */
export function addressesRequest(): Buffer {
  const body = Buffer.alloc(IFADDRMSG_BYTES);
  body.writeUInt8(AF_UNSPEC, 0);
  return request(RTM_GETADDR, NLM_F_DUMP, body);
}

/** Asks for every interface, without its counters. */
export function linksRequest(): Buffer {
  const mask = Buffer.alloc(4);
  writeNative32(mask, RTEXT_FILTER_SKIP_STATS, 0);
  const body = Buffer.concat([Buffer.alloc(IFINFOMSG_BYTES), attribute(IFLA_EXT_MASK, mask)]);
  return request(RTM_GETLINK, NLM_F_DUMP, body);
}

/**
 * Asks for an address to be added, for ever (no IFA_CACHEINFO), with a protocol number that says who did. `EEXIST`: it is
 * there. The scope is the one that `ip address add` gives, so that nothing tells the address from one added by hand. An
 * IPv6 one is there at once, without asking the network for duplicates: anycast has them on purpose.
 */
export function addAddressRequest(wanted: InterfaceAddress, protocol: number): Buffer {
  const mark = attribute(IFA_PROTO, Buffer.of(protocol));
  const body = Buffer.concat([addressBody(wanted, IFA_F_NODAD), mark]);
  return request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, body);
}

/** Asks for an address to be removed. `EADDRNOTAVAIL`: it was not there with this length. */
export function removeAddressRequest(present: InterfaceAddress): Buffer {
  return request(RTM_DELADDR, NLM_F_ACK, addressBody(present, 0));
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
    else if (type === NLMSG_ERROR) [isEnd, error] = [true, body.length < 4 ? 0 : -readNative32(body, 0)];
    else if (type === RTM_NEWADDR) addresses.push(...readAddress(body));
    else if (type === RTM_NEWLINK) links.push(...readLink(body));
  }
  return { addresses, links, isEnd, isStale, error };
}

/** `struct ifaddrmsg`, and the address both as the interface's own and as the one of its network. */
function addressBody({ interfaceIndex, address, prefixLength }: InterfaceAddress, v6Flags: number): Buffer {
  const isV4 = address.family === 'ipv4';
  const body = Buffer.alloc(IFADDRMSG_BYTES);
  const flags = isV4 ? 0 : v6Flags;
  body.set([isV4 ? AF_INET : AF_INET6, prefixLength, flags, RT_SCOPE_UNIVERSE]);
  writeNative32(body, interfaceIndex, 4);
  const bytes = Buffer.from(address.bytes);
  return Buffer.concat([body, attribute(IFA_LOCAL, bytes), attribute(IFA_ADDRESS, bytes)]);
}

function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(aligned(4 + value.length));
  writeNative16(bytes, 4 + value.length, 0);
  writeNative16(bytes, type, 2);
  value.copy(bytes, 4);
  return bytes;
}

function request(type: number, flags: number, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  writeNative32(header, HEADER_BYTES + body.length, 0);
  writeNative16(header, type, 4);
  writeNative16(header, NLM_F_REQUEST | flags, 6);
  return Buffer.concat([header, body]);
}

function* messages(datagram: Buffer) {
  let rest = datagram;
  while (rest.length >= HEADER_BYTES) {
    const bytes = readNative32(rest, 0);
    if (bytes < HEADER_BYTES || bytes > rest.length) return;
    yield {
      type: readNative16(rest, 4),
      flags: readNative16(rest, 6),
      body: rest.subarray(HEADER_BYTES, bytes),
    };
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
  const flags = wide !== undefined && wide.length >= 4 ? readNative32(wide, 0) : body.readUInt8(2);
  return [
    {
      interfaceIndex: readNative32(body, 4),
      family: family === AF_INET ? 'ipv4' : 'ipv6',
      addressHex: address.toString('hex'),
      prefixLength: body.readUInt8(1),
      protocol: attributes.get(IFA_PROTO)?.[0],
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
  const flags = readNative32(body, 8);
  return [
    {
      index: readNative32(body, 4),
      name: name.toString('latin1').replace(/\0.*$/s, ''),
      isEnabled: (flags & IFF_UP) !== 0,
      isUp: (flags & IFF_UP) !== 0 && (flags & IFF_RUNNING) !== 0,
    },
  ];
}

function readAttributes(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>();
  let rest = bytes;
  while (rest.length >= 4) {
    const size = readNative16(rest, 0);
    if (size < 4 || size > rest.length) break;
    found.set(readNative16(rest, 2) & ATTRIBUTE_TYPE_MASK, rest.subarray(4, size));
    rest = rest.subarray(aligned(size));
  }
  return found;
}

function aligned(bytes: number): number {
  return (bytes + 3) & ~3;
}
