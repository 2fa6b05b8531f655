import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeNtpReply,
  encodeNtpRequest,
  isUnknownTime,
  millisAfter,
  type NtpTimestamp,
} from '../../../src/checks/ntp-packet.ts';

const nonce = Buffer.from('0123456789abcdef', 'hex');
/** What chrony 4.3 answered to this nonce, with `local stratum 5`, at 2026-11-21T14:35:24Z. */
const CHRONY = Buffer.from(
  '240500e700000000000000007f7f0101eeac2aaae98b5c500123456789abcdefeeac2aac86bf9695eeac2aac87b11694',
  'hex',
);
const ERA_END_UNIX_MS = Date.UTC(2036, 1, 7, 6, 28, 16);

/** A moment as a server of any era writes it. */
function timestampAt(unixMs: number): NtpTimestamp {
  const ntp = BigInt(Math.round(unixMs * 1000)) + 2_208_988_800_000_000n;
  const seconds = Number((ntp / 1_000_000n) & 0xffff_ffffn);
  return { seconds, fraction: Number(((ntp % 1_000_000n) << 32n) / 1_000_000n) };
}

describe('an NTP request', () => {
  test('tells version, mode and the random timestamp, and nothing else', () => {
    const packet = encodeNtpRequest(nonce);
    expect(packet.toString('hex')).toBe(`23${'00'.repeat(39)}0123456789abcdef`);
  });
});

describe('an NTP reply', () => {
  test("is read as chrony's was meant", () => {
    const reply = decodeNtpReply(CHRONY, nonce);
    expect(reply).toMatchObject({
      leap: 0,
      version: 4,
      mode: 4,
      stratum: 5,
      referenceId: '\x7f\x7f\x01\x01',
    });
    expect(reply).toMatchObject({ rootDelayMs: 0, rootDispersionMs: 0 });
    const received = millisAfter(reply?.receive ?? { seconds: 0, fraction: 0 }, 0) + 2 ** 32 * 1000;
    // Of 1970 the nearest era is the first: this moment is in its second half.
    expect(new Date(received % (2 ** 32 * 1000)).toISOString()).toBe('2026-11-21T14:35:24.526Z');
  });

  test('has root delay and dispersion in ms, from 16.16 bits of a second', () => {
    const packet = Buffer.from(CHRONY);
    packet.writeUInt32BE(0x0001_8000, 4);
    packet.writeUInt32BE(0x0000_4000, 8);
    expect(decodeNtpReply(packet, nonce)).toMatchObject({ rootDelayMs: 1500, rootDispersionMs: 250 });
  });

  test('may have extension fields, and may not be cut short by a single byte', () => {
    expect(decodeNtpReply(Buffer.concat([CHRONY, Buffer.alloc(1000)]), nonce)).toBeDefined();
    for (let length = 0; length < CHRONY.length; length += 1) {
      expect(decodeNtpReply(CHRONY.subarray(0, length), nonce)).toBeUndefined();
    }
  });

  test('is none of ours where any bit of the origin timestamp differs', () => {
    for (let bit = 0; bit < 64; bit += 1) {
      const packet = Buffer.from(CHRONY);
      const at = 24 + (bit >> 3);
      packet.writeUInt8(packet.readUInt8(at) ^ (1 << (bit & 7)), at);
      expect(decodeNtpReply(packet, nonce)).toBeUndefined();
    }
  });

  test('is none of ours when the request comes back as it was', () => {
    expect(decodeNtpReply(encodeNtpRequest(nonce), nonce)).toBeUndefined();
  });

  test('is not seen in random bytes', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(decodeNtpReply(Buffer.from(bytes), nonce)).toBeUndefined();
    });
    fc.assert(property, { seed: 1, numRuns: 500 });
  });
});

describe('NTP time', () => {
  test.each([
    ['in 2026', Date.UTC(2026, 5, 1), Date.UTC(2026, 5, 1) + 12.5],
    ['before 1970 in the first half of its era', Date.UTC(1970, 0, 1), Date.UTC(1965, 0, 1)],
    ['with the era ending between us', ERA_END_UNIX_MS - 1000, ERA_END_UNIX_MS + 1500],
    ['with the era ended for us only', ERA_END_UNIX_MS + 1000, ERA_END_UNIX_MS - 1500],
    ['in the next era', Date.UTC(2050, 0, 1, 0, 0, 0, 7), Date.UTC(2050, 0, 1, 0, 0, 1)],
    ['with our clock at 1970', 0, Date.UTC(2030, 0, 1)],
    ['67 years ahead of us', Date.UTC(2026, 0, 1), Date.UTC(2093, 0, 1)],
  ])('is compared with our clock %s', (_, ours, theirs) => {
    expect(millisAfter(timestampAt(theirs), ours)).toBeCloseTo(theirs - ours, 3);
  });

  test('is right to the microsecond wherever our clock stands', () => {
    const moment = fc.double({ min: 0, max: 3e12, noNaN: true });
    const distance = fc.integer({ min: -2e12, max: 2e12 });
    const property = fc.property(moment, distance, (oursMs, apartMs) => {
      const found = millisAfter(timestampAt(oursMs + apartMs), oursMs);
      expect(Math.abs(found - apartMs)).toBeLessThan(0.002);
    });
    fc.assert(property, { seed: 1, numRuns: 400 });
  });

  test('of all zeros is unknown', () => {
    expect(isUnknownTime({ seconds: 0, fraction: 0 })).toBe(true);
    expect(isUnknownTime({ seconds: 0, fraction: 1 })).toBe(false);
    expect(isUnknownTime({ seconds: 1, fraction: 0 })).toBe(false);
  });
});
