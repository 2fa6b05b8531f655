import { expect, test } from 'vitest';
import { encodedPrefix, prefixBytes } from '../../../src/bgp/encode.ts';
import { formatPrefix, parsePrefix } from '../../../src/bgp/prefix.ts';

test.each([
  ['0.0.0.0/0', '00'],
  ['10.0.0.0/8', '080a'],
  ['10.128.0.0/9', '090a80'],
  ['192.0.2.128/25', '19c0000280'],
  ['203.0.113.7/32', '20cb007107'],
  ['::/0', '00'],
  ['2001:db8::/32', '2020010db8'],
  ['2001:db8:0:8000::/49', '3120010db8000080'],
  ['2001:db8::53/128', '8020010db8000000000000000000000053'],
])('%s is read, written and named', (text, wire) => {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new Error(text);
  expect(prefix.family).toBe(text.includes(':') ? 'ipv6' : 'ipv4');
  expect(encodedPrefix(prefix).toString('hex')).toBe(wire);
  expect(prefixBytes(prefix)).toBe(wire.length / 2);
  expect(formatPrefix(prefix)).toBe(text);
});

test('an address alone is a host route', () => {
  expect(parsePrefix('192.0.2.1')).toEqual(parsePrefix('192.0.2.1/32'));
  expect(parsePrefix('2001:db8::1')).toEqual(parsePrefix('2001:DB8:0::1/128'));
});

test.each([
  '',
  '10.0.0.1/8',
  '10.0.0.0/33',
  '10.0.0.0/-1',
  '10.0.0/8',
  '2001:db8::1/64',
  '::/129',
  'fe80::1%eth0',
  'all',
])('%j is no prefix', (text) => {
  expect(parsePrefix(text)).toBeUndefined();
});
