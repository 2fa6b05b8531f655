/** Messages put together octet by octet, apart from the code under test. */

export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}

/** A whole message; `length` where another one than its own shall stand in it. */
export function message(type: number, body: Uint8Array, length = 19 + body.length): Buffer {
  return Buffer.concat([Buffer.alloc(16, 0xff), Buffer.of(length >> 8, length & 0xff, type), body]);
}

/** The body of an UPDATE; lengths that are given stand instead of the true ones. */
export function update(parts: {
  readonly withdrawn?: string;
  readonly attributes?: string;
  readonly nlri?: string;
  readonly withdrawnLength?: number;
  readonly attributesLength?: number;
}): Buffer {
  const withdrawn = hex(parts.withdrawn ?? '');
  const attributes = hex(parts.attributes ?? '');
  const [one, two] = [parts.withdrawnLength ?? withdrawn.length, parts.attributesLength ?? attributes.length];
  return Buffer.concat([
    Buffer.of(one >> 8, one & 0xff),
    withdrawn,
    Buffer.of(two >> 8, two & 0xff),
    attributes,
    hex(parts.nlri ?? ''),
  ]);
}

export const ORIGIN = '400101 00';
/** AS_SEQUENCE 65001, of four octets. */
export const AS_PATH = '400206 02010000fde9';
/** 192.0.2.1 */
export const NEXT_HOP = '400304 c0000201';
/** 203.0.113.0/24 */
export const NLRI = '18cb0071';
/** 2001:db8:1::/48 by 2001:db8::1. */
export const MP_REACH = '800e1c 000201 10 20010db8000000000000000000000001 00 3020010db80001';
/** 2001:db8:2::/48. */
export const MP_UNREACH = '800f0a 000201 3020010db80002';

/** The body of an OPEN: version 4, AS 65001, 90 s, 192.0.2.9. */
export function open(
  parts: {
    readonly version?: number;
    readonly holdTime?: number;
    readonly identifier?: string;
    /** With their lengths. */
    readonly parameters?: string;
  } = {},
): Buffer {
  const holdTime = parts.holdTime ?? 90;
  return Buffer.concat([
    Buffer.of(parts.version ?? 4, 0xfd, 0xe9, holdTime >> 8, holdTime & 0xff),
    hex(parts.identifier ?? 'c0000209'),
    hex(parts.parameters ?? '00'),
  ]);
}
