import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMessage } from '../../../src/bgp/decode.ts';
import { encodeMessage } from '../../../src/bgp/encode.ts';
import { Framer } from '../../../src/bgp/framer.ts';
import type {
  AddressFamily,
  BgpMessage,
  Capability,
  Prefix,
  UpdateMessage,
} from '../../../src/bgp/message.ts';
import type { AsPathSegment, PathAttribute } from '../../../src/bgp/path-attribute.ts';
import { parsePrefix } from '../../../src/bgp/prefix.ts';
import { formatAddress } from '../../../src/lib/cidr.ts';

const RUNS = { seed: 4_271, numRuns: 400 };

const uint8 = fc.integer({ min: 0, max: 0xff });
const uint16 = fc.integer({ min: 0, max: 0xffff });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const octets = (length: { readonly minLength?: number; readonly maxLength: number }) => fc.uint8Array(length);
const dotted = octets({ minLength: 4, maxLength: 4 }).map(formatAddress);
const host = octets({ minLength: 4, maxLength: 4 })
  .filter(([first = 0]) => first > 0 && first !== 127 && first < 224)
  .map(formatAddress);
const ipv6 = octets({ minLength: 16, maxLength: 16 }).map(formatAddress);

const prefixOf = (family: AddressFamily): fc.Arbitrary<Prefix> => {
  const bytes = family === 'ipv4' ? 4 : 16;
  return fc
    .record({
      address: octets({ minLength: bytes, maxLength: bytes }),
      length: fc.integer({ min: 0, max: bytes * 8 }),
    })
    .map(({ address, length }) => ({
      family,
      length,
      address: address.map((octet, index) => octet & ~(0xff >> Math.max(0, Math.min(8, length - index * 8)))),
    }));
};
const prefixes = (family: AddressFamily) => fc.array(prefixOf(family), { maxLength: 20 });

const asn = (isFour: boolean) => fc.integer({ min: 1, max: isFour ? 0xffff_ffff : 0xffff });
const segments = (
  isFour: boolean,
  types: readonly AsPathSegment['type'][],
): fc.Arbitrary<readonly AsPathSegment[]> =>
  fc.array(
    fc.record({
      type: fc.constantFrom(...types),
      asns: fc.array(asn(isFour), { minLength: 1, maxLength: 12 }),
    }),
    { minLength: 1, maxLength: 3 },
  );
const ALL_SEGMENTS = ['as-set', 'as-sequence', 'as-confed-sequence', 'as-confed-set'] as const;

/** Each at most once, in the order in which they are written. Of an internal peer, which may send them all. */
function attributes(isFour: boolean): fc.Arbitrary<readonly PathAttribute[]> {
  const some = { minLength: 1, maxLength: 70 };
  const old = isFour
    ? []
    : [
        segments(true, ['as-set', 'as-sequence']).map(
          (path): PathAttribute => ({ type: 'as4-path', segments: path }),
        ),
        fc.record({ type: fc.constant('as4-aggregator' as const), asn: asn(true), address: dotted }),
      ];
  const optional: readonly fc.Arbitrary<PathAttribute>[] = [
    fc.oneof(reach('ipv4', fc.oneof(host, ipv6)), reach('ipv6', ipv6)),
    fc.oneof(unreach('ipv4'), unreach('ipv6')),
  ];
  const required: readonly fc.Arbitrary<PathAttribute>[] = [
    fc.record({ type: fc.constant('origin' as const), origin: fc.constantFrom('igp', 'egp', 'incomplete') }),
    fc
      .oneof(fc.constant([]), segments(isFour, ALL_SEGMENTS))
      .map((path) => ({ type: 'as-path', segments: path })),
    host.map((nextHop) => ({ type: 'next-hop', nextHop })),
  ];
  const rest: readonly fc.Arbitrary<PathAttribute>[] = [
    uint32.map((med) => ({ type: 'multi-exit-disc', med })),
    uint32.map((localPref) => ({ type: 'local-pref', localPref })),
    fc.constant({ type: 'atomic-aggregate' }),
    fc.record({ type: fc.constant('aggregator' as const), asn: asn(isFour), address: dotted }),
    fc.array(uint32, some).map((communities) => ({ type: 'communities', communities })),
    dotted.map((originatorId) => ({ type: 'originator-id', originatorId })),
    fc.array(dotted, some).map((clusterIds) => ({ type: 'cluster-list', clusterIds })),
    fc
      .array(octets({ minLength: 8, maxLength: 8 }), some)
      .map((communities) => ({ type: 'extended-communities', communities })),
    ...old,
    fc
      .array(fc.tuple(uint32, uint32, uint32), some)
      .map((communities) => ({ type: 'large-communities', communities })),
    uint32.map((number) => ({ type: 'only-to-customer', asn: number })),
    fc.record({
      type: fc.constant('other' as const),
      flags: fc.constantFrom(0x80, 0xc0, 0xe0, 0x8f),
      code: fc.integer({ min: 100, max: 255 }),
      value: octets({ maxLength: 300 }),
    }),
  ];
  const maybe = (each: fc.Arbitrary<PathAttribute>) => fc.option(each, { nil: undefined, freq: 1 });
  return fc
    .tuple(fc.tuple(...optional.map(maybe)), fc.tuple(...required), fc.tuple(...rest.map(maybe)))
    .map((all) => all.flat().filter((each) => each !== undefined));
}

