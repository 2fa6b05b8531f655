import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linkAddress } from '../../support/bgp/addresses.ts';
import { Capture } from '../../support/bgp/capture.ts';
import {
  type Cell,
  cellsOf,
  entryOf,
  expectNeighbour,
  expectTable,
  forEachCell,
  neighbourOf,
  routes,
  sessionsOf,
  tableOf,
} from '../../support/bgp/expect.ts';
import type { TableEntry } from '../../support/bgp/router.ts';
import {
  endsOf,
  HOLD_SEC,
  linkOf,
  MODES,
  openTopology,
  ROUTER_ASN,
  type SessionPlan,
  type Topology,
} from '../../support/bgp/topology.ts';
import { CHECK, peersOf, Vpcast } from '../../support/bgp/vpcast.ts';
import { waitFor } from '../../support/story/wait.ts';

/** RFC 6793 §9. */
const AS_TRANS = 23_456;
const WIDE_ASN = 4_200_000_010;
/** `WIDE_ASN` as asdot (RFC 5396). */
const WIDE_ASDOT = '64086.59914';

const PLAIN: SessionPlan = { name: 'plain', host: 10, remoteAsn: 65_010 };
const WIDE: SessionPlan = { name: 'wide', host: 11, remoteAsn: WIDE_ASN, localAsn: 4_200_000_020 };
/** Routers that speak without numbers of four octets: one needs none, one is sent AS4_PATH (RFC 6793 §4.2.2). */
const OLD: SessionPlan = {
  name: 'old',
  host: 12,
  remoteAsn: 65_010,
  routerHost: 2,
  isFourOctetAs: false,
  kinds: ['bird'],
};
const OLDEST: SessionPlan = { ...OLD, name: 'oldest', remoteAsn: WIDE_ASN, kinds: ['frr'] };
const INTERNAL: SessionPlan = { name: 'internal', host: 13, remoteAsn: ROUTER_ASN };

/** The host that next hops of `WIDE` name: not the session's own address. */
const OTHER_HOST = 20;

const GATED = 9;

const ROUTES = [
  ...routes(1),
  ...routes(2, {
    communities: ['65000:100', 'no-export', 'graceful-shutdown'],
    extended_communities: ['rt:65000:100', '0x0202fa56ea0a0007'],
    large_communities: ['4200000010:1:2', '65000:0:4294967295'],
  }),
  ...routes(3, { med: 50 }),
  ...routes(4, { as_path_prepend: 2 }),
  ...routes(5, { local_pref: 200, med: 0 }),
  ...routes(GATED, { healthcheck: CHECK }),
];

/** What is announced always, as it has to stand in a table. */
function steady(plan: SessionPlan, cell: Cell, more: Partial<TableEntry> = {}): readonly TableEntry[] {
  const plain = entryOf(plan, cell, 1, more);
  const isIbgp = plan === INTERNAL;
  return [
    plain,
    {
      ...entryOf(plan, cell, 2, more),
      communities: ['65000:100', '65535:0', '65535:65281'],
      extendedCommunities: ['0002fde800000064', '0202fa56ea0a0007'],
      largeCommunities: ['4200000010:1:2', '65000:0:4294967295'],
    },
    { ...entryOf(plan, cell, 3, more), med: 50 },
    {
      ...entryOf(plan, cell, 4, more),
      asPath: isIbgp ? [] : [...plain.asPath, ...plain.asPath, ...plain.asPath],
    },
    { ...entryOf(plan, cell, 5, more), med: 0, localPref: isIbgp ? 200 : undefined },
  ];
}

