import { describe, expect, it } from 'vitest';
import { AdjRibOut } from '../../../src/bgp/adj-rib-out.ts';
import { encodeMessage } from '../../../src/bgp/encode.ts';
import type { UpdateMessage } from '../../../src/bgp/message.ts';
import { formatPrefix } from '../../../src/bgp/prefix.ts';
import { bgpRoute, negotiatedFacts, peerSpec } from '../../support/bgp/facts.ts';

const OVER_IPV6 = { localAddress: '2001:db8::9', remoteAddress: '2001:db8::1' };

function rib(negotiated = negotiatedFacts(), localAsn = 65_999): AdjRibOut {
  const peer = peerSpec({ nextHop: { ipv4: '192.0.2.9', ipv6: '2001:db8::9' } });
  return new AdjRibOut({ localAsn, isIbgp: false, peer, negotiated });
}

/** What a message says, as `+prefix` and `-prefix`. */
function said({ withdrawnRoutes, nlri, pathAttributes }: UpdateMessage): string[] {
  const reach = pathAttributes.flatMap((attribute) =>
    attribute.type === 'mp-reach-nlri' ? (attribute.nlri ?? []) : [],
  );
  const unreach = pathAttributes.flatMap((attribute) =>
    attribute.type === 'mp-unreach-nlri' ? (attribute.withdrawnRoutes ?? []) : [],
  );
  return [
    ...[...withdrawnRoutes, ...unreach].map((prefix) => `-${formatPrefix(prefix)}`),
    ...[...nlri, ...reach].map((prefix) => `+${formatPrefix(prefix)}`),
  ];
}

/** `10.a.b.c/32`, all different. */
function hostRoutes(count: number, over = {}) {
  return Array.from({ length: count }, (_, n) =>
    bgpRoute(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32`, over),
  );
}

describe('what a peer is sent', () => {
  it('is each route once, and nothing while nothing changes', () => {
    const out = rib();
    const routes = [bgpRoute('10.0.0.1/32'), bgpRoute('2001:db8:1::53/128')];
    expect(out.change(routes).messages.map(said)).toEqual([['+10.0.0.1/32'], ['+2001:db8:1::53/128']]);
    expect(out.change(routes)).toMatchObject({ messages: [], announced: 0, withdrawn: 0 });
    expect(out.change([bgpRoute('10.0.0.1/32'), bgpRoute('2001:db8:1::53/128')]).messages).toEqual([]);
  });

  it('is a withdrawal before the news, each in its own family’s way', () => {
    const out = rib();
    out.change([bgpRoute('10.0.0.1/32'), bgpRoute('2001:db8:1::53/128')]);
    const { messages, announced, withdrawn } = out.change([bgpRoute('10.0.0.2/32')]);
    expect(messages.map(said)).toEqual([['-10.0.0.1/32'], ['-2001:db8:1::53/128'], ['+10.0.0.2/32']]);
    expect({ announced, withdrawn }).toEqual({ announced: 1, withdrawn: 2 });
    expect([...out.announced()]).toEqual(['10.0.0.2/32']);
  });

  it('is a changed route once more, without a withdrawal before it', () => {
    const out = rib();
    out.change([bgpRoute('10.0.0.1/32'), bgpRoute('10.0.0.2/32')]);
    const drained = [bgpRoute('10.0.0.1/32', { communities: [0xffff_0000] }), bgpRoute('10.0.0.2/32')];
    expect(out.change(drained).messages.map(said)).toEqual([['+10.0.0.1/32']]);
  });

  it('has IPv4 that went with an IPv6 next hop withdrawn by MP_UNREACH_NLRI', () => {
    const out = rib(negotiatedFacts({ ...OVER_IPV6, hasExtendedNextHop: true }));
    out.change([bgpRoute('10.0.0.1/32')]);
    const [message] = out.change([]).messages;
    expect(message?.withdrawnRoutes).toEqual([]);
    expect(message?.pathAttributes).toMatchObject([{ type: 'mp-unreach-nlri', afi: 1, safi: 1 }]);
  });

  it('leaves out what the peer can’t have, and says why; it goes when it can', () => {
    const out = rib(negotiatedFacts({ families: ['ipv4'] }));
    const routes = [bgpRoute('10.0.0.1/32'), bgpRoute('2001:db8:1::53/128')];
    expect(out.change(routes).announced).toBe(1);
    expect([...out.withheld().keys()]).toEqual(['2001:db8:1::53/128']);
    expect(out.change([bgpRoute('10.0.0.1/32')]).messages).toEqual([]);
    expect(out.withheld().size).toBe(0);
  });

  it('withdraws a route that the peer can’t have any more', () => {
    const out = rib();
    out.change([bgpRoute('10.0.0.1/32')]);
    const { messages } = out.change([bgpRoute('10.0.0.1/32', { nextHop: '127.0.0.1' })]);
    expect(messages.map(said)).toEqual([['-10.0.0.1/32']]);
  });

  it('is all of one family again when the peer asks', () => {
    const out = rib();
    out.change([bgpRoute('10.0.0.1/32'), bgpRoute('2001:db8:1::53/128')]);
    expect(out.repeat('ipv6').messages.map(said)).toEqual([['+2001:db8:1::53/128']]);
    expect(out.repeat('ipv4')).toMatchObject({ announced: 1, withdrawn: 0 });
  });

  it('ends its first transfer with an End-of-RIB for each agreed family (RFC 4724 §2)', () => {
    const bytes = rib()
      .endOfRibs()
      .map((message) => encodeMessage(message, { isFourOctetAs: true }).toString('hex').slice(32));
    expect(bytes).toEqual(['00170200000000', '001d0200000006800f03000201']);
  });
});

describe('the number of UPDATEs', () => {
  it('is one for each set of attributes and family', () => {
    const routes = [
      ...hostRoutes(100),
      ...hostRoutes(200, { med: 5 }).slice(100),
      bgpRoute('2001:db8:1::/64'),
    ];
    expect(rib().change(routes).messages).toHaveLength(3);
  });

  it.each([
    4_096, 10_000,
  ])('is as small as 4096 bytes allow for %d host routes, and none is lost', (count) => {
    const out = rib();
    const { messages } = out.change(hostRoutes(count, { communities: [1, 2, 3] }));
    const sizes = messages.map((message) => encodeMessage(message, { isFourOctetAs: true }).length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4_096);
    // Another prefix of 5 bytes would not have gone in.
    for (const size of sizes.slice(0, -1)) expect(size).toBeGreaterThan(4_096 - 6);
    expect(new Set(messages.flatMap(said)).size).toBe(count);
    const gone = out.change([]).messages;
    expect(new Set(gone.flatMap(said)).size).toBe(count);
    expect(gone.every((message) => encodeMessage(message, { isFourOctetAs: true }).length <= 4_096)).toBe(
      true,
    );
  });

  it('is so for IPv6 and with IPv6 next hops too', () => {
    const out = rib(negotiatedFacts({ ...OVER_IPV6, hasExtendedNextHop: true }), 4_200_000_010);
    const v6 = Array.from({ length: 700 }, (_, n) => bgpRoute(`2001:db8:${n.toString(16)}::53/128`));
    const { messages } = out.change([...hostRoutes(1_500), ...v6]);
    const sizes = messages.map((message) => encodeMessage(message, { isFourOctetAs: true }).length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4_096);
    expect(new Set(messages.flatMap(said)).size).toBe(2_200);
    for (const message of out.change([]).messages) {
      expect(encodeMessage(message, { isFourOctetAs: true }).length).toBeLessThanOrEqual(4_096);
    }
  });
});
