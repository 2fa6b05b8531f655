import { describe, expect, test } from 'vitest';
import {
  decodeSockaddr,
  encodeSockaddr,
  encodeUnixSockaddr,
  isSameAddress,
  parseIpAddress,
} from '../../../src/lib/sockaddr.ts';

function encoded(text: string, port = 0, scopeId = 0): string {
  const address = parseIpAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return encodeSockaddr(address, port, scopeId).toString('hex');
}

describe('an IP address', () => {
  test.each([
    '',
    'localhost',
    '1.2.3',
    '1.2.3.256',
    '0x7f.0.0.1',
    '1.2.3.4:80',
    'fe80::g',
    ':::',
    'a:b',
  ])('is not %j', (text) => {
    expect(parseIpAddress(text)).toBeUndefined();
  });

  test('has a scope where it is link-local', () => {
    expect(parseIpAddress('fe80::1%eth0')).toMatchObject({ family: 'ipv6', scope: 'eth0' });
    expect(parseIpAddress('fe80::1')).toMatchObject({ family: 'ipv6', scope: undefined });
  });

  test.each([
    ['2001:db8::1', '2001:0DB8:0:0::0001', true],
    ['fe80::1%eth0', 'fe80::1', true],
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['192.0.2.1', '2001:db8::1', false],
    ['192.0.2.1', 'web', false],
    ['0.0.0.0', '::', false],
  ])('%s and %s are the same: %s', (one, other, isSame) => {
    expect(isSameAddress(one, other)).toBe(isSame);
  });
});

describe('a socket address of Linux', () => {
  const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  const [inet, inet6, unix] = isLittleEndian ? ['0200', '0a00', '0100'] : ['0002', '000a', '0001'];

  test('has family, port and address on IPv4', () => {
    expect(encoded('192.0.2.1', 443)).toBe(`${inet}01bbc00002010000000000000000`);
  });

  test('has the number of its interface on IPv6', () => {
    const scope = isLittleEndian ? '02000000' : '00000002';
    expect(encoded('fe80::1%eth0', 0, 2)).toBe(
      `${inet6}000000000000fe800000000000000000000000000001${scope}`,
    );
  });

  test.each(['192.0.2.1', '2001:db8::1', '::1'])('of %s reads back as it was', (text) => {
    expect(decodeSockaddr(Buffer.from(encoded(text), 'hex'))).toBe(text);
  });

  test('of another family reads as nothing', () => {
    expect(decodeSockaddr(Buffer.alloc(128))).toBeUndefined();
  });

  test('of a path ends in NUL, and one in the abstract namespace begins with it', () => {
    expect(encodeUnixSockaddr('/run/x')?.toString('hex')).toBe(
      `${unix}${Buffer.from('/run/x\0').toString('hex')}`,
    );
    expect(encodeUnixSockaddr('@x')?.toString('hex')).toBe(`${unix}0078`);
  });

  test('holds no path of more than 107 bytes', () => {
    expect(encodeUnixSockaddr('/'.repeat(107))).toHaveLength(110);
    expect(encodeUnixSockaddr('/'.repeat(108))).toBeUndefined();
  });
});
