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
  routes,
  sessionsOf,
} from '../../support/bgp/expect.ts';
import { report } from '../../support/bgp/report.ts';
import type { TableEntry } from '../../support/bgp/router.ts';
import { linkOf, openTopology, type SessionPlan, type Topology } from '../../support/bgp/topology.ts';
import { type AnnouncerConfig, peersOf, Vpcast } from '../../support/bgp/vpcast.ts';
import { waitFor } from '../../support/story/wait.ts';

/** Drains with the community alone; with MED and a longer path as well; not at all. */
const DRAINING: SessionPlan = { name: 'draining', host: 10, remoteAsn: 65_010 };
const LADDER: SessionPlan = { name: 'ladder', host: 11, remoteAsn: 65_011 };
const STOPPED: SessionPlan = { name: 'stopped', host: 12, remoteAsn: 65_012 };

const GRACEFUL_SHUTDOWN = '65535:0';
const OWN = '65000:100';

describe('vpcast that is stopped', () => {
  let topology: Topology;
  let draining: Vpcast;
  let ladder: Vpcast;
  let stopped: Vpcast;

  const start = (plan: SessionPlan, more: AnnouncerConfig): Promise<Vpcast> =>
    Vpcast.start(topology, plan.name, {
      router_id: `10.3.3.${plan.host}`,
      local_asn: plan.remoteAsn,
      peers: peersOf(plan),
      routes: routes(1, { communities: [OWN] }),
      ...more,
    });
  const expectEntry = (plan: SessionPlan, more: (cell: Cell) => Partial<TableEntry>): Promise<void> =>
    forEachCell(cellsOf(), (cell) =>
      expectTable(topology, plan, cell, [entryOf(plan, cell, 1, { communities: [OWN], ...more(cell) })]),
    );
  /** The routers' own words: a Cease, and the text that came with it. */
  const expectCease = (plan: SessionPlan): Promise<void> =>
    forEachCell(sessionsOf(), async (cell) => {
      const view = await expectNeighbour(topology, plan, cell, ({ isEstablished }) => !isEstablished);
      expect(view.lastEnd).toMatch(/administrative shutdown/i);
      expect(view.lastEnd).toContain('SIGTERM');
    });

  beforeAll(async () => {
    topology = await openTopology([DRAINING, LADDER, STOPPED]);
    const drain = { on_exit: 'drain', drain_time: '3s' };
    [draining, ladder, stopped] = await Promise.all([
      start(DRAINING, drain),
      start(LADDER, { ...drain, drain: { graceful_shutdown: false, med: 1000, as_path_prepend: 3 } }),
      start(STOPPED, {}),
    ]);
    await Promise.all([DRAINING, LADDER, STOPPED].map((plan) => expectEntry(plan, () => ({}))));
  });
  afterAll(() => topology?.close());

  it('withdraws, then ends its sessions with a Cease that says why', async () => {
    const link = linkOf('bird');
    const capture = await Capture.start(topology.lab, link, [linkAddress(link, STOPPED.host, 'ipv4')]);
    const fromMs = performance.now();
    const ended = stopped.end('SIGTERM');
    await forEachCell(cellsOf(), (cell) => expectTable(topology, STOPPED, cell, []));
    report('routes of a stopped vpcast are gone', fromMs);
    await expectCease(STOPPED);
    expect(await ended, stopped.log()).toBe(0);
    const names = (): readonly string[] =>
      capture
        .messages()
        .map((message) => message.split(' ')[0] ?? '')
        .filter((name) => name !== 'Keepalive');
    await waitFor(() => names().includes('Notification'), {
      limitMs: 10_000,
      what: capture.lines.join('\n'),
    });
    await capture.end();
    expect(names()).toEqual(['Update', 'Notification']);
    expect(capture.messages().find((message) => message.startsWith('Update'))).toMatch(/Withdrawn routes/);
  });

  it.concurrent('marks its routes while it drains, then withdraws them, then ends its sessions', async () => {
    const ended = draining.end('SIGTERM');
    await expectEntry(DRAINING, () => ({ communities: [OWN, GRACEFUL_SHUTDOWN] }));
    await forEachCell(cellsOf(), (cell) => expectTable(topology, DRAINING, cell, []));
    await expectCease(DRAINING);
    expect(await ended, draining.log()).toBe(0);
  });

  it.concurrent('makes its routes worse while it drains, where it is told to', async () => {
    const ended = ladder.end('SIGTERM');
    const asPath = Array.from({ length: 4 }, () => LADDER.remoteAsn);
    await expectEntry(LADDER, () => ({ med: 1000, asPath }));
    await forEachCell(cellsOf(), (cell) => expectTable(topology, LADDER, cell, []));
    await expectCease(LADDER);
    expect(await ended, ladder.log()).toBe(0);
  });
});
