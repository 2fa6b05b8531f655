import { describe, expect, test } from 'vitest';
import { type DecodingContext, decodeMessage } from '../../../src/bgp/decode.ts';
import type { UpdateMessage } from '../../../src/bgp/message.ts';
import { formatPrefix } from '../../../src/bgp/prefix.ts';
import { meaningOf } from '../../support/bgp-meaning.ts';
import { AS_PATH, MP_REACH, MP_UNREACH, NEXT_HOP, NLRI, ORIGIN, update } from './raw-message.ts';

const EXTERNAL: DecodingContext = {
  isFourOctetAs: true,
  isIbgp: false,
  families: ['ipv4', 'ipv6'],
  hasExtendedNextHop: false,
};
const INTERNAL: DecodingContext = { ...EXTERNAL, isIbgp: true };
const MANDATORY = ORIGIN + AS_PATH + NEXT_HOP;

function read(parts: Parameters<typeof update>[0], context = EXTERNAL): UpdateMessage {
  const decoded = decodeMessage(2, update(parts), context);
  if (!decoded.ok) throw new Error(decoded.why);
  expect(decoded.errors).toEqual([]);
  if (decoded.message.type !== 'update') throw new Error(decoded.message.type);
  return decoded.message;
}

/** One attribute beside those that must be there. */
function attribute(hex: string, context = EXTERNAL): unknown {
  const { pathAttributes } = read({ attributes: MANDATORY + hex, nlri: NLRI }, context);
  expect(pathAttributes).toHaveLength(4);
  return pathAttributes[3];
}

describe('an UPDATE', () => {
  test('announces', () => {
    const message = read({ attributes: MANDATORY, nlri: NLRI });
    expect(message).toEqual({
      type: 'update',
      withdrawnRoutes: [],
      pathAttributes: [
        { type: 'origin', origin: 'igp' },
        { type: 'as-path', segments: [{ type: 'as-sequence', asns: [65_001] }] },
        { type: 'next-hop', nextHop: '192.0.2.1' },
      ],
      nlri: [{ family: 'ipv4', address: new Uint8Array([203, 0, 113, 0]), length: 24 }],
    });
  });

  test('withdraws', () => {
    const { withdrawnRoutes } = read({ withdrawn: '00 08 0a 20 c0000201 0d c0a8' });
    expect(withdrawnRoutes.map(formatPrefix)).toEqual([
      '0.0.0.0/0',
      '10.0.0.0/8',
      '192.0.2.1/32',
      '192.168.0.0/13',
    ]);
  });

  test('may do both', () => {
    const message = read({ withdrawn: '08 0a', attributes: MP_UNREACH + MP_REACH + MANDATORY, nlri: NLRI });
    expect(meaningOf(message)).toMatchObject({
      announce: ['2001:db8:1::/48 via 2001:db8::1', '203.0.113.0/24 via 192.0.2.1'],
      withdraw: ['10.0.0.0/8', '2001:db8:2::/48'],
    });
  });

  test('has no host bits in its prefixes, whatever stands there', () => {
    const { nlri } = read({ attributes: MANDATORY, nlri: '0c ffff 01 ff 1f ffffffff 00' });
    expect(nlri.map(formatPrefix)).toEqual([
      '255.240.0.0/12',
      '128.0.0.0/1',
      '255.255.255.254/31',
      '0.0.0.0/0',
    ]);
  });

  test('of nothing is the End-of-RIB of IPv4', () => {
    expect(read({})).toEqual({ type: 'update', withdrawnRoutes: [], pathAttributes: [], nlri: [] });
  });

  test.each(['800f03 000201', '900f0003 000201'])('with %s alone is the End-of-RIB of IPv6', (attributes) => {
    expect(read({ attributes })).toMatchObject({
      pathAttributes: [{ type: 'mp-unreach-nlri', afi: 2, safi: 1, withdrawnRoutes: [] }],
    });
  });

  test('without routes needs no attributes', () => {
    expect(read({ attributes: ORIGIN }).pathAttributes).toEqual([{ type: 'origin', origin: 'igp' }]);
  });
});

