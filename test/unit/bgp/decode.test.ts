import { describe, expect, test } from 'vitest';
import { type DecodingContext, decodeMessage } from '../../../src/bgp/decode.ts';
import { hex } from './raw-message.ts';

const CONTEXT: DecodingContext = {
  isFourOctetAs: true,
  isIbgp: false,
  families: ['ipv4', 'ipv6'],
  hasExtendedNextHop: false,
};

function decode(type: number, body: string): unknown {
  const decoded = decodeMessage(type, hex(body), CONTEXT);
  if (decoded.ok) return decoded.message;
  const { errorCode, errorSubcode, data } = decoded.notification;
  return `${errorCode}/${errorSubcode} ${Buffer.from(data).toString('hex')}`;
}

test('a KEEPALIVE is one', () => {
  expect(decode(4, '')).toEqual({ type: 'keepalive' });
});

describe('a NOTIFICATION', () => {
  test.each([
    ['without data', '0602', 6, 2, []],
    ['with data', '0104ab', 1, 4, [0xab]],
    ['of an unknown code', 'ff00ffff', 255, 0, [0xff, 0xff]],
    ['of code 0', '0000', 0, 0, []],
  ])('%s is read', (_what, body, errorCode, errorSubcode, data) => {
    expect(decode(3, body)).toEqual({
      type: 'notification',
      errorCode,
      errorSubcode,
      data: Uint8Array.from(data),
    });
  });
});

describe('a ROUTE-REFRESH', () => {
  test.each([
    ['of IPv6 unicast', '00020001', 2, 1, 0],
    ['that begins an answer', '00010101', 1, 1, 1],
    ['of a family that is not spoken', '40040047', 16_388, 71, 0],
    ['of an unknown subtype', '0001ff01', 1, 1, 255],
  ])('%s is read', (_what, body, afi, safi, subtype) => {
    expect(decode(5, body)).toEqual({ type: 'route-refresh', afi, safi, subtype });
  });

  test('of a wrong length is quoted', () => {
    expect(decode(5, '000100')).toBe(`7/1 ${'ff'.repeat(16)}001605000100`);
  });
});

// What the framer would have found before: without one, too, there is an answer.
test.each([
  ['an OPEN that is too short', 1, '04', '1/2 0014'],
  ['an UPDATE that is too short', 2, '000000', '1/2 0016'],
  ['a NOTIFICATION that is too short', 3, '06', '1/2 0014'],
  ['a KEEPALIVE that is too long', 4, '00', '1/2 0014'],
  ['type 0', 0, '', '1/3 00'],
  ['type 77', 77, '0102', '1/3 4d'],
])('%s is refused', (_what, type, body, expected) => {
  expect(decode(type, body)).toBe(expected);
});

test('what a Buffer held is no Buffer', () => {
  const decoded = decodeMessage(3, hex('0602ff'), CONTEXT);
  expect(decoded.ok && decoded.message.type === 'notification' && decoded.message.data.constructor).toBe(
    Uint8Array,
  );
});
