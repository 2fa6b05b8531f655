import { describe, expect, test } from 'vitest';
import { encodedPathAttributes, encodedPrefix, encodeMessage } from '../../../src/bgp/encode.ts';
import type { BgpMessage, OpenMessage, Prefix, UpdateMessage } from '../../../src/bgp/message.ts';
import type { PathAttribute } from '../../../src/bgp/path-attribute.ts';
import { parsePrefix } from '../../../src/bgp/prefix.ts';
import { hex, message, update } from './raw-message.ts';

const NEW = { isFourOctetAs: true };
const OLD = { isFourOctetAs: false };

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

function attribute(each: PathAttribute, context = NEW): string {
  return encodedPathAttributes([each], context).toString('hex');
}

function open(parts: Partial<OpenMessage>): OpenMessage {
  return {
    type: 'open',
    version: 4,
    myAutonomousSystem: 65_001,
    holdTime: 9,
    bgpIdentifier: '192.0.2.9',
    capabilities: [],
    ...parts,
  };
}

function updateOf(parts: Partial<UpdateMessage>): UpdateMessage {
  return { type: 'update', withdrawnRoutes: [], pathAttributes: [], nlri: [], ...parts };
}

describe('a message', () => {
  test.each<[string, BgpMessage, Buffer]>([
    ['KEEPALIVE', { type: 'keepalive' }, message(4, hex(''))],
    ['ROUTE-REFRESH', { type: 'route-refresh', afi: 2, safi: 1, subtype: 0 }, message(5, hex('00020001'))],
    [
      'NOTIFICATION',
      { type: 'notification', errorCode: 6, errorSubcode: 2, data: new Uint8Array([1, 0x78]) },
      message(3, hex('06020178')),
    ],
    ['the End-of-RIB of IPv4', updateOf({}), message(2, hex('00000000'))],
    [
      'the End-of-RIB of IPv6',
      updateOf({ pathAttributes: [{ type: 'mp-unreach-nlri', afi: 2, safi: 1, withdrawnRoutes: [] }] }),
      message(2, update({ attributes: '800f03000201' })),
    ],
    [
      'withdrawn routes',
      updateOf({ withdrawnRoutes: [prefix('10.0.0.0/8'), prefix('192.0.2.1/32')] }),
      message(2, update({ withdrawn: '080a 20c0000201' })),
    ],
    ['an OPEN without capabilities', open({}), message(1, hex('04fde90009c000020900'))],
  ])('%s', (_what, value, expected) => {
    expect(encodeMessage(value, NEW).toString('hex')).toBe(expected.toString('hex'));
  });

  test('OPEN has all capabilities in one parameter', () => {
    const bytes = encodeMessage(
      open({
        capabilities: [
          { type: 'multiprotocol', afi: 1, safi: 1 },
          { type: 'multiprotocol', afi: 2, safi: 1 },
          { type: 'route-refresh' },
          { type: 'extended-next-hop', families: [{ afi: 1, safi: 1, nextHopAfi: 2 }] },
          { type: 'role', role: 'rs-client' },
          { type: 'four-octet-as', asn: 4_200_000_001 },
          { type: 'other', code: 70, value: new Uint8Array(0) },
        ],
      }),
      NEW,
    );
    const capabilities = '010400010001 010400020001 0200 0506000100010002 090102 4104fa56ea01 4600';
    expect(bytes).toEqual(message(1, hex(`04fde90009c0000209 23 0221 ${capabilities}`)));
  });

  test('OPEN has the longer form of RFC 9072 only where it must', () => {
    const other = (length: number): OpenMessage =>
      open({ capabilities: [{ type: 'other', code: 99, value: new Uint8Array(length) }] });
    expect(encodeMessage(other(251), NEW)).toEqual(
      message(1, Buffer.concat([hex('04fde90009c0000209 ff 02fd 63fb'), Buffer.alloc(251)])),
    );
    expect(encodeMessage(other(252), NEW)).toEqual(
      message(1, Buffer.concat([hex('04fde90009c0000209 ff ff 0101 02 00fe 63fc'), Buffer.alloc(252)])),
    );
  });
});

