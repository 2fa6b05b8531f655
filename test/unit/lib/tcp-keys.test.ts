import { describe, expect, test } from 'vitest';
import { asIpv6, type IpAddress, parseIpAddress } from '../../../src/lib/sockaddr.ts';
import { encodeTcpAoKey } from '../../../src/lib/tcp-ao.ts';
import { encodeTcpMd5Key } from '../../../src/lib/tcp-md5.ts';

// Offsets and sizes: of a C program compiled with linux/tcp.h (x86-64), which gcc lays out the same on arm64.

function ip(text: string): IpAddress {
  const address = parseIpAddress(text);
  if (address === undefined) throw new Error(text);
  return address;
}

/** The structure as bytes at offsets; all else is zero. */
function bytesAt(size: number, parts: Readonly<Record<number, string>>): string {
  const buffer = Buffer.alloc(size);
  for (const [offset, hex] of Object.entries(parts)) buffer.write(hex, Number(offset), 'hex');
  return buffer.toString('hex');
}

function native16(value: number): string {
  return Buffer.from(Uint16Array.of(value).buffer).toString('hex');
}

const V6 = '20010db8000000000000000000000001';

describe('a TCP-MD5 key', () => {
  const key = Buffer.from('s3cret');

  test('for an IPv4 address is a struct tcp_md5sig', () => {
    const expected = bytesAt(216, { 0: native16(2), 4: '0a000002', 130: native16(6), 136: '733363726574' });
    expect(encodeTcpMd5Key({ address: ip('10.0.0.2'), key })?.toString('hex')).toBe(expected);
  });

  test('for an IPv6 address has it where sockaddr_in6 has it', () => {
    const expected = bytesAt(216, { 0: native16(10), 8: V6, 130: native16(6), 136: '733363726574' });
    expect(encodeTcpMd5Key({ address: ip('2001:db8::1'), key })?.toString('hex')).toBe(expected);
  });

  test('for a link-local address does without its interface, which the kernel does not compare', () => {
    const bare = encodeTcpMd5Key({ address: ip('fe80::1'), key });
    expect(encodeTcpMd5Key({ address: ip('fe80::1%eth0'), key })).toEqual(bare);
  });

  test('for an IPv4 address on an IPv6 socket is one for the mapped address', () => {
    const expected = bytesAt(216, {
      0: native16(10),
      18: 'ffff0a000002',
      130: native16(6),
      136: '733363726574',
    });
    expect(encodeTcpMd5Key({ address: asIpv6(ip('10.0.0.2')), key })?.toString('hex')).toBe(expected);
  });

  test('that is empty deletes: its length is 0', () => {
    const expected = bytesAt(216, { 0: native16(2), 4: '0a000002' });
    expect(encodeTcpMd5Key({ address: ip('10.0.0.2'), key: Buffer.alloc(0) })?.toString('hex')).toBe(
      expected,
    );
  });

  test('has 80 bytes at most', () => {
    const address = ip('10.0.0.2');
    expect(encodeTcpMd5Key({ address, key: Buffer.alloc(80, 'x') })?.subarray(136)).toEqual(
      Buffer.alloc(80, 'x'),
    );
    expect(encodeTcpMd5Key({ address, key: Buffer.alloc(81, 'x') })).toBeUndefined();
  });
});

describe('a TCP-AO key', () => {
  const tuple = { prefixLength: 32, algorithm: 'hmac-sha-1-96', sendId: 7, receiveId: 9 } as const;

  test('is a struct tcp_ao_add', () => {
    const address = ip('10.0.0.2');
    const expected = bytesAt(288, {
      0: native16(2),
      4: '0a000002',
      128: Buffer.from('hmac(sha1)').toString('hex'),
      202: '20' + '07' + '09' + '0c' + '00' + '06',
      208: '733363726574',
    });
    expect(encodeTcpAoKey({ ...tuple, address, key: Buffer.from('s3cret') })?.toString('hex')).toBe(expected);
  });

  test('of the other algorithm and for IPv6', () => {
    const over = { algorithm: 'aes-128-cmac-96', prefixLength: 128, address: ip('2001:db8::1') } as const;
    const expected = bytesAt(288, {
      0: native16(10),
      8: V6,
      128: Buffer.from('cmac(aes128)').toString('hex'),
      202: '80' + '07' + '09' + '0c' + '00' + '50',
      208: '78'.repeat(80),
    });
    expect(encodeTcpAoKey({ ...tuple, ...over, key: Buffer.alloc(80, 'x') })?.toString('hex')).toBe(expected);
    expect(encodeTcpAoKey({ ...tuple, ...over, key: Buffer.alloc(81, 'x') })).toBeUndefined();
  });
});
