import { describe, expect, it } from 'vitest';
import { type ExportContext, exportRoute } from '../../../src/bgp/export-route.ts';
import type { Negotiated, PeerSpec } from '../../../src/bgp/index.ts';
import type { PathAttribute } from '../../../src/bgp/path-attribute.ts';
import { bgpRoute, negotiatedFacts, peerSpec } from '../../support/bgp/facts.ts';

interface Over {
  readonly negotiated?: Partial<Negotiated>;
  readonly peer?: Partial<PeerSpec>;
  readonly isIbgp?: boolean;
  readonly localAsn?: number;
}

function context({ negotiated, peer, isIbgp = false, localAsn = 64_999 }: Over = {}): ExportContext {
  return { localAsn, isIbgp, peer: peerSpec(peer), negotiated: negotiatedFacts(negotiated) };
}

const OVER_IPV6 = { localAddress: '2001:db8::9', remoteAddress: '2001:db8::1' };

function exported(route: Parameters<typeof exportRoute>[0], over?: Over) {
  const result = exportRoute(route, context(over));
  if (!result.ok) throw new Error(result.why);
  return result.route;
}

function refusal(route: Parameters<typeof exportRoute>[0], over?: Over): string {
  const result = exportRoute(route, context(over));
  if (result.ok) throw new Error('not refused');
  return result.why;
}

function one<T extends PathAttribute['type']>(
  route: { readonly attributes: readonly PathAttribute[] },
  type: T,
) {
  return route.attributes.find((attribute): attribute is Extract<PathAttribute, { type: T }> => {
    return attribute.type === type;
  });
}

describe('a route that goes to an eBGP peer', () => {
  const host = bgpRoute('10.0.0.1/32');

  it('has the own AS once, the session’s address as next hop, and nothing that was not asked for', () => {
    expect(exported(host)).toEqual({
      prefix: { family: 'ipv4', address: Uint8Array.of(10, 0, 0, 1), length: 32 },
      attributes: [
        { type: 'origin', origin: 'igp' },
        { type: 'as-path', segments: [{ type: 'as-sequence', asns: [64_999] }] },
        { type: 'next-hop', nextHop: '192.0.2.9' },
      ],
      nextHops: undefined,
    });
  });

  it('has it once more for each prepend, in segments of 255 at most', () => {
    const path = one(exported(bgpRoute('10.0.0.1/32', { asPathPrepend: 299 })), 'as-path');
    expect(path?.segments.map(({ asns }) => asns.length)).toEqual([255, 45]);
  });

  it('has MED, communities of each kind, and never LOCAL_PREF', () => {
    const route = bgpRoute('10.0.0.1/32', {
      med: 50,
      localPref: 200,
      communities: [0xffff_0000],
      extendedCommunities: ['0002fde800000064'],
      largeCommunities: [[64_999, 1, 2]],
    });
    const { attributes } = exported(route);
    expect(attributes.slice(3)).toEqual([
      { type: 'multi-exit-disc', med: 50 },
      { type: 'communities', communities: [0xffff_0000] },
      { type: 'extended-communities', communities: [Buffer.from('0002fde800000064', 'hex')] },
      { type: 'large-communities', communities: [[64_999, 1, 2]] },
    ]);
  });

  it('is sent with AS_TRANS and AS4_PATH to a peer of two octets', () => {
    const route = exported(bgpRoute('10.0.0.1/32', { asPathPrepend: 1 }), {
      localAsn: 4_200_000_010,
      negotiated: { isFourOctetAs: false },
    });
    expect(one(route, 'as-path')?.segments).toEqual([{ type: 'as-sequence', asns: [23_456, 23_456] }]);
    expect(one(route, 'as4-path')?.segments).toEqual([
      { type: 'as-sequence', asns: [4_200_000_010, 4_200_000_010] },
    ]);
  });

  it('has no AS4_PATH where the own AS fits into two octets', () => {
    expect(one(exported(host, { negotiated: { isFourOctetAs: false } }), 'as4-path')).toBeUndefined();
  });

  it.each([
    ['provider', true],
    ['peer', true],
    ['rs', true],
    ['customer', false],
    ['rs-client', false],
  ] as const)('by the role %s is marked with ONLY_TO_CUSTOMER: %s', (role, isMarked) => {
    const mark = one(exported(host, { peer: { role } }), 'only-to-customer');
    expect(mark).toEqual(isMarked ? { type: 'only-to-customer', asn: 64_999 } : undefined);
  });
});