describe('path attributes', () => {
  test('stand in the order of their types, with NLRI before all others (RFC 7606 §5.1)', () => {
    const bytes = encodedPathAttributes(
      [
        { type: 'large-communities', communities: [[1, 2, 3]] },
        { type: 'communities', communities: [0xffff_0000] },
        { type: 'other', flags: 0x80, code: 4, value: new Uint8Array(0) },
        { type: 'mp-unreach-nlri', afi: 2, safi: 1, withdrawnRoutes: [prefix('2001:db8:2::/48')] },
        { type: 'origin', origin: 'incomplete' },
        { type: 'as-path', segments: [] },
        {
          type: 'mp-reach-nlri',
          afi: 2,
          safi: 1,
          nextHops: ['2001:db8::1', 'fe80::1'],
          nlri: [prefix('2001:db8:1::/48')],
        },
      ],
      NEW,
    );
    const nextHops = '20010db8000000000000000000000001 fe800000000000000000000000000001';
    expect(bytes.toString('hex')).toBe(
      hex(`800e2c 000201 20 ${nextHops} 00 3020010db80001  800f0a 000201 3020010db80002  400101 02  400200
        800400  c00804 ffff0000  c0200c 000000010000000200000003`).toString('hex'),
    );
  });

  test.each<[string, PathAttribute, string]>([
    ['NEXT_HOP', { type: 'next-hop', nextHop: '192.0.2.1' }, '400304c0000201'],
    ['MULTI_EXIT_DISC', { type: 'multi-exit-disc', med: 4_294_967_295 }, '800404ffffffff'],
    ['LOCAL_PREF', { type: 'local-pref', localPref: 200 }, '400504000000c8'],
    ['ATOMIC_AGGREGATE', { type: 'atomic-aggregate' }, '400600'],
    ['AGGREGATOR', { type: 'aggregator', asn: 65_001, address: '192.0.2.9' }, 'c007080000fde9c0000209'],
    ['ORIGINATOR_ID', { type: 'originator-id', originatorId: '192.0.2.9' }, '800904c0000209'],
    [
      'CLUSTER_LIST',
      { type: 'cluster-list', clusterIds: ['192.0.2.9', '10.0.0.1'] },
      '800a08c00002090a000001',
    ],
    [
      'EXTENDED COMMUNITIES',
      { type: 'extended-communities', communities: [hex('0002fde900000064')] },
      'c010080002fde900000064',
    ],
    [
      'AS4_AGGREGATOR',
      { type: 'as4-aggregator', asn: 70_000, address: '192.0.2.9' },
      'c0120800011170c0000209',
    ],
    ['OTC', { type: 'only-to-customer', asn: 65_001 }, 'c023040000fde9'],
    ['an unknown one', { type: 'other', flags: 0xe0, code: 200, value: hex('beef') }, 'e0c802beef'],
  ])('%s', (_name, each, expected) => {
    expect(attribute(each)).toBe(expected);
  });

  test('have a length of two octets only where they need it', () => {
    const other = (length: number): PathAttribute => ({
      type: 'other',
      flags: 0xd0,
      code: 200,
      value: new Uint8Array(length),
    });
    expect(attribute(other(255)).slice(0, 6)).toBe('c0c8ff');
    expect(attribute(other(256)).slice(0, 8)).toBe('d0c80100');
    const communities = Array.from({ length: 64 }, () => 0xffff_0000);
    expect(attribute({ type: 'communities', communities }).slice(0, 8)).toBe('d0080100');
  });

  test('have AS_TRANS for AS numbers that a peer with two octets can not read', () => {
    const segments = [{ type: 'as-sequence', asns: [65_001, 65_535, 65_536, 4_200_000_001] }] as const;
    expect(attribute({ type: 'as-path', segments }, OLD)).toBe('40020a0204fde9ffff5ba05ba0');
    expect(attribute({ type: 'as4-path', segments }, OLD)).toBe(
      'c011120204 0000fde9 0000ffff 00010000 fa56ea01'.replaceAll(' ', ''),
    );
    expect(attribute({ type: 'aggregator', asn: 70_000, address: '192.0.2.9' }, OLD)).toBe(
      'c007065ba0c0000209',
    );
  });

  test('have all kinds of segments', () => {
    const segments = [
      { type: 'as-set', asns: [1, 2] },
      { type: 'as-sequence', asns: Array.from({ length: 255 }, () => 3) },
      { type: 'as-confed-sequence', asns: [4] },
      { type: 'as-confed-set', asns: [5] },
    ] as const;
    const long = `02ff${'0003'.repeat(255)}`;
    expect(attribute({ type: 'as-path', segments }, OLD)).toBe(`5002020e010200010002${long}0301000404010005`);
  });
});

