import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linkAddress } from '../../support/bgp/addresses.ts';
import { BadPeers, type Misbehaviour } from '../../support/bgp/bad-peers.ts';
import {
  cellsOf,
  entryOf,
  expectTable,
  forEachCell,
  neighbourOf,
  routes,
  sessionsOf,
} from '../../support/bgp/expect.ts';
import {
  linkOf,
  openTopology,
  ROUTER_ASN,
  type SessionPlan,
  type Topology,
} from '../../support/bgp/topology.ts';
import { CHECK, peersOf, Vpcast } from '../../support/bgp/vpcast.ts';
import { waitFor } from '../../support/story/wait.ts';

const GOOD: SessionPlan = { name: 'good', host: 10, remoteAsn: 65_010, kinds: ['bird'] };
const GATED = 9;

/** How often each bad peer is met before the good one is looked at. */
const MEETINGS = 2;

interface Trouble {
  readonly port: number;
  /** What they are told: code and subcode (RFC 4271 §6). */
  readonly told: string | undefined;
  /** What the log has about it. */
  readonly reason: string | undefined;
}

const TROUBLES: Readonly<Record<Misbehaviour, Trouble>> = {
  silent: { port: 1801, told: undefined, reason: undefined },
  garbage: { port: 1802, told: '1/1', reason: 'notification-sent' },
  'short-message': { port: 1803, told: '1/2', reason: 'notification-sent' },
  'hangs-up': { port: 1804, told: undefined, reason: 'connection-lost' },
  'wrong-asn': { port: 1805, told: '2/2', reason: 'notification-sent' },
  'wrong-version': { port: 1806, told: '2/1', reason: 'notification-sent' },
  'bad-update': { port: 1807, told: '3/1', reason: 'notification-sent' },
};
const BEHAVIOURS = Object.keys(TROUBLES) as Misbehaviour[];

describe('a peer that misbehaves', () => {
  let topology: Topology;
  let bad: BadPeers;
  let vpcast: Vpcast;

  beforeAll(async () => {
    topology = await openTopology([GOOD]);
    const link = linkOf('bird');
    const address = linkAddress(link, 2, 'ipv4');
    const ports = Object.fromEntries(BEHAVIOURS.map((name) => [name, TROUBLES[name].port]));
    bad = await BadPeers.start(topology.lab, link, {
      address,
      asn: ROUTER_ASN,
      ports: ports as Record<Misbehaviour, number>,
    });
    const peers = BEHAVIOURS.map((name) => ({
      name,
      remote_address: address,
      remote_port: TROUBLES[name].port,
      remote_asn: ROUTER_ASN,
      local_address: linkAddress(link, GOOD.host, 'ipv4'),
      connect_retry: '100ms',
    }));
    vpcast = await Vpcast.start(topology, 'mixed', {
      router_id: '10.3.3.10',
      local_asn: GOOD.remoteAsn,
      peers: [...peers, ...peersOf(GOOD)],
      routes: [...routes(1), ...routes(GATED, { healthcheck: CHECK })],
    });
  });
  afterAll(() => topology?.close());

  it.each(
    BEHAVIOURS.filter((name) => name !== 'silent'),
  )('is told, logged, and tried again: %s', async (name) => {
    const isMet = (): boolean => bad.connections(name) >= MEETINGS;
    await waitFor(isMet, { limitMs: 60_000, what: `${name} is met ${MEETINGS} times:\n${vpcast.log()}` });
    const { told, reason } = TROUBLES[name];
    if (told === undefined) expect(bad.notifications(name)).toEqual([]);
    else expect(new Set(bad.notifications(name))).toEqual(new Set([told]));
    expect(vpcast.peerEnds(name).map((end) => end.reason)).toContain(reason);
  });

  it('by silence is waited for, in OpenSent', () => {
    expect(bad.connections('silent')).toBe(1);
    expect(vpcast.peerEvents('silent').at(-1)).toMatchObject({ to: 'OpenSent' });
  });

  it('disturbs no other', async () => {
    await vpcast.pass();
    await forEachCell(cellsOf(GOOD), (cell) =>
      expectTable(topology, GOOD, cell, [entryOf(GOOD, cell, 1), entryOf(GOOD, cell, GATED)]),
    );
    await vpcast.fail();
    await forEachCell(cellsOf(GOOD), (cell) => expectTable(topology, GOOD, cell, [entryOf(GOOD, cell, 1)]));
    await forEachCell(sessionsOf(GOOD), async (cell) => {
      expect((await neighbourOf(topology, GOOD, cell)).lastEnd).toBe('');
    });
  });
});
