import { parseAddress } from '../lib/cidr.ts';
import { nearestWord } from '../lib/nearest-word.ts';
import { parseAsNumber } from './as-number.ts';
import { accept, type Form, type Leaf, leaf, type Parsed, refuse } from './leaf.ts';

const TWO_BYTES = 65_535;
const FOUR_BYTES = 4_294_967_295;

/** IANA's "BGP Well-known Communities". */
const WELL_KNOWN: Readonly<Record<string, number>> = {
  'graceful-shutdown': 0xffff0000,
  'accept-own': 0xffff0001,
  'llgr-stale': 0xffff0006,
  'no-llgr': 0xffff0007,
  'accept-own-nexthop': 0xffff0008,
  'standby-pe': 0xffff0009,
  blackhole: 0xffff029a,
  'no-export': 0xffffff01,
  'no-advertise': 0xffffff02,
  'no-export-subconfed': 0xffffff03,
  'no-peer': 0xffffff04,
};

/** A community (RFC 1997): `65000:100`, or a well-known one by its name. The value has 32 bits. */
export function community(): Leaf<number> {
  const hint = `write ASN:VALUE such as 65000:100, or a name such as no-export`;
  const form: Form = { kind: 'text', pattern: /^(?:\d{1,5}:\d{1,5}|[A-Za-z][A-Za-z_-]*)$/ };
  return leaf(form, (written): Parsed<number> => {
    if (typeof written !== 'string') return refuse(hint);
    if (/^[A-Za-z]/.test(written)) return wellKnown(written);
    const parts = numbersIn(written);
    if (parts?.length === 3) return refuse(`three numbers are a large one, write it under large_communities`);
    if (parts?.length !== 2) return refuse(hint);
    const [asn = 0, value = 0] = parts;
    if (asn > TWO_BYTES && asn <= FOUR_BYTES) {
      return refuse(`an AS number above 65535 needs large_communities, write it there, as ${asn}:${value}:0`);
    }
    if (asn > TWO_BYTES || value > TWO_BYTES) return refuse(`write two numbers from 0 to 65535`);
    return accept(asn * (TWO_BYTES + 1) + value);
  });
}

function wellKnown(text: string): Parsed<number> {
  const name = text.toLowerCase().replaceAll('_', '-');
  const value = Object.hasOwn(WELL_KNOWN, name) ? WELL_KNOWN[name] : undefined;
  if (value !== undefined) return accept(value);
  const names = Object.keys(WELL_KNOWN);
  const near = nearestWord(name, names);
  return refuse(
    near === undefined ? `write ASN:VALUE, or one of ${names.join(', ')}` : `did you mean ${near}?`,
  );
}

/** A large community (RFC 8092): `4200000000:1:2`. */
export function largeCommunity(): Leaf<readonly [number, number, number]> {
  const form: Form = { kind: 'text', pattern: /^\d{1,10}:\d{1,10}:\d{1,10}$/ };
  return leaf(form, (written): Parsed<readonly [number, number, number]> => {
    const parts = typeof written === 'string' ? numbersIn(written) : undefined;
    const hint = 'write three numbers from 0 to 4294967295, such as 65000:1:2';
    if (parts?.length === 2) return refuse(`two numbers are a plain one, write it under communities`);
    if (parts?.length !== 3 || parts.some((part) => part > FOUR_BYTES)) return refuse(hint);
    const [asn = 0, first = 0, second = 0] = parts;
    return accept([asn, first, second]);
  });
}

/** Types and sub-types of RFC 4360 §4 and §5, and RFC 5668 §2. */
const SUB_TYPES: Readonly<Record<string, number>> = { rt: 0x02, ro: 0x03, soo: 0x03 };
const [OF_TWO_BYTE_AS, OF_ADDRESS, OF_FOUR_BYTE_AS] = [0x00, 0x01, 0x02];

/** An extended community: `rt:65000:100`, `soo:10.0.0.1:5`, or all 8 bytes in hexadecimal digits. The value is these. */
export function extendedCommunity(): Leaf<string> {
  const hint =
    'write rt:ASN:VALUE, soo:ASN:VALUE (with an AS number or IPv4 address), or 0x and 16 hexadecimal digits';
  const form: Form = { kind: 'text', pattern: /^(?:0x[0-9A-Fa-f]{16}|(?:rt|ro|soo):[\d.]+:\d+)$/ };
  return leaf(form, (written): Parsed<string> => {
    // A number has lost digits by now: its text is read next.
    if (typeof written !== 'string') return refuse(hint);
    const raw = /^0x([0-9a-f]{16})$/i.exec(written)?.[1];
    if (raw !== undefined) return accept(raw.toLowerCase());
    const found = /^(rt|ro|soo):([\d.]+):(\d{1,10})$/.exec(written);
    if (found === null) return refuse(hint);
    const [, kind = '', administrator = '', digits = ''] = found;
    const head = administratorOf(administrator);
    if (head === undefined) return refuse(hint);
    if (Number(digits) > head.most)
      return refuse(`write a value from 0 to ${head.most} after ${administrator}`);
    const value = hex(Number(digits), head.most === TWO_BYTES ? 2 : 4);
    return accept(`${hex(head.type, 1)}${hex(SUB_TYPES[kind] ?? 0, 1)}${head.hex}${value}`);
  });
}

/** The part before the value: what type it makes the community, and how large a value it leaves room for. */
function administratorOf(written: string) {
  const address = parseAddress(written);
  if (address !== undefined) {
    return { type: OF_ADDRESS, hex: address.bytes.map((byte) => hex(byte, 1)).join(''), most: TWO_BYTES };
  }
  const asn = parseAsNumber(written);
  if (asn === undefined) return undefined;
  return asn <= TWO_BYTES
    ? { type: OF_TWO_BYTE_AS, hex: hex(asn, 2), most: FOUR_BYTES }
    : { type: OF_FOUR_BYTE_AS, hex: hex(asn, 4), most: TWO_BYTES };
}

function hex(value: number, bytes: number): string {
  return value.toString(16).padStart(bytes * 2, '0');
}

/** The decimal numbers between colons; undefined where there is something else. */
function numbersIn(text: string): readonly number[] | undefined {
  return /^\d{1,10}(?::\d{1,10})*$/.test(text) ? text.split(':').map(Number) : undefined;
}
