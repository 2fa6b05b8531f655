import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AdjRibOut } from '../../../src/bgp/adj-rib-out.ts';
import { SharedExports } from '../../../src/bgp/exports.ts';
import { bgpRoute, negotiatedFacts, peerSpec } from '../../support/bgp/facts.ts';

const PEERS = ['192.0.2.1', '192.0.2.2', '192.0.2.3'] as const;

function rib(remoteAddress: string, shared?: SharedExports): AdjRibOut {
  const negotiated = negotiatedFacts({ remoteAddress });
  return new AdjRibOut({ localAsn: 65_999, isIbgp: false, peer: peerSpec(), negotiated }, shared);
}

const route = fc.record({
  prefix: fc.integer({ min: 0, max: 5 }).map((n) => `10.0.0.${n}/32`),
  med: fc.constantFrom(undefined, 1, 2),
  communities: fc.constantFrom([], [1], [1, 2]),
  nextHop: fc.constantFrom(undefined, ...PEERS, '192.0.2.77', '2001:db8::1'),
});
const routes = fc
  .uniqueArray(route, { selector: ({ prefix }) => prefix })
  .map((all) => all.map(({ prefix, ...over }) => bgpRoute(prefix, over)));

/** Which peers are told of it: one that takes nothing hears of a later change only. */
const turn = fc.record({ routes, told: fc.subarray([0, 1, 2]) });

it('peers that share what routes look like are sent what each of them would be sent alone', () => {
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 8 }), (turns) => {
      const shared = new SharedExports();
      const together = PEERS.map((address) => rib(address, shared));
      const alone = PEERS.map((address) => rib(address));
      for (const { routes: wanted, told } of turns) {
        for (const peer of told) {
          expect(together[peer]?.change(wanted)).toEqual(alone[peer]?.change(wanted));
          expect(together[peer]?.withheld()).toEqual(alone[peer]?.withheld());
          expect(together[peer]?.announced()).toEqual(alone[peer]?.announced());
          expect(together[peer]?.repeat('ipv4')).toEqual(alone[peer]?.repeat('ipv4'));
        }
      }
    }),
  );
});

it('a peer is not sent a route whose next hop is the peer, and the others are', () => {
  const shared = new SharedExports();
  const [one, other] = [rib('192.0.2.1', shared), rib('192.0.2.2', shared)];
  const wanted = [bgpRoute('10.0.0.1/32', { nextHop: '192.0.2.1' }), bgpRoute('10.0.0.2/32')];
  expect(other.change(wanted).announced).toBe(2);
  expect(one.change(wanted).announced).toBe(1);
  expect([...one.withheld()]).toEqual([['10.0.0.1/32', 'the next hop 192.0.2.1 is the peer itself']]);
  expect(other.withheld().size).toBe(0);
});

it('what is alike is worked out once', () => {
  const shared = new SharedExports();
  const [one, other] = [rib('192.0.2.1', shared), rib('192.0.2.2', shared)];
  const wanted = [bgpRoute('10.0.0.1/32'), bgpRoute('10.0.0.2/32')];
  expect(one.change(wanted)).toBe(other.change(wanted));
});

it('sessions that differ do not share: a peer of two octets has its own path', () => {
  const shared = new SharedExports();
  const old = negotiatedFacts({ remoteAddress: '192.0.2.2', isFourOctetAs: false });
  const context = { localAsn: 65_999, isIbgp: false, peer: peerSpec() };
  const wanted = [bgpRoute('10.0.0.1/32')];
  const bytes = rib('192.0.2.1', shared).change(wanted).bytes;
  expect(new AdjRibOut({ ...context, negotiated: old }, shared).change(wanted).bytes).not.toEqual(bytes);
});