describe('what can not be written throws a RangeError', () => {
  const v4 = prefix('10.0.0.0/8');
  const v6 = prefix('2001:db8::/32');
  const reach = { type: 'mp-reach-nlri', afi: 2, safi: 1, nextHops: ['2001:db8::1'], nlri: [v6] } as const;
  const withAttribute = (each: PathAttribute): UpdateMessage => updateOf({ pathAttributes: [each] });

  test.each<[string, BgpMessage]>([
    ['an IPv6 prefix among NLRI', updateOf({ nlri: [v4, v6] })],
    ['an IPv6 prefix among withdrawn routes', updateOf({ withdrawnRoutes: [v6] })],
    ['an IPv4 prefix in MP_REACH_NLRI of IPv6', withAttribute({ ...reach, nlri: [v4] })],
    ['MP_REACH_NLRI of an unknown family', withAttribute({ ...reach, safi: 128 })],
    ['MP_REACH_NLRI without a next hop', withAttribute({ ...reach, nextHops: [] })],
    ['MP_REACH_NLRI of routes that were not looked into', withAttribute({ ...reach, nlri: undefined })],
    [
      'MP_UNREACH_NLRI of such',
      withAttribute({ type: 'mp-unreach-nlri', afi: 2, safi: 1, withdrawnRoutes: undefined }),
    ],
    ['a next hop that is no address', withAttribute({ type: 'next-hop', nextHop: 'router' })],
    ['NEXT_HOP of IPv6', withAttribute({ type: 'next-hop', nextHop: '::1' })],
    ['MED of more than 32 bits', withAttribute({ type: 'multi-exit-disc', med: 2 ** 32 })],
    ['a negative community', withAttribute({ type: 'communities', communities: [-1] })],
    ['an AS number of more than 32 bits', withAttribute({ type: 'only-to-customer', asn: 2 ** 32 })],
    ['an empty segment', withAttribute({ type: 'as-path', segments: [{ type: 'as-sequence', asns: [] }] })],
    [
      'a segment of 256 AS numbers',
      withAttribute({
        type: 'as-path',
        segments: [{ type: 'as-sequence', asns: Array.from({ length: 256 }, () => 1) }],
      }),
    ],
    [
      'an extended community of 7 octets',
      withAttribute({ type: 'extended-communities', communities: [new Uint8Array(7)] }),
    ],
    ['a role without a value', open({ capabilities: [{ type: 'role', role: undefined }] })],
    ['an identifier that is no IPv4 address', open({ bgpIdentifier: '::1' })],
    ['an AS number of OPEN of more than 16 bits', open({ myAutonomousSystem: 65_536 })],
    [
      'a capability of 256 octets',
      open({ capabilities: [{ type: 'other', code: 1, value: new Uint8Array(256) }] }),
    ],
    [
      'a NOTIFICATION of 4097 octets',
      { type: 'notification', errorCode: 6, errorSubcode: 2, data: new Uint8Array(4_076) },
    ],
    [
      'an UPDATE of 4097 octets',
      withAttribute({ type: 'other', flags: 0x80, code: 99, value: new Uint8Array(4_070) }),
    ],
    [
      'attributes of 70000 octets',
      withAttribute({ type: 'other', flags: 0x80, code: 99, value: new Uint8Array(70_000) }),
    ],
  ])('%s', (_what, value) => {
    expect(() => encodeMessage(value, NEW)).toThrow(RangeError);
  });

  test.each<[string, Prefix]>([
    ['a prefix of 33 bits', { ...v4, length: 33 }],
    ['a prefix of -1 bits', { ...v4, length: -1 }],
    ['a prefix of half a bit', { ...v4, length: 0.5 }],
    ['a prefix with an address of another family', { ...v4, address: v6.address }],
  ])('%s', (_what, value) => {
    expect(() => encodedPrefix(value)).toThrow(RangeError);
  });

  test('and the longest that can does not', () => {
    const value = new Uint8Array(4_069);
    expect(encodeMessage(withAttribute({ type: 'other', flags: 0x80, code: 99, value }), NEW)).toHaveLength(
      4_096,
    );
    const data = new Uint8Array(4_075);
    expect(encodeMessage({ type: 'notification', errorCode: 6, errorSubcode: 2, data }, NEW)).toHaveLength(
      4_096,
    );
  });
});
