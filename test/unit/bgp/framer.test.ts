import { describe, expect, test } from 'vitest';
import { type Framed, Framer } from '../../../src/bgp/framer.ts';
import { AS_PATH, hex, message, NEXT_HOP, NLRI, ORIGIN, open, update } from './raw-message.ts';

const OPEN = message(1, open());
const UPDATE = message(2, update({ attributes: ORIGIN + AS_PATH + NEXT_HOP, nlri: NLRI }));
const NOTIFICATION = message(3, hex('0602'));
const KEEPALIVE = message(4, hex(''));
const REFRESH = message(5, hex('00010001'));
const STREAM = Buffer.concat([OPEN, KEEPALIVE, UPDATE, KEEPALIVE, REFRESH, NOTIFICATION]);
const TYPES = [1, 4, 2, 4, 5, 3];

function pushAll(framer: Framer, chunks: readonly Uint8Array[]): readonly Framed[] {
  return chunks.flatMap((chunk) => framer.push(chunk));
}

function asText(framed: readonly Framed[]): readonly string[] {
  return framed.map((each) =>
    each.ok ? `${each.type} ${Buffer.from(each.body).toString('hex')}` : each.why,
  );
}

const EXPECTED = asText(new Framer().push(STREAM));

describe('a stream of messages', () => {
  test('comes out as its messages, without their headers', () => {
    const framed = new Framer().push(STREAM);
    expect(framed.map((each) => each.ok && each.type)).toEqual(TYPES);
    expect(framed[2]).toEqual({ ok: true, type: 2, body: new Uint8Array(UPDATE.subarray(19)) });
  });

  test('may be split at every two places', () => {
    for (let first = 0; first <= STREAM.length; first += 1) {
      for (let second = first; second <= STREAM.length; second += 7) {
        const chunks = [STREAM.subarray(0, first), STREAM.subarray(first, second), STREAM.subarray(second)];
        expect(asText(pushAll(new Framer(), chunks))).toEqual(EXPECTED);
      }
    }
  });

  test('may come byte by byte', () => {
    const bytes = Array.from(STREAM, (_, index) => STREAM.subarray(index, index + 1));
    expect(asText(pushAll(new Framer(), bytes))).toEqual(EXPECTED);
  });

  test('gives nothing before the last byte of a message is there', () => {
    const framer = new Framer();
    expect(framer.push(UPDATE.subarray(0, -1))).toEqual([]);
    expect(framer.push(UPDATE.subarray(-1))).toHaveLength(1);
  });

  test('keeps what came in a chunk whose memory is used again', () => {
    const framer = new Framer();
    const chunk = new Uint8Array(UPDATE.subarray(0, 30));
    framer.push(chunk);
    chunk.fill(0);
    expect(asText(framer.push(UPDATE.subarray(30)))).toEqual([EXPECTED[2]]);
  });

  test('takes the longest message there is', () => {
    const longest = message(2, Buffer.alloc(4_096 - 19));
    expect(asText(new Framer().push(longest))[0]).toHaveLength(2 + 2 * 4_077);
    expect(new Framer().push(longest.subarray(0, 4_000))).toEqual([]);
  });

  test('is read in time that grows with its bytes alone, however small the chunks', () => {
    const copies = new Framer();
    const long = Buffer.concat(Array.from({ length: 30 }, () => message(2, Buffer.alloc(4_077))));
    let count = 0;
    for (let offset = 0; offset < long.length; offset += 1) {
      count += copies.push(long.subarray(offset, offset + 1)).length;
    }
    expect(count).toBe(30);
  });
});

describe('a fault in a header', () => {
  const cases: readonly (readonly [string, Buffer, string])[] = [
    ['a marker that is not all ones', corrupt(KEEPALIVE, 3, 0), '1/1 '],
    ['a marker that is wrong in its last octet', corrupt(KEEPALIVE, 15, 0xfe), '1/1 '],
    ['no BGP at all', Buffer.from('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'), '1/1 '],
    ['a length of 18', message(4, hex(''), 18), '1/2 0012'],
    ['a length of 0', message(2, hex('00000000'), 0), '1/2 0000'],
    ['a length of 4097', message(2, hex('00000000'), 4_097), '1/2 1001'],
    ['a length of 65535', message(2, hex('00000000'), 65_535), '1/2 ffff'],
    ['an OPEN of 28 octets', message(1, open().subarray(0, 9)), '1/2 001c'],
    ['an UPDATE of 22 octets', message(2, hex('000000')), '1/2 0016'],
    ['a NOTIFICATION of 20 octets', message(3, hex('06')), '1/2 0014'],
    ['a KEEPALIVE of 20 octets', message(4, hex('00')), '1/2 0014'],
    ['type 0', message(0, hex('')), '1/3 00'],
    ['type 6', message(6, hex('')), '1/3 06'],
    ['type 255', message(255, hex('0102')), '1/3 ff'],
    ['a wrong marker before a wrong length', corrupt(message(4, hex(''), 18), 0, 0), '1/1 '],
    ['a wrong length before a wrong type', message(9, hex(''), 18), '1/2 0012'],
  ];

  test.each(cases)('%s', (_what, bytes, expected) => {
    for (const chunks of [[bytes], Array.from(bytes, (octet) => Buffer.of(octet))]) {
      expect(pushAll(new Framer(), chunks).map(inShort)).toEqual([expected]);
    }
  });

  test.each([
    ['of 3 octets', '000100'],
    ['of 5 octets', '0001000100'],
    ['of none', ''],
  ])('a ROUTE-REFRESH with a body %s is quoted whole', (_what, body) => {
    const whole = message(5, hex(body));
    expect(new Framer().push(whole).map(inShort)).toEqual([`7/1 ${whole.toString('hex')}`]);
    expect(new Framer().push(whole.subarray(0, -1))).toEqual([]);
  });

  test('a ROUTE-REFRESH that no NOTIFICATION has room for is quoted as far as there is', () => {
    const [framed] = new Framer().push(message(5, Buffer.alloc(4_077)));
    const data = framed?.ok === false ? framed.notification.data : [];
    expect(data).toHaveLength(4_096 - 21);
    expect([...data.slice(14, 20)]).toEqual([0xff, 0xff, 0x10, 0x00, 5, 0]);
  });

  test('is told at once, without the rest of the message', () => {
    expect(new Framer().push(message(9, hex('00')).subarray(0, 19)).map(inShort)).toEqual(['1/3 09']);
  });

  test('comes after the messages before it, and nothing after it', () => {
    const framer = new Framer();
    const framed = framer.push(Buffer.concat([KEEPALIVE, message(9, hex('')), KEEPALIVE]));
    expect(framed.map(inShort)).toEqual(['4', '1/3 09']);
    expect(framer.push(KEEPALIVE)).toEqual([]);
  });

  test('is none where longer messages were agreed on', () => {
    expect(new Framer(65_535).push(message(2, Buffer.alloc(9_000))).map(inShort)).toEqual(['2']);
  });
});

function inShort(framed: Framed): string {
  if (framed.ok) return String(framed.type);
  const { errorCode, errorSubcode, data } = framed.notification;
  return `${errorCode}/${errorSubcode} ${Buffer.from(data).toString('hex')}`;
}

function corrupt(bytes: Buffer, offset: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[offset] = value;
  return copy;
}