function reach(family: AddressFamily, nextHop: fc.Arbitrary<string>): fc.Arbitrary<PathAttribute> {
  return fc
    .record({ hop: nextHop, linkLocal: fc.boolean(), nlri: prefixes(family) })
    .map(({ hop, linkLocal, nlri }) => ({
      type: 'mp-reach-nlri',
      afi: family === 'ipv4' ? 1 : 2,
      safi: 1,
      nextHops: hop.includes(':') && linkLocal ? [hop, 'fe80::1'] : [hop],
      nlri,
    }));
}

function unreach(family: AddressFamily): fc.Arbitrary<PathAttribute> {
  const afi = family === 'ipv4' ? 1 : 2;
  return prefixes(family).map((withdrawnRoutes) => ({
    type: 'mp-unreach-nlri',
    afi,
    safi: 1,
    withdrawnRoutes,
  }));
}

const updates = (isFour: boolean): fc.Arbitrary<UpdateMessage> =>
  fc.record({
    type: fc.constant('update' as const),
    withdrawnRoutes: prefixes('ipv4'),
    pathAttributes: attributes(isFour),
    nlri: prefixes('ipv4'),
  });

const capability: fc.Arbitrary<Capability> = fc.oneof(
  fc.record({ type: fc.constant('multiprotocol' as const), afi: uint16, safi: uint8 }),
  fc.constant({ type: 'route-refresh' as const }),
  fc.record({
    type: fc.constant('extended-next-hop' as const),
    families: fc.array(fc.record({ afi: uint16, safi: uint16, nextHopAfi: uint16 }), { maxLength: 40 }),
  }),
  fc.record({
    type: fc.constant('role' as const),
    role: fc.constantFrom('provider', 'rs', 'rs-client', 'customer', 'peer'),
  }),
  fc.record({ type: fc.constant('four-octet-as' as const), asn: uint32 }),
  fc.record({
    type: fc.constant('other' as const),
    code: uint8.filter((code) => ![1, 2, 5, 9, 65].includes(code)),
    value: octets({ maxLength: 255 }),
  }),
);

const opens: fc.Arbitrary<BgpMessage> = fc.record({
  type: fc.constant('open' as const),
  version: fc.constant(4),
  myAutonomousSystem: uint16,
  holdTime: uint16.filter((seconds) => seconds !== 1 && seconds !== 2),
  bgpIdentifier: dotted.filter((identifier) => identifier !== '0.0.0.0'),
  capabilities: fc.array(capability, { maxLength: 12 }),
});

const others: fc.Arbitrary<BgpMessage> = fc.oneof(
  fc.constant({ type: 'keepalive' as const }),
  fc.record({ type: fc.constant('route-refresh' as const), afi: uint16, safi: uint8, subtype: uint8 }),
  fc.record({
    type: fc.constant('notification' as const),
    errorCode: uint8,
    errorSubcode: uint8,
    data: octets({ maxLength: 300 }),
  }),
);

function passes(message: BgpMessage, isFourOctetAs: boolean): void {
  const bytes = encodeMessage(message, { isFourOctetAs });
  const [framed] = new Framer().push(bytes);
  if (!framed?.ok) throw new Error(framed?.why);
  const context = {
    isFourOctetAs,
    isIbgp: true,
    families: ['ipv4', 'ipv6'],
    hasExtendedNextHop: true,
  } as const;
  expect(decodeMessage(framed.type, framed.body, context)).toEqual({ ok: true, message, errors: [] });
}

describe('what is written reads as it was', () => {
  test.each([true, false])('UPDATE, with AS numbers of four octets: %s', (isFour) => {
    fc.assert(
      fc.property(updates(isFour), (message) => passes(message, isFour)),
      { ...RUNS, numRuns: 150 },
    );
  });

  test('OPEN', () => {
    fc.assert(
      fc.property(opens, (message) => passes(message, true)),
      RUNS,
    );
  });

  test('all others', () => {
    fc.assert(
      fc.property(others, (message) => passes(message, true)),
      RUNS,
    );
  });
});

test('a prefix has one text', () => {
  fc.assert(
    fc.property(fc.oneof(prefixOf('ipv4'), prefixOf('ipv6')), (prefix) => {
      const text = `${formatAddress(prefix.address)}/${prefix.length}`;
      expect(parsePrefix(text)).toEqual(prefix);
    }),
    RUNS,
  );
});