describe('a path attribute', () => {
  test.each([
    ['40010101', 'egp'],
    ['40010102', 'incomplete'],
  ])('ORIGIN %s', (origin, expected) => {
    const message = read({ attributes: origin + AS_PATH + NEXT_HOP, nlri: NLRI });
    expect(message.pathAttributes[0]).toEqual({ type: 'origin', origin: expected });
  });

  test('AS_PATH with sets and sequences, of four octets', () => {
    const path = '400214 0202 0000fde9 fa56ea01 0102 0000fdea 0000fdeb';
    expect(read({ attributes: ORIGIN + path + NEXT_HOP, nlri: NLRI }).pathAttributes[1]).toEqual({
      type: 'as-path',
      segments: [
        { type: 'as-sequence', asns: [65_001, 4_200_000_001] },
        { type: 'as-set', asns: [65_002, 65_003] },
      ],
    });
  });

  test('AS_PATH and AS4_PATH, AGGREGATOR and AS4_AGGREGATOR of a peer with two octets', () => {
    const attributes = `${ORIGIN} 400206 0202fde95ba0 ${NEXT_HOP} c00706 5ba0c0000209 c01106 0201fa56ea01 c01208 fa56ea01c0000209`;
    const message = read({ attributes, nlri: NLRI }, { ...EXTERNAL, isFourOctetAs: false });
    expect(message.pathAttributes.slice(1)).toEqual([
      { type: 'as-path', segments: [{ type: 'as-sequence', asns: [65_001, 23_456] }] },
      { type: 'next-hop', nextHop: '192.0.2.1' },
      { type: 'aggregator', asn: 23_456, address: '192.0.2.9' },
      { type: 'as4-path', segments: [{ type: 'as-sequence', asns: [4_200_000_001] }] },
      { type: 'as4-aggregator', asn: 4_200_000_001, address: '192.0.2.9' },
    ]);
  });

  test('AS4_PATH without its confederations (RFC 6793 §6)', () => {
    const attributes = `${ORIGIN} 400204 0201fde9 ${NEXT_HOP} c0110c 0301 0000fde9 0201 0000fdea`;
    const message = read({ attributes, nlri: NLRI }, { ...EXTERNAL, isFourOctetAs: false });
    expect(message.pathAttributes[3]).toEqual({
      type: 'as4-path',
      segments: [{ type: 'as-sequence', asns: [65_002] }],
    });
  });

  test('AS_PATH with confederations of an internal peer, and an empty one', () => {
    const path = '40020c 0301 0000fde9 0401 0000fdea';
    const message = read({ attributes: ORIGIN + path + NEXT_HOP, nlri: NLRI }, INTERNAL);
    expect(message.pathAttributes[1]).toMatchObject({
      segments: [{ type: 'as-confed-sequence' }, { type: 'as-confed-set' }],
    });
    expect(
      read({ attributes: `${ORIGIN} 400200 ${NEXT_HOP}`, nlri: NLRI }, INTERNAL).pathAttributes[1],
    ).toEqual({
      type: 'as-path',
      segments: [],
    });
  });

  test.each<[string, unknown, DecodingContext]>([
    ['800404 ffffffff', { type: 'multi-exit-disc', med: 4_294_967_295 }, EXTERNAL],
    ['400504 000000c8', { type: 'local-pref', localPref: 200 }, INTERNAL],
    ['400600', { type: 'atomic-aggregate' }, EXTERNAL],
    ['c00708 0000fde9 c0000209', { type: 'aggregator', asn: 65_001, address: '192.0.2.9' }, EXTERNAL],
    ['c00808 ffff0000 fde90064', { type: 'communities', communities: [0xffff_0000, 0xfde9_0064] }, EXTERNAL],
    ['e00804 ffff0000', { type: 'communities', communities: [0xffff_0000] }, EXTERNAL],
    ['c00804 00000000', { type: 'communities', communities: [0] }, EXTERNAL],
    ['800904 c0000209', { type: 'originator-id', originatorId: '192.0.2.9' }, INTERNAL],
    ['800a08 c0000209 0a000001', { type: 'cluster-list', clusterIds: ['192.0.2.9', '10.0.0.1'] }, INTERNAL],
    [
      'c01008 0002fde900000064',
      { type: 'extended-communities', communities: [new Uint8Array([0, 2, 0xfd, 0xe9, 0, 0, 0, 0x64])] },
      EXTERNAL,
    ],
    [
      'c02018 fa56ea01 00000001 00000002 00000000 ffffffff 00000003',
      {
        type: 'large-communities',
        communities: [
          [4_200_000_001, 1, 2],
          [0, 4_294_967_295, 3],
        ],
      },
      EXTERNAL,
    ],
    ['c02304 0000fde9', { type: 'only-to-customer', asn: 65_001 }, EXTERNAL],
    ['80fd02 dead', { type: 'other', flags: 0x80, code: 253, value: new Uint8Array([0xde, 0xad]) }, EXTERNAL],
    ['f0fe0001 be', { type: 'other', flags: 0xe0, code: 254, value: new Uint8Array([0xbe]) }, EXTERNAL],
    ['c0fe00', { type: 'other', flags: 0xc0, code: 254, value: new Uint8Array(0) }, EXTERNAL],
  ])('%s', (hex, expected, context) => {
    expect(attribute(hex, context)).toEqual(expected);
  });

  test('IPv6 EXTENDED COMMUNITIES, which have no meaning here', () => {
    expect(attribute(`c01914 ${'01'.repeat(20)}`)).toMatchObject({ type: 'other', code: 25 });
  });

  test('with an extended length that it does not need, and with bits that have no meaning', () => {
    expect(attribute('5f060000')).toEqual({ type: 'atomic-aggregate' });
  });
});