describe('routes in the table of a router', () => {
  let topology: Topology;
  let plain: Vpcast;
  let capture: Capture;
  let all: Capture;

  beforeAll(async () => {
    topology = await openTopology([PLAIN, WIDE, OLD, OLDEST, INTERNAL]);
    [capture, all] = await Promise.all([
      Capture.start(topology.lab, linkOf('frr'), [endsOf(OLDEST, 'frr', 'ipv4').vpcast]),
      Capture.start(topology.lab, linkOf('bird'), [
        endsOf(PLAIN, 'bird', 'ipv4').vpcast,
        endsOf(PLAIN, 'bird', 'ipv6').vpcast,
      ]),
    ]);
    const start = (name: string, config: Record<string, unknown>): Promise<Vpcast> =>
      Vpcast.start(topology, name, { routes: ROUTES, ...config });
    const nextHops = peersOf(WIDE, (kind, session) => ({
      [session === 'ipv4' ? 'next_hop' : 'next_hop_v6']: linkAddress(linkOf(kind), OTHER_HOST, session),
    }));
    [plain] = await Promise.all([
      start('plain', {
        router_id: '10.3.3.10',
        local_asn: PLAIN.remoteAsn,
        peers: [...peersOf(PLAIN), ...peersOf(OLD)],
      }),
      start('wide', {
        router_id: '10.3.3.11',
        local_asn: WIDE_ASDOT,
        peers: [...nextHops, ...peersOf(OLDEST)],
      }),
      start('internal', { router_id: '10.3.3.13', local_asn: ROUTER_ASN, peers: peersOf(INTERNAL) }),
    ]);
  });
  afterAll(() => topology?.close());

  it.concurrent.each(cellsOf())('are what was configured: $kind, $mode', async (cell) => {
    await expectTable(topology, PLAIN, cell, steady(PLAIN, cell));
  });

  it.concurrent.each(
    cellsOf(),
  )('have AS numbers of four octets and the next hop that was asked for: $kind, $mode', async (cell) => {
    const nextHop = linkAddress(linkOf(cell.kind), OTHER_HOST, MODES[cell.mode].session);
    await expectTable(topology, WIDE, cell, steady(WIDE, cell, { nextHop }));
  });

  it.concurrent.each(
    cellsOf(OLD),
  )('have a path of two octets where the session has no other: $kind, $mode', async (cell) => {
    await expectTable(topology, OLD, cell, steady(OLD, cell));
  });

  it('have AS_TRANS in a path of two octets, and AS4_PATH beside it: frr, ipv4', async () => {
    // It offers nothing at all, and so takes IPv4 only. It does not read the AS4_PATH of one that could do without.
    const cell: Cell = { kind: 'frr', mode: 'ipv4' };
    const asPath = [AS_TRANS];
    await expectTable(topology, OLDEST, cell, steady(OLDEST, cell, { asPath }));
    const updates = capture.messages().filter((message) => message.startsWith('Update'));
    expect(updates.filter((update) => update.includes('AS Path')).length).toBeGreaterThan(0);
    for (const update of updates.filter((message) => message.includes('AS Path'))) {
      const [, path] = /AS Path \(2\).*: ([\d ]+)/.exec(update) ?? [];
      const [, path4] = /AS4 Path \(17\).*: ([\d ]+)/.exec(update) ?? [];
      expect(path4).toBe(path?.replaceAll(String(AS_TRANS), String(WIDE_ASN)));
    }
  });

  it.concurrent.each(cellsOf())('have a LOCAL_PREF and an empty path on iBGP: $kind, $mode', async (cell) => {
    await expectTable(topology, INTERNAL, cell, steady(INTERNAL, cell));
  });

  it('come and go with their check, and nothing else changes', async () => {
    await plain.pass();
    await forEachCell(cellsOf(), (cell) =>
      expectTable(topology, PLAIN, cell, [...steady(PLAIN, cell), entryOf(PLAIN, cell, GATED)]),
    );
    await plain.fail();
    await forEachCell(cellsOf(), (cell) => expectTable(topology, PLAIN, cell, steady(PLAIN, cell)));
  });

  // GoBGP keeps what it was sent, and never asks again.
  it.each(
    cellsOf({ kinds: ['frr', 'bird'] }),
  )('are sent again when the router asks: $kind, $mode', async (cell) => {
    const before = await neighbourOf(topology, PLAIN, cell);
    const { session, family } = MODES[cell.mode];
    await topology.routers[cell.kind].refresh(endsOf(PLAIN, cell.kind, session).vpcast, family);
    await expectNeighbour(topology, PLAIN, cell, (view) => view.receivedUpdates > before.receivedUpdates);
    await expectTable(topology, PLAIN, cell, steady(PLAIN, cell));
    expect((await neighbourOf(topology, PLAIN, cell)).isEstablished).toBe(true);
  });

  it('are not sent again in three hold times', async () => {
    const counts = async (): Promise<readonly number[]> =>
      await Promise.all(
        sessionsOf().map(async (cell) => (await neighbourOf(topology, PLAIN, cell)).receivedUpdates),
      );
    const before = await counts();
    const fromMs = performance.now();
    const isOver = (): boolean => performance.now() - fromMs > 3 * HOLD_SEC * 1_000;
    await waitFor(isOver, { limitMs: 60_000, what: 'three hold times', everyMs: 100 });
    expect(await counts()).toEqual(before);
    await forEachCell(cellsOf(), async (cell) =>
      expect(await tableOf(topology, PLAIN, cell)).toEqual(steady(PLAIN, cell)),
    );
    await forEachCell(sessionsOf(), async (cell) =>
      expect((await neighbourOf(topology, PLAIN, cell)).isEstablished).toBe(true),
    );
    expect(plain.events('peer-state').filter(({ from }) => from === 'Established')).toEqual([]);
  });

  it('come in messages that tcpdump reads without a complaint', () => {
    const names = all.messages().map((message) => message.split(' ')[0]);
    expect(new Set(names)).toEqual(new Set(['Open', 'Keepalive', 'Update']));
    expect(all.complaints()).toEqual([]);
  });
});
