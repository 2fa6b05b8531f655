import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { containsCidr, parseAddress, parseCidr } from '../../../src/lib/cidr.ts';

function cidr(text: string) {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(`${text} is no CIDR`);
  return parsed.cidr;
}

describe('parseCidr', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0/8', false],
    ['10.1.2.3/8', '10.0.0.0/8', true],
    ['10.1.255.3/23', '10.1.254.0/23', true],
    ['192.168.1.1', '192.168.1.1/32', false],
    ['0.0.0.0/0', '0.0.0.0/0', false],
    ['1.2.3.4/0', '0.0.0.0/0', true],
    ['2001:DB8:0:0::/32', '2001:db8::/32', false],
    ['2001:db8::1', '2001:db8::1/128', false],
    ['2001:db8::1/64', '2001:db8::/64', true],
    ['::/0', '::/0', false],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304/128', false],
    ['fd00:0:0:1:0:0:0:1/127', 'fd00:0:0:1::/127', true],
  ])('reads %s as %s, host bits: %s', (text, canonical, hasHostBits) => {
    const parsed = parseCidr(text);
    expect(parsed?.cidr.text).toBe(canonical);
    expect(parsed?.hasHostBits).toBe(hasHostBits);
  });

  it.each([
    '',
    '/',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10.0.0/8',
    '10.0.0.0.0/8',
    '10.0.0.256',
    '010.0.0.1',
    '0x0a.0.0.1',
    '1',
    '::/129',
    ':::/8',
    '1::2::3',
    'fe80::1%eth0',
    '2001:db8::1.2.3.256',
    '2001:db8::1.2.3.4.5',
    'example.com',
    ' 10.0.0.0/8',
    '10.0.0.0/8 ',
    '10.0.0.0/8\n',
  ])('refuses %j', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  it('gives a text that reads as itself, without host bits', () => {
    const block4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }));
    const block6 = fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }));
    fc.assert(
      fc.property(fc.oneof(block4, block6), ([address, length]) => {
        const once = cidr(`${address}/${length}`);
        const again = parseCidr(once.text);
        expect(again).toEqual({ cidr: once, hasHostBits: false });
        expect(containsCidr(once, cidr(address))).toBe(true);
      }),
    );
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcf:./%x ') }), (text) => {
        parseCidr(text);
      }),
    );
  });
});

describe('parseAddress', () => {
  it('gives bytes and canonical text', () => {
    expect(parseAddress('10.0.0.1')).toEqual({ family: 4, bytes: [10, 0, 0, 1], text: '10.0.0.1' });
    expect(parseAddress('::1')?.bytes).toEqual([...Array(15).fill(0), 1]);
    expect(parseAddress('2001:DB8::0:1')?.text).toBe('2001:db8::1');
  });

  it('refuses an address with a length', () => {
    expect(parseAddress('10.0.0.1/32')).toBeUndefined();
  });
});

describe('containsCidr', () => {
  it.each([
    ['169.254.168.0/22', '169.254.169.254/32', true],
    ['169.254.168.0/22', '169.254.168.0/22', true],
    ['169.254.168.0/22', '169.254.172.0/32', false],
    ['169.254.168.0/22', '169.254.0.0/16', false],
    ['0.0.0.0/0', '10.0.0.0/8', true],
    ['0.0.0.0/0', '::/0', false],
    ['fd00:ec2::/32', 'fd00:ec2::254/128', true],
    ['fd00:ec2::/32', 'fd00:ec3::/48', false],
  ])('%s contains %s: %s', (outer, inner, contained) => {
    expect(containsCidr(cidr(outer), cidr(inner))).toBe(contained);
  });
});
