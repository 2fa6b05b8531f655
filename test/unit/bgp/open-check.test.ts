import { describe, expect, it } from 'vitest';
import type { BgpRole, Capability, OpenMessage } from '../../../src/bgp/message.ts';
import { checkOpen } from '../../../src/bgp/open-check.ts';
import { ownOpen } from '../../../src/bgp/own-open.ts';
import type { PeerMachineSpec } from '../../../src/bgp/peer-machine.ts';
import type { Negotiated } from '../../../src/bgp/status.ts';
import { IPV4, IPV6, machineSpec, openOf } from './machine-fixture.ts';

const ADDRESSES = { localAddress: '192.0.2.1', remoteAddress: '192.0.2.2' };
const EXTENDED: Capability = {
  type: 'extended-next-hop',
  families: [
    { afi: 1, safi: 128, nextHopAfi: 2 },
    { afi: 1, safi: 1, nextHopAfi: 2 },
  ],
};

/** `2/2: …` where it is refused. */
function verdictOf(open: OpenMessage, spec: PeerMachineSpec): string {
  const checked = checkOpen(open, spec, ADDRESSES);
  if (checked.verdict === 'accepted') return 'accepted';
  const { errorCode, errorSubcode } = checked.notification;
  return `${errorCode}/${errorSubcode}: ${checked.detail}`;
}

function negotiated(open: OpenMessage, spec: PeerMachineSpec = machineSpec()): Negotiated {
  const checked = checkOpen(open, spec, ADDRESSES);
  if (checked.verdict !== 'accepted') throw new Error(checked.detail);
  return checked.negotiated;
}

function withCapabilities(...capabilities: readonly Capability[]): OpenMessage {
  return openOf({ capabilities });
}

describe('the own OPEN', () => {
  it('says version 4, the AS, the offered hold time and the router id, and each family', () => {
    expect(ownOpen(machineSpec())).toEqual({
      type: 'open',
      version: 4,
      myAutonomousSystem: 65_000,
      holdTime: 9,
      bgpIdentifier: '10.0.0.1',
      capabilities: [IPV4, IPV6, { type: 'route-refresh' }, { type: 'four-octet-as', asn: 65_000 }],
    });
  });

  it('says AS_TRANS where two octets do not hold the AS (RFC 6793 §4.2.1)', () => {
    const open = ownOpen(machineSpec({}, { localAsn: 4_200_000_010 }));
    expect(open.myAutonomousSystem).toBe(23_456);
    expect(open.capabilities).toContainEqual({ type: 'four-octet-as', asn: 4_200_000_010 });
    expect(ownOpen(machineSpec({}, { localAsn: 65_535 })).myAutonomousSystem).toBe(65_535);
  });

  it('offers IPv6 next hops for IPv4 routes only when asked, and only where IPv4 is offered', () => {
    const offer = (changes: Parameters<typeof machineSpec>[0]) =>
      ownOpen(machineSpec(changes)).capabilities.filter(({ type }) => type === 'extended-next-hop');
    expect(offer({ hasExtendedNextHop: true })).toEqual([
      { type: 'extended-next-hop', families: [{ afi: 1, safi: 1, nextHopAfi: 2 }] },
    ]);
    expect(offer({ hasExtendedNextHop: true, families: ['ipv6'] })).toEqual([]);
    expect(offer({})).toEqual([]);
  });

  it('says the role between different ASes, where one is set', () => {
    const role: Capability = { type: 'role', role: 'customer' };
    expect(ownOpen(machineSpec({ role: 'customer' })).capabilities).toContainEqual(role);
    expect(ownOpen(machineSpec({ role: 'customer', remoteAsn: 65_000 })).capabilities).not.toContainEqual(
      role,
    );
  });

  it('never offers Graceful Restart (RFC 4724), whatever is configured', () => {
    const spec = machineSpec({ role: 'peer', hasExtendedNextHop: true });
    expect(ownOpen(spec).capabilities.filter(({ type }) => type === 'other')).toEqual([]);
  });
});

