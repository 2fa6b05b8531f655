import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeCheckResponse, encodeCheckRequest, unframe } from '../../../src/checks/grpc-message.ts';

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

describe('the request', () => {
  // As google.golang.org/grpc sends them.
  test.each([
    ['', '00 00000000'],
    ['up', '00 00000004 0a 02 7570'],
    ['größe', '00 00000009 0a 07 6772c3b6c39f65'],
  ])('for %j is %s', (service, hex) => {
    expect(encodeCheckRequest(service)).toEqual(bytes(hex));
  });

  test('has a length of two bytes for a long name', () => {
    const encoded = encodeCheckRequest('x'.repeat(300));
    expect(encoded.subarray(0, 8)).toEqual(bytes('00 0000012f 0a ac02'));
    expect(encoded.length).toBe(308);
  });
});

describe('the frame of a message', () => {
  test('is taken off', () => {
    expect(unframe(bytes('00 00000002 0801'))).toEqual({ ok: true, message: bytes('0801') });
    expect(unframe(bytes('00 00000000'))).toEqual({ ok: true, message: bytes('') });
  });

  test.each([
    ['', 'no message'],
    ['00 000000', 'a message without its length'],
    ['01 00000002 0801', 'a message with the flags 1, not 0'],
    ['ff 00000002 0801', 'a message with the flags 255, not 0'],
    ['00 00000003 0801', 'a message of 3 bytes in 2'],
    ['00 00000002 0801 00 00000002 0801', 'a message of 2 bytes in 9'],
    ['00 ffffffff 0801', 'a message of 4294967295 bytes in 2'],
  ])('is refused as %j: %s', (hex, problem) => {
    expect(unframe(bytes(hex))).toEqual({ ok: false, problem });
  });
});

describe('the status in a response', () => {
  test.each([
    ['', 0, 'left out'],
    ['08 00', 0, 'zero'],
    ['08 01', 1, 'as grpc-go sends it'],
    ['08 02', 2, ''],
    ['08 8100', 1, 'written in more bytes than needed'],
    ['08 02 08 01', 1, 'the last of two'],
    ['12 03 080208 08 01', 1, 'after text that is not known'],
    ['08 01 12 00', 1, 'before text that is not known'],
    ['19 0000000000000000 08 01', 1, 'after 8 bytes that are not known'],
    ['25 00000000 08 01', 1, 'after 4 bytes that are not known'],
    ['f87f 01 08 01', 1, 'after a field of a large number'],
    ['0a 01 01', 0, 'in a field of another type'],
  ])('%j is %i (%s)', (hex, status) => {
    expect(decodeCheckResponse(bytes(hex))).toBe(status);
  });

  test('is not 1 where it is only so in its lowest bits', () => {
    expect(decodeCheckResponse(bytes('08 8180808010'))).toBe(2 ** 32 + 1);
    expect(decodeCheckResponse(bytes('08 ffffffffffffffffff01'))).toBeGreaterThan(2 ** 53);
  });

  test.each([
    ['08', 'a field without its value'],
    ['08 80', 'a number that breaks off'],
    ['08 8080808080808080808001', 'a number of more than 64 bits'],
    ['00 01', 'a field 0'],
    ['80', 'half a tag'],
    ['12 05 0801', 'text that is shorter than it says'],
    ['12 ffffffffffffffffff01', 'text of absurd length'],
    ['19 00', 'a number of 8 bytes that breaks off'],
    ['25 0000', 'a number of 4 bytes that breaks off'],
    ['0b 0801 0c', 'a group'],
    ['0e', 'a wire type that there is not'],
  ])('is not to be had from %j (%s)', (hex) => {
    expect(decodeCheckResponse(bytes(hex))).toBeUndefined();
  });

  test('is a number, or is not to be had, in whatever bytes come', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (random) => {
        const status = decodeCheckResponse(Buffer.from(random));
        expect(status === undefined || status >= 0).toBe(true);
        unframe(Buffer.from(random));
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });
});
