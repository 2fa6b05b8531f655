import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { echoReplyFilter, encodeEchoRequest, isReplyTo, stripIpHeader } from '../../../src/checks/echo.ts';
import type { IpFamily } from '../../../src/lib/sockaddr.ts';
import { runBpf } from '../../support/bpf-machine.ts';

const families: readonly IpFamily[] = ['ipv4', 'ipv6'];
const nonce = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const REPLY_TYPES = { ipv4: 0, ipv6: 129 } as const;

function requestOf(family: IpFamily, payloadBytes = 56): Buffer {
  return encodeEchoRequest({ family, identifier: 0xbeef, sequence: 0x0102, nonce, payloadBytes });
}

/** What an honest host sends back. */
function replyTo(family: IpFamily, request: Buffer): Buffer {
  const reply = Buffer.from(request);
  reply[0] = REPLY_TYPES[family];
  return reply;
}

function withByte(packet: Buffer, offset: number, change: (byte: number) => number): Buffer {
  const changed = Buffer.from(packet);
  changed[offset] = change(packet.readUInt8(offset)) & 0xff;
  return changed;
}

/** RFC 1071: the sum over a message with its checksum in place is all ones. */
function onesComplementSum(bytes: Buffer): number {
  let sum = 0;
  for (const [index, byte] of bytes.entries()) sum += index % 2 === 0 ? byte << 8 : byte;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

describe('an echo request', () => {
  test('has the header of RFC 792 and the nonce as its payload', () => {
    const packet = requestOf('ipv4', 16);
    expect(packet.subarray(0, 2).toString('hex')).toBe('0800');
    expect(packet.subarray(4, 8).toString('hex')).toBe('beef0102');
    expect(packet.subarray(8)).toEqual(nonce);
  });

  test('has the types of RFC 4443 on IPv6, and leaves the checksum to the kernel', () => {
    expect(requestOf('ipv6').subarray(0, 4).toString('hex')).toBe('80000000');
  });

  test('has a checksum that sums up to ones, whatever the length', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 16, max: 2_000 }),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.nat(0xffff),
        (payloadBytes, random, sequence) => {
          const packet = encodeEchoRequest({
            family: 'ipv4',
            identifier: 7,
            sequence,
            nonce: random,
            payloadBytes,
          });
          expect(packet).toHaveLength(8 + payloadBytes);
          expect(onesComplementSum(packet)).toBe(0xffff);
        },
      ),
    );
  });
});

describe.each(families)('an answer over %s', (family) => {
  const request = requestOf(family);
  const honest = replyTo(family, request);
  const ours = { family, isIdentifierOurs: true };

  test('counts when it is an echo reply with our sequence and payload', () => {
    expect(isReplyTo(request, honest, ours)).toBe(true);
  });

  test('may carry another identifier only where the kernel chose it', () => {
    const other = withByte(honest, 4, (byte) => byte ^ 1);
    expect(isReplyTo(request, other, ours)).toBe(false);
    expect(isReplyTo(request, other, { family, isIdentifierOurs: false })).toBe(true);
  });

  test('does not count when it is our own request, heard on loopback', () => {
    expect(isReplyTo(request, request, ours)).toBe(false);
  });

  test('does not count with one bit of it changed, but for the checksum', () => {
    for (let offset = 0; offset < honest.length; offset += 1) {
      const changed = withByte(honest, offset, (byte) => byte ^ 0x10);
      expect([offset, isReplyTo(request, changed, ours)]).toEqual([offset, offset === 2 || offset === 3]);
    }
  });

  test('does not count cut off or drawn out', () => {
    for (let bytes = 0; bytes < honest.length; bytes += 1) {
      expect(isReplyTo(request, honest.subarray(0, bytes), ours)).toBe(false);
    }
    expect(isReplyTo(request, Buffer.concat([honest, Buffer.of(0)]), ours)).toBe(false);
  });

  test('does not count for the request before or after', () => {
    const next = encodeEchoRequest({ family, identifier: 0xbeef, sequence: 0x0103, nonce, payloadBytes: 56 });
    expect(isReplyTo(next, honest, ours)).toBe(false);
  });
});

describe('the IP header that a raw socket delivers', () => {
  const message = requestOf('ipv4');

  test.each([5, 6, 15])('is taken off where it has %i words', (words) => {
    const packet = Buffer.concat([ipv4Header(words), message]);
    expect(stripIpHeader('ipv4', packet)).toEqual(message);
  });

  test('is none on IPv6', () => {
    expect(stripIpHeader('ipv6', message)).toEqual(message);
  });

  test('makes the packet unusable where it is cut off or says nonsense', () => {
    expect(stripIpHeader('ipv4', Buffer.alloc(0))).toBeUndefined();
    expect(stripIpHeader('ipv4', ipv4Header(5))).toBeUndefined();
    expect(stripIpHeader('ipv4', Buffer.concat([Buffer.of(0x41), Buffer.alloc(99)]))).toBeUndefined();
  });
});

describe.each(families)('the filter of a raw socket over %s', (family) => {
  const filter = echoReplyFilter(family, 0xbeef);
  const headers = family === 'ipv4' ? [ipv4Header(5), ipv4Header(15)] : [Buffer.alloc(0)];
  const reply = replyTo(family, requestOf(family));

  test('passes echo replies with our identifier, whole', () => {
    for (const header of headers) {
      expect(runBpf(filter, Buffer.concat([header, reply]))).toBe(0xffff_ffff);
    }
  });

  test('drops other identifiers, requests and every other type', () => {
    for (const header of headers) {
      const verdicts = [
        runBpf(filter, Buffer.concat([header, withByte(reply, 4, (byte) => byte ^ 1)])),
        runBpf(filter, Buffer.concat([header, withByte(reply, 5, (byte) => byte ^ 1)])),
        runBpf(filter, Buffer.concat([header, requestOf(family)])),
        runBpf(filter, Buffer.concat([header, withByte(reply, 0, () => 3)])),
      ];
      expect(verdicts).toEqual([0, 0, 0, 0]);
    }
  });

  test('drops what is too short to have an identifier', () => {
    for (const header of headers) {
      expect(runBpf(filter, Buffer.concat([header, reply.subarray(0, 5)]))).toBe(0);
    }
  });
});

function ipv4Header(words: number): Buffer {
  const header = Buffer.alloc(words * 4);
  header[0] = 0x40 | words;
  return header;
}
