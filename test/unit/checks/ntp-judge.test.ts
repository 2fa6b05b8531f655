import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeNtp, type NtpLimits } from '../../../src/checks/ntp-judge.ts';
import { decodeNtpReply, type NtpReply, type NtpTimestamp } from '../../../src/checks/ntp-packet.ts';

const NO_LIMITS: NtpLimits = { maxOffsetMs: undefined, maxStratum: 15, maxRootDistanceMs: undefined };
const SENT_UNIX_MS = Date.UTC(2026, 5, 1);
const nonce = Buffer.from('0123456789abcdef', 'hex');
/** What chrony 4.3 answers without any source of time. */
const CHRONY_UNSYNCHRONISED = Buffer.from(
  'e40000e700010000000100000000000000000000000000000123456789abcdefeeac2aaf01eadb6feeac2aaf028e9592',
  'hex',
);

/** The timestamp so long after the request left, on a clock that is right. */
function after(ms: number): NtpTimestamp {
  const exact = (SENT_UNIX_MS + ms) / 1000 + 2_208_988_800;
  const seconds = Math.floor(exact);
  return { seconds, fraction: Math.round((((SENT_UNIX_MS + ms) % 1000) / 1000) * 2 ** 32) };
}

/** A reply that left 1 ms after it came, half-way through 11 ms, of a server whose clock is as right as ours. */
function reply(over: Partial<NtpReply> = {}): NtpReply {
  return {
    leap: 0,
    version: 4,
    mode: 4,
    stratum: 2,
    rootDelayMs: 20,
    rootDispersionMs: 3,
    referenceId: 'GPS\0',
    reference: after(-10_000),
    receive: after(5),
    transmit: after(6),
    ...over,
  };
}

function judge(over: Partial<NtpReply> = {}, limits: Partial<NtpLimits> = {}, elapsedMs = 11) {
  return judgeNtp(reply(over), { sentUnixMs: SENT_UNIX_MS, elapsedMs }, { ...NO_LIMITS, ...limits });
}

describe('a reply of a synchronised server', () => {
  test('passes, and measures offset, round trip, stratum and root distance', () => {
    const verdict = judge();
    expect(verdict).toMatchObject({ reason: 'passed', measurement: { kind: 'ntp', stratum: 2 } });
    expect(verdict.measurement).toMatchObject({ rttMs: expect.closeTo(10, 3) });
    expect(verdict.measurement).toMatchObject({ offsetMs: expect.closeTo(0, 3) });
    // (20 ms root delay + 10 ms round trip) / 2 + 3 ms root dispersion
    expect(verdict.measurement).toMatchObject({ rootDistanceMs: expect.closeTo(18, 3) });
  });

  test('may lack the reference timestamp, as of an ntpd that serves its own time (orphan mode)', () => {
    const verdict = judge({
      stratum: 5,
      referenceId: '\x7f\0\0\x01',
      reference: { seconds: 0, fraction: 0 },
    });
    expect(verdict).toMatchObject({ reason: 'passed', measurement: { kind: 'ntp', stratum: 5 } });
  });

  test.each([
    [250, 'behind'],
    [-250, 'ahead of'],
  ])('of a clock %d ms from ours is measured, and judged by max_offset', (offsetMs, side) => {
    const shifted = { receive: after(5 + offsetMs), transmit: after(6 + offsetMs) };
    expect(judge(shifted).measurement).toMatchObject({ offsetMs: expect.closeTo(offsetMs, 3) });
    expect(judge(shifted).reason).toBe('passed');
    expect(judge(shifted, { maxOffsetMs: 250.1 }).reason).toBe('passed');
    expect(judge(shifted, { maxOffsetMs: 249.9 })).toMatchObject({
      reason: 'offset-too-large',
      detail: `this clock is 250 ms ${side} the server's, more than 249.9 ms`,
      measurement: { kind: 'ntp' },
    });
  });

  test.each([
    [15, 15, 'passed'],
    [3, 3, 'passed'],
    [4, 3, 'stratum-too-high'],
  ])('at stratum %d is judged by max_stratum %d: %s', (stratum, maxStratum, reason) => {
    expect(judge({ stratum }, { maxStratum })).toMatchObject({ reason, measurement: { stratum } });
  });

  test('is judged by its root distance, which is measured then too', () => {
    expect(judge({}, { maxRootDistanceMs: 18.1 }).reason).toBe('passed');
    expect(judge({}, { maxRootDistanceMs: 17.9 })).toMatchObject({
      reason: 'root-distance-too-large',
      detail: 'root distance 18 ms, above 17.9 ms',
      measurement: { rootDistanceMs: expect.closeTo(18, 3) },
    });
  });

  test('of version 3 passes', () => {
    expect(judge({ version: 3 }).reason).toBe('passed');
  });

  test('may announce a leap second', () => {
    expect([1, 2].map((leap) => judge({ leap }).reason)).toEqual(['passed', 'passed']);
  });

  test('of a clock that ticks coarsely has no negative round trip', () => {
    expect(judge({ transmit: after(5 + 15) }).measurement).toMatchObject({ rttMs: 0 });
    expect(judge({ transmit: after(5 - 15) }).reason).toBe('passed');
  });

  test.each([
    [5000, 'had the request for 4995 ms, of 11 ms in all'],
    [-5000, 'had the request for -5005 ms, of 11 ms in all'],
  ])('that can not have left when it says so (%d ms) fails', (transmitMs, said) => {
    const verdict = judge({ transmit: after(transmitMs) });
    expect(verdict).toEqual({ reason: 'protocol-error', detail: `the server says that it ${said}` });
  });
});