describe('the AS of an OPEN', () => {
  const fourOctet = (asn: number): Capability => ({ type: 'four-octet-as', asn });
  it.each([
    ['two octets alone', openOf({ capabilities: [] }), 65_001, 'accepted'],
    ['the capability before the two octets', openOf({ myAutonomousSystem: 7 }), 65_001, 'accepted'],
    [
      'four octets',
      openOf({ myAutonomousSystem: 23_456, capabilities: [fourOctet(4_200_000_010)] }),
      4_200_000_010,
      'accepted',
    ],
    [
      'a wrong capability beside right octets',
      withCapabilities(fourOctet(65_002)),
      65_001,
      '2/2: the peer is AS 65002, not 65001',
    ],
    [
      'wrong octets alone',
      openOf({ myAutonomousSystem: 65_002, capabilities: [] }),
      65_001,
      '2/2: the peer is AS 65002, not 65001',
    ],
    [
      'AS_TRANS alone',
      openOf({ myAutonomousSystem: 23_456, capabilities: [] }),
      4_200_000_010,
      '2/2: the peer is AS 23456, not 4200000010',
    ],
    ['AS 0 (RFC 7607)', withCapabilities(fourOctet(0)), 65_001, '2/2: the peer is AS 0, not 65001'],
  ])('%s', (_, open, remoteAsn, verdict) => {
    expect(verdictOf(open, machineSpec({ remoteAsn, families: ['ipv4'] }))).toBe(verdict);
  });

  it('has four octets in AS_PATHs only where the capability says so', () => {
    expect(negotiated(openOf()).isFourOctetAs).toBe(true);
    expect(negotiated(withCapabilities(IPV4)).isFourOctetAs).toBe(false);
  });
});

describe('the identifier of an OPEN', () => {
  const own = openOf({ bgpIdentifier: '10.0.0.1' });
  it('may not be our own within one AS', () => {
    const ibgp = machineSpec({}, { localAsn: 65_001 });
    expect(verdictOf(own, ibgp)).toBe('2/3: the peer has our own router id, 10.0.0.1');
    expect(verdictOf(openOf(), ibgp)).toBe('accepted');
  });

  it('may be our own between two (RFC 6286 §2.1)', () => {
    expect(verdictOf(own, machineSpec())).toBe('accepted');
  });
});

describe('the families', () => {
  it.each([
    ['both', [IPV4, IPV6], ['ipv4', 'ipv6']],
    ['one of them', [IPV6], ['ipv6']],
    ['more than ours', [IPV4, { type: 'multiprotocol', afi: 25, safi: 70 }], ['ipv4']],
    ['IPv4 where the peer speaks of none (RFC 4760 §8)', [{ type: 'route-refresh' }], ['ipv4']],
    ['each once, where a peer repeats itself', [IPV4, IPV4], ['ipv4']],
  ] as const)('are those of both sides: %s', (_, capabilities, families) => {
    expect(negotiated(withCapabilities(...capabilities)).families).toEqual(families);
  });

  it('keep the order of the configuration', () => {
    const { families } = negotiated(openOf(), machineSpec({ families: ['ipv6', 'ipv4'] }));
    expect(families).toEqual(['ipv6', 'ipv4']);
  });

  it('end the session where none is common, and the NOTIFICATION names those that are missed', () => {
    const multicast: Capability = { type: 'multiprotocol', afi: 1, safi: 2 };
    const checked = checkOpen(withCapabilities(multicast), machineSpec(), ADDRESSES);
    expect(checked).toMatchObject({
      verdict: 'refused',
      detail: 'the peer does not speak ipv4 or ipv6',
      notification: { errorCode: 2, errorSubcode: 7 },
    });
    if (checked.verdict !== 'refused') throw new Error('accepted');
    expect([...checked.notification.data]).toEqual([1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1]);
  });

  it('end the session with a peer of IPv4 alone where only IPv6 is offered', () => {
    const spec = machineSpec({ families: ['ipv6'] });
    expect(verdictOf(withCapabilities(), spec)).toBe('2/7: the peer does not speak ipv6');
  });
});

