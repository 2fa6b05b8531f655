import { describe, expect, test } from 'vitest';
import { explainMd5, readMd5Counters } from '../../../src/bgp/transport-md5-counters.ts';

// Linux 6.18's /proc/net/netstat, shortened.
const TEXT = `TcpExt: SyncookiesSent TCPMD5NotFound TCPMD5Unexpected TCPMD5Failure TCPSackShifted
TcpExt: 0 11 22 33 44
IpExt: InNoRoutes InTruncatedPkts
IpExt: 0 0
`;

describe('the counters of the kernel', () => {
  test('are read by their names', () => {
    expect(readMd5Counters(() => TEXT)).toEqual({ notFound: 11, unexpected: 22, failure: 33 });
  });

  test.each([
    ['', 'an empty file'],
    [TEXT.replaceAll('MD5', 'XXX'), 'a kernel without TCP-MD5'],
    [TEXT.split('\n').slice(0, 1).join('\n'), 'names without numbers'],
    [TEXT.replace('11 22', '11 x'), 'no numbers'],
  ])('are unknown where they are not there (%#)', (text) => {
    expect(readMd5Counters(() => text)).toBeUndefined();
  });

  test('are unknown where the file can’t be read', () => {
    const fail = (): string => {
      throw new Error('ENOENT');
    };
    expect(readMd5Counters(fail)).toBeUndefined();
  });
});

describe('what they say of a peer that does not answer', () => {
  const before = { notFound: 5, unexpected: 5, failure: 5 };

  test.each([
    [{ failure: 7 }, true, "meanwhile 2 segments came with another password's MD5 signature"],
    [
      { notFound: 6 },
      true,
      'meanwhile a segment came without an MD5 signature: the peer has no password for us, or nothing listens there',
    ],
    [{}, true, 'no answer comes where the passwords differ, and none where nothing listens'],
    [{ unexpected: 6 }, false, 'meanwhile a segment came with an MD5 signature: the peer has a password'],
    [{ failure: 9, notFound: 9 }, false, undefined],
    [{}, false, undefined],
  ])('%j, with a password: %s', (grown, hasPassword, sentence) => {
    expect(explainMd5(before, { ...before, ...grown }, hasPassword)).toBe(sentence);
  });

  test('nothing where they could not be read before or after', () => {
    expect(explainMd5(undefined, before, false)).toBeUndefined();
    expect(explainMd5(before, undefined, false)).toBeUndefined();
  });
});