describe('MP_REACH_NLRI', () => {
  const NLRI6 = '00 3020010db80001';

  function reach(hex: string, context = EXTERNAL): unknown {
    return read({ attributes: hex + ORIGIN + AS_PATH }, context).pathAttributes[0];
  }

  test('of IPv6 with a global next hop', () => {
    expect(reach(MP_REACH)).toEqual({
      type: 'mp-reach-nlri',
      afi: 2,
      safi: 1,
      nextHops: ['2001:db8::1'],
      nlri: [
        {
          family: 'ipv6',
          address: new Uint8Array([32, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
          length: 48,
        },
      ],
    });
  });

  test('of IPv6 with a link-local next hop beside it', () => {
    const nextHops = '20010db8000000000000000000000001 fe800000000000000000000000000001';
    expect(reach(`800e2c 000201 20 ${nextHops} ${NLRI6}`)).toMatchObject({
      nextHops: ['2001:db8::1', 'fe80::1'],
    });
  });

  test('of IPv4 by an IPv6 next hop, where it was agreed on', () => {
    const context = { ...EXTERNAL, hasExtendedNextHop: true };
    const hex = '800e19 000101 10 20010db8000000000000000000000001 00 18cb0071';
    expect(meaningOf(read({ attributes: hex + ORIGIN + AS_PATH }, context))).toMatchObject({
      announce: ['203.0.113.0/24 via 2001:db8::1'],
    });
  });

  test('of IPv4 by an IPv4 next hop', () => {
    expect(reach('800e0d 000101 04 c0000201 00 18cb0071')).toMatchObject({ nextHops: ['192.0.2.1'] });
  });

  test.each([
    ['a family that was not agreed on', '000201 10 20010db8000000000000000000000001 00 ffffff', ['ipv4']],
    ['a family without a next hop', '400447 00 00', ['ipv4', 'ipv6']],
    ['VPN-IPv4', '000180 0c 0000000000000000c0000201 00 7000000101', ['ipv4', 'ipv6']],
    ['a SAFI of IPv4 that is not spoken', '000102 04 c0000201 00 08 0a', ['ipv4', 'ipv6']],
  ] as const)('of %s is not looked into', (_what, hex, families) => {
    const attributes = `800e${(hex.replaceAll(' ', '').length / 2).toString(16).padStart(2, '0')}${hex}`;
    expect(reach(attributes, { ...EXTERNAL, families })).toMatchObject({ nextHops: [], nlri: undefined });
  });

  test('withdraws no family that was not agreed on', () => {
    const { pathAttributes } = read({ attributes: MP_UNREACH }, { ...EXTERNAL, families: ['ipv4'] });
    expect(pathAttributes).toEqual([
      { type: 'mp-unreach-nlri', afi: 2, safi: 1, withdrawnRoutes: undefined },
    ]);
  });
});
