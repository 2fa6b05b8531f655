import { accept, type Form, type Leaf, leaf, type Parsed, refuse } from './leaf.ts';

const LARGEST = 4_294_967_295;
const HALF = 65_535;

/** Numbers that no router may have, and why. */
const RESERVED: Readonly<Record<number, string>> = {
  0: 'is reserved (RFC 7607)',
  23456: 'stands for numbers of four bytes (AS_TRANS, RFC 6793)',
  65535: 'is reserved (RFC 7300)',
  [LARGEST]: 'is reserved (RFC 7300)',
};

/** YAML takes `1.10` for a number, and as that it is 1.1. */
const FORM: Form = {
  kind: 'either',
  of: [
    { kind: 'limited', isWhole: false, least: 0.1, most: LARGEST - 1 },
    { kind: 'text', pattern: /^\d+(?:\.\d+)?$/ },
  ],
};

/** An AS number, plain or as asdot writes it (RFC 5396): `65546` is `1.10`. */
export function asNumber(): Leaf<number> {
  const hint = 'write an AS number from 1 to 4294967294, or as 1.10';
  return leaf(FORM, (written): Parsed<number> => {
    const isWritten = typeof written === 'string' || typeof written === 'number';
    const asn = isWritten ? parseAsNumber(String(written)) : undefined;
    if (asn === undefined) return refuse(hint);
    const reserved = RESERVED[asn];
    if (reserved !== undefined) return refuse(`AS ${asn} ${reserved}, ${hint}`);
    // Only the text of a number tells 1.10 from 1.1, and 1.0 from 1: it is read next.
    return typeof written === 'string' ? accept(asn) : refuse(hint);
  });
}

/** Any AS number that fits, the reserved ones too; undefined for anything else. */
export function parseAsNumber(written: string): number | undefined {
  const found = /^(?:(\d{1,5})\.(\d{1,5})|(\d{1,10}))$/.exec(written);
  if (found === null) return undefined;
  const [, high = '0', low = '0', plain] = found;
  if (plain !== undefined) return Number(plain) <= LARGEST ? Number(plain) : undefined;
  const [upper, lower] = [Number(high), Number(low)];
  return upper <= HALF && lower <= HALF ? upper * (HALF + 1) + lower : undefined;
}