describe('a route that goes to an iBGP peer', () => {
  it('has an empty path whatever the prepend, and LOCAL_PREF 100', () => {
    const route = exported(bgpRoute('10.0.0.1/32', { asPathPrepend: 3 }), { isIbgp: true });
    expect(one(route, 'as-path')?.segments).toEqual([]);
    expect(one(route, 'local-pref')?.localPref).toBe(100);
  });

  it('has the LOCAL_PREF that it was given, 0 too', () => {
    const route = exported(bgpRoute('10.0.0.1/32', { localPref: 0 }), { isIbgp: true });
    expect(one(route, 'local-pref')?.localPref).toBe(0);
  });
});

describe('the next hop', () => {
  const v4 = bgpRoute('10.0.0.1/32');
  const v6 = bgpRoute('2001:db8:1::53/128');
  const extended = { negotiated: { ...OVER_IPV6, hasExtendedNextHop: true } };

  it.each([
    ['IPv4 over IPv4: the session’s', v4, {}, '192.0.2.9'],
    [
      'IPv4 over IPv4: the peer’s before it',
      v4,
      { peer: { nextHop: { ipv4: '198.51.100.1', ipv6: undefined } } },
      '198.51.100.1',
    ],
    [
      'IPv4 over IPv6: the peer’s',
      v4,
      { negotiated: OVER_IPV6, peer: { nextHop: { ipv4: '198.51.100.1', ipv6: undefined } } },
      '198.51.100.1',
    ],
    ['IPv6 over IPv6: the session’s', v6, { negotiated: OVER_IPV6 }, '2001:db8::9'],
    [
      'IPv6 over IPv4: the peer’s',
      v6,
      { peer: { nextHop: { ipv4: undefined, ipv6: '2001:db8::7' } } },
      '2001:db8::7',
    ],
    ['IPv4 with RFC 8950: the session’s IPv6 address', v4, extended, '2001:db8::9'],
    [
      'IPv4 with RFC 8950: IPv6 before a configured IPv4 one',
      v4,
      { ...extended, peer: { nextHop: { ipv4: '198.51.100.1', ipv6: undefined } } },
      '2001:db8::9',
    ],
    [
      'the route’s own before all',
      bgpRoute('10.0.0.1/32', { nextHop: '203.0.113.5' }),
      extended,
      '203.0.113.5',
    ],
  ] as const)('%s', (_, route, over, expected) => {
    const result = exported(route, over);
    const nextHop = one(result, 'next-hop')?.nextHop;
    expect(result.nextHops ?? [nextHop]).toEqual([expected]);
    expect(nextHop === undefined).toBe(expected.includes(':'));
  });

  it('has the link-local address beside it on a session between such', () => {
    const over = {
      negotiated: { localAddress: 'fe80::9', remoteAddress: 'fe80::1' },
      peer: { nextHop: { ipv4: undefined, ipv6: '2001:db8::9' } },
    };
    expect(exported(v6, over).nextHops).toEqual(['2001:db8::9', 'fe80::9']);
  });

  it.each([
    [
      'a family that was not agreed on',
      v6,
      { negotiated: { families: ['ipv4'] } },
      'does not take IPv6 unicast',
    ],
    ['IPv6 over IPv4 without one', v6, {}, 'no IPv6 next hop'],
    ['IPv4 over IPv6 without one', v4, { negotiated: OVER_IPV6 }, 'no IPv4 next hop'],
    [
      'IPv6 for IPv4 where that was not agreed on',
      bgpRoute('10.0.0.1/32', { nextHop: '2001:db8::9' }),
      {},
      'needs RFC 8950',
    ],
    ['IPv4 for IPv6', bgpRoute('2001:db8::/64', { nextHop: '192.0.2.9' }), {}, 'is not IPv6'],
    [
      'a loopback address',
      v4,
      { negotiated: { localAddress: '127.0.0.1' } },
      'take no next hop such as 127.0.0.1',
    ],
    ['the peer itself', bgpRoute('10.0.0.1/32', { nextHop: '192.0.2.1' }), {}, 'is the peer itself'],
    [
      'a link-local address alone',
      v6,
      { negotiated: { localAddress: 'fe80::9', remoteAddress: 'fe80::1' } },
      'is link-local',
    ],
  ] as const)('is refused: %s', (_, route, over, why) => {
    expect(refusal(route, over)).toContain(why);
  });
});