describe('a reply without a time', () => {
  test.each([
    ['stratum 16', { stratum: 16 }],
    ['stratum 0', { stratum: 0, referenceId: '\0\0\0\0' }],
    ['stratum 0, INIT', { stratum: 0, referenceId: 'INIT' }],
    ['stratum 0, STEP', { stratum: 0, referenceId: 'STEP' }],
    ['leap indicator 3, alarm', { leap: 3 }],
    ['no transmit timestamp', { transmit: { seconds: 0, fraction: 0 } }],
    ['no receive timestamp', { receive: { seconds: 0, fraction: 0 } }],
  ])('is of an unsynchronised server: %s', (sign, over) => {
    const detail = `the server's clock is not synchronised (${sign})`;
    expect(judge(over)).toEqual({ reason: 'unsynchronised', detail });
  });

  test("is what chrony's is without a source", () => {
    const decoded = decodeNtpReply(CHRONY_UNSYNCHRONISED, nonce);
    expect(decoded && judge(decoded).reason).toBe('unsynchronised');
  });

  test.each([
    ['RATE', 'RATE: it is asked too often'],
    ['DENY', 'DENY: it denies us access'],
    ['RSTR', 'RSTR: it denies us access'],
    ['XTR\0', 'XTR'],
  ])('is a kiss of death, %j', (referenceId, said) => {
    const detail = `the server sends kiss code ${said}`;
    expect(judge({ stratum: 0, leap: 3, referenceId })).toEqual({ reason: 'kiss-of-death', detail });
  });

  test.each([
    [{ mode: 3 }, 'got mode 3 of NTP version 4'],
    [{ mode: 5 }, 'got mode 5 of NTP version 4'],
    [{ version: 2 }, 'got mode 4 of NTP version 2'],
    [{ version: 5 }, 'got mode 4 of NTP version 5'],
    [{ stratum: 17 }, 'got stratum 17'],
    [{ stratum: 255 }, 'got stratum 255'],
  ])('breaks the protocol: %o', (over, said) => {
    const verdict = judge(over);
    expect(verdict.reason).toBe('protocol-error');
    expect(verdict.detail).toContain(said);
  });
});

describe('any bytes that carry our origin timestamp', () => {
  test('have a verdict, with a reason and one line where they fail, and finite numbers', () => {
    const property = fc.property(fc.uint8Array({ minLength: 48, maxLength: 60 }), (bytes) => {
      const packet = Buffer.from(bytes);
      packet.set(nonce, 24);
      const decoded = decodeNtpReply(packet, nonce);
      if (decoded === undefined) throw new Error('not decoded');
      const verdict = judgeNtp(decoded, { sentUnixMs: SENT_UNIX_MS, elapsedMs: 5 }, NO_LIMITS);
      if (verdict.reason !== 'passed') expect(verdict.detail).toMatch(/^[\x20-\x7e]+$/);
      const { measurement } = verdict;
      if (measurement?.kind === 'ntp') {
        expect(Number.isFinite(measurement.offsetMs + measurement.rttMs + measurement.rootDistanceMs)).toBe(
          true,
        );
      }
    });
    fc.assert(property, { seed: 1, numRuns: 400 });
  });

  test('make no pass of what an unsynchronised server says by one wrong byte', () => {
    const property = fc.property(
      fc.integer({ min: 0, max: 23 }),
      fc.integer({ min: 0, max: 255 }),
      (at, byte) => {
        const packet = Buffer.from(CHRONY_UNSYNCHRONISED);
        packet.writeUInt8(byte, at);
        const decoded = decodeNtpReply(packet, nonce);
        expect(decoded && judge(decoded).reason).not.toBe('passed');
      },
    );
    fc.assert(property, { seed: 1, numRuns: 400 });
  });
});