describe('what else is agreed on', () => {
  it.each([
    [9, 90, 9, 3],
    [90, 9, 9, 3],
    [9, 0, 0, 0],
    [0, 90, 0, 0],
    [10, 10, 10, 3],
    [3, 180, 3, 1],
  ])('hold time: %d s and %d s are %d s, with a keepalive each %d s', (ours, theirs, hold, keepalive) => {
    const agreed = negotiated(openOf({ holdTime: theirs }), machineSpec({ holdTimeSec: ours }));
    expect([agreed.holdTimeSec, agreed.keepaliveSec]).toEqual([hold, keepalive]);
  });

  it('an IPv6 next hop for IPv4 routes only where both offer it', () => {
    const theirs = withCapabilities(IPV4, EXTENDED);
    const asked = machineSpec({ hasExtendedNextHop: true });
    expect(negotiated(theirs, asked).hasExtendedNextHop).toBe(true);
    expect(negotiated(theirs, machineSpec()).hasExtendedNextHop).toBe(false);
    expect(negotiated(openOf(), asked).hasExtendedNextHop).toBe(false);
    const labelled: Capability = {
      type: 'extended-next-hop',
      families: [{ afi: 1, safi: 128, nextHopAfi: 2 }],
    };
    expect(negotiated(withCapabilities(IPV4, labelled), asked).hasExtendedNextHop).toBe(false);
    expect(negotiated(withCapabilities(IPV6, EXTENDED), asked).hasExtendedNextHop).toBe(false);
  });

  it('route refresh, the identifier and the addresses are what the peer and TCP say', () => {
    expect(negotiated(openOf())).toMatchObject({ hasRouteRefresh: true, remoteId: '10.0.0.2', ...ADDRESSES });
    expect(negotiated(withCapabilities(IPV4)).hasRouteRefresh).toBe(false);
  });
});

describe('roles (RFC 9234 §4.2)', () => {
  const ROLES: readonly BgpRole[] = ['provider', 'rs', 'rs-client', 'customer', 'peer'];
  const PAIRS = ['provider customer', 'customer provider', 'rs rs-client', 'rs-client rs', 'peer peer'];
  const roleOf = (role: BgpRole | undefined): Capability => ({ type: 'role', role });
  const pairs = ROLES.flatMap((ours) => ROLES.map((theirs) => ({ ours, theirs })));

  it.each(pairs)('$ours here and $theirs there', ({ ours, theirs }) => {
    const verdict = verdictOf(withCapabilities(IPV4, roleOf(theirs)), machineSpec({ role: ours }));
    const mismatch = `2/11: the peer's role is ${theirs}, ours is ${ours}`;
    expect(verdict).toBe(PAIRS.includes(`${ours} ${theirs}`) ? 'accepted' : mismatch);
  });

  it.each([
    ['a peer without a role', [], 'customer', false, 'accepted'],
    ['a peer without a role, in strict mode', [], 'customer', true, '2/11: the peer has no role'],
    [
      'a role that nobody knows',
      [roleOf(undefined)],
      'peer',
      false,
      "2/11: the peer's role is unknown, ours is peer",
    ],
    ['a role, where we have none', [roleOf('rs')], undefined, false, 'accepted'],
    ['no role on either side, in strict mode', [], undefined, true, 'accepted'],
    ['the same role twice', [roleOf('provider'), roleOf('provider')], 'customer', false, 'accepted'],
    [
      'two roles',
      [roleOf('provider'), roleOf('rs')],
      'customer',
      false,
      '2/11: the peer has several roles: provider, rs',
    ],
    [
      'two roles, where we have none',
      [roleOf('provider'), roleOf('rs')],
      undefined,
      false,
      '2/11: the peer has several roles: provider, rs',
    ],
  ] as const)('%s', (_, capabilities, role, isRoleStrict, verdict) => {
    const spec = machineSpec({ role, isRoleStrict });
    expect(verdictOf(withCapabilities(IPV4, ...capabilities), spec)).toBe(verdict);
  });

  it('mean nothing within one AS', () => {
    const ibgp = machineSpec({ role: 'customer', isRoleStrict: true }, { localAsn: 65_001 });
    expect(verdictOf(withCapabilities(IPV4), ibgp)).toBe('accepted');
    expect(verdictOf(withCapabilities(IPV4, roleOf('rs')), ibgp)).toBe('accepted');
  });
});
