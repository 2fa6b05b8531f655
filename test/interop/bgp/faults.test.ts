import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  cellsOf,
  entryOf,
  expectNeighbour,
  expectTable,
  forEachCell,
  routes,
  sessionsOf,
} from '../../support/bgp/expect.ts';
import { report } from '../../support/bgp/report.ts';
import { openTopology, ROUTER_KINDS, type SessionPlan, type Topology } from '../../support/bgp/topology.ts';
import { peerName, peersOf, Vpcast } from '../../support/bgp/vpcast.ts';
import { waitFor } from '../../support/story/wait.ts';

const PLAIN: SessionPlan = { name: 'plain', host: 10, remoteAsn: 65_010 };
/** The routers take one prefix of each family, and are sent three: FRR finds the second to be too many at the third. */
const LIMITED: SessionPlan = { name: 'limited', host: 11, remoteAsn: 65_011, maxPrefixes: 1 };

/** How long a router that has had too much is left alone at least, as it is counted here. */
const QUIET_MS = 20_000;

describe('a session that ends', () => {
  let topology: Topology;
  let plain: Vpcast;
  let limited: Vpcast;
  let limitedSinceMs: number;

  const expectRoutes = (): Promise<void> =>
    forEachCell(cellsOf(), (cell) => expectTable(topology, PLAIN, cell, [entryOf(PLAIN, cell, 1)]));
  const expectNoRoutes = (): Promise<void> =>
    forEachCell(cellsOf(), (cell) => expectTable(topology, PLAIN, cell, []));

  beforeAll(async () => {
    topology = await openTopology([PLAIN, LIMITED]);
    const start = (plan: SessionPlan, announced: readonly unknown[]): Promise<Vpcast> =>
      Vpcast.start(topology, plan.name, {
        router_id: `10.3.3.${plan.host}`,
        local_asn: plan.remoteAsn,
        peers: peersOf(plan, () => ({ connect_retry: '100ms' })),
        routes: announced,
      });
    [plain, limited] = await Promise.all([
      start(PLAIN, routes(1)),
      start(LIMITED, [...routes(1), ...routes(2), ...routes(3)]),
    ]);
    await expectRoutes();
  });
  afterAll(() => topology?.close());

  it('because the router has too many prefixes says so', async () => {
    await forEachCell(sessionsOf(), async ({ kind, mode }) => {
      const isTold = (): boolean =>
        limited
          .peerEnds(peerName(LIMITED, kind, mode))
          .some(({ reason, codes }) => reason === 'notification-received' && codes === '6/1');
      await waitFor(isTold, { limitMs: 30_000, what: `Cease/1 of ${kind} by ${mode}:\n${limited.log()}` });
    });
    limitedSinceMs = performance.now();
    await forEachCell(sessionsOf(), (cell) =>
      expectNeighbour(topology, LIMITED, cell, ({ isEstablished }) => !isEstablished),
    );
  });

  it('because the router is killed comes back with the next one', async () => {
    await Promise.all(
      ROUTER_KINDS.map(async (kind) => {
        await topology.routers[kind].kill();
        await topology.routers[kind].start();
        const fromMs = performance.now();
        await forEachCell(cellsOf({ kinds: [kind] }), (cell) =>
          expectTable(topology, PLAIN, cell, [entryOf(PLAIN, cell, 1)]),
        );
        report(`routes are back after a restart of ${kind}`, fromMs);
      }),
    );
  });

  it('because the router answers nothing for the hold time comes back when it answers again', async () => {
    const routers = Object.values(topology.routers);
    for (const router of routers) router.pause();
    try {
      await forEachCell(sessionsOf(), async ({ kind, mode }) => {
        const isTold = (): boolean =>
          plain.peerEnds(peerName(PLAIN, kind, mode)).some(({ reason }) => reason === 'hold-timer-expired');
        await waitFor(isTold, { limitMs: 30_000, what: `the hold time of ${kind}:\n${plain.log()}` });
      });
    } finally {
      for (const router of routers) router.resume();
    }
    const fromMs = performance.now();
    await expectRoutes();
    report('routes are back after routers were frozen', fromMs);
  });

  it('because vpcast is frozen for the hold time leaves no route, and comes back with it', async () => {
    plain.pause();
    const frozenMs = performance.now();
    try {
      await expectNoRoutes();
      report('routes of a frozen vpcast are gone', frozenMs);
    } finally {
      plain.resume();
    }
    const fromMs = performance.now();
    await expectRoutes();
    report('routes are back after vpcast was frozen', fromMs);
  });

  it('because the router has too many prefixes is not tried again for a while', async () => {
    const isOver = (): boolean => performance.now() - limitedSinceMs > QUIET_MS;
    await waitFor(isOver, { limitMs: 60_000, what: 'the quiet time', everyMs: 100 });
    for (const { kind, mode } of sessionsOf()) {
      const attempts = limited
        .peerEvents(peerName(LIMITED, kind, mode))
        .filter(({ from }) => from === 'Idle');
      expect(attempts.length, `attempts at ${kind} by ${mode}:\n${limited.log()}`).toBeLessThanOrEqual(2);
    }
  });

  it('because vpcast is killed leaves no route', async () => {
    const fromMs = performance.now();
    await plain.end('SIGKILL');
    await Promise.all(
      ROUTER_KINDS.map(async (kind) => {
        await forEachCell(cellsOf({ kinds: [kind] }), (cell) => expectTable(topology, PLAIN, cell, []));
        report(`routes of a killed vpcast are gone at ${kind}`, fromMs);
      }),
    );
  });
});
