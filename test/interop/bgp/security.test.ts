import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  cellsOf,
  entryOf,
  expectTable,
  forEachCell,
  neighbourOf,
  routes,
  sessionsOf,
} from '../../support/bgp/expect.ts';
import { openTopology, type SessionPlan, type Topology } from '../../support/bgp/topology.ts';
import { type AnnouncerConfig, peerName, peersOf, Vpcast } from '../../support/bgp/vpcast.ts';
import { waitFor } from '../../support/story/wait.ts';

const PASSWORD = 'of-the-test';

/** With a password; with TTL security; with both. */
const SIGNED: SessionPlan = { name: 'signed', host: 10, remoteAsn: 65_010, password: PASSWORD };
const NEAR: SessionPlan = { name: 'near', host: 11, remoteAsn: 65_011, hasTtlSecurity: true };
const BOTH: SessionPlan = { ...NEAR, name: 'both', host: 12, remoteAsn: 65_012, password: PASSWORD };
/** The routers want TTL security, and vpcast is not told so. */
const FAR: SessionPlan = { ...NEAR, name: 'far', host: 13, remoteAsn: 65_013 };

function announcer(plan: SessionPlan, more: AnnouncerConfig): AnnouncerConfig {
  return {
    router_id: `10.3.3.${plan.host}`,
    local_asn: plan.remoteAsn,
    peers: peersOf(plan, () => more),
    routes: routes(1),
  };
}

describe('a session that is guarded', () => {
  let topology: Topology;
  let signed: Vpcast;

  const expectRoutes = (plan: SessionPlan): Promise<void> =>
    forEachCell(cellsOf(), (cell) => expectTable(topology, plan, cell, [entryOf(plan, cell, 1)]));

  beforeAll(async () => {
    topology = await openTopology([SIGNED, NEAR, BOTH, FAR]);
    [signed] = await Promise.all([
      Vpcast.start(topology, 'signed', announcer(SIGNED, { password: 'another' })),
      Vpcast.start(topology, 'far', announcer(FAR, {})),
      Vpcast.start(topology, 'near', announcer(NEAR, { gtsm: true })),
      Vpcast.start(topology, 'both', announcer(BOTH, { gtsm: true, password: PASSWORD })),
    ]);
  });
  afterAll(() => topology?.close());

  it('comes about with TTL security on both sides, alone and with a password', async () => {
    await Promise.all([expectRoutes(NEAR), expectRoutes(BOTH)]);
  });

  it('does not come about with TTL security on the side of the router only', async () => {
    // It may see what came before it was told to look at TTLs: an OPEN, never what has to follow.
    await forEachCell(sessionsOf(), async (cell) =>
      expect((await neighbourOf(topology, FAR, cell)).isEstablished).toBe(false),
    );
    await forEachCell(cellsOf(), (cell) => expectTable(topology, FAR, cell, []));
  });

  it('does not come about with a wrong password, of which the log says so, and does with the right one', async () => {
    await forEachCell(sessionsOf(), async ({ kind, mode }) => {
      const isTold = (): boolean =>
        signed
          .peerEnds(peerName(SIGNED, kind, mode))
          .some(({ reason, detail }) => reason === 'connect-failed' && /password/i.test(detail));
      await waitFor(isTold, { limitMs: 30_000, what: `a reason with "password":\n${signed.log()}` });
    });
    await forEachCell(sessionsOf(), async (cell) =>
      expect((await neighbourOf(topology, SIGNED, cell)).isEstablished).toBe(false),
    );
    await signed.reload(announcer(SIGNED, { password: PASSWORD }));
    await expectRoutes(SIGNED);
    expect(signed.log()).not.toContain(PASSWORD);
  });
});
