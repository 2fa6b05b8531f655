import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { cellsOf, entryOf, expectTable, forEachCell, routes, sessionsOf } from '../../support/bgp/expect.ts';
import { endsOf, MODES, openTopology, type SessionPlan, type Topology } from '../../support/bgp/topology.ts';
import { type AnnouncerConfig, peerName, peersOf, Vpcast } from '../../support/bgp/vpcast.ts';
import { waitFor } from '../../support/story/wait.ts';

/** The routers dial, and vpcast waits. */
const CALLED: SessionPlan = { name: 'called', host: 10, remoteAsn: 65_010, isActive: true };
/** Both dial. */
const MUTUAL: SessionPlan = { ...CALLED, name: 'mutual', host: 11, routerHost: 2 };
/** The same again. GoBGP has its own way with two connections, which once is enough to see. */
const AGAIN: SessionPlan = { ...CALLED, name: 'again', host: 12, routerHost: 3, kinds: ['frr', 'bird'] };

/** So long that none expires while KEEPALIVEs are held back. */
const LONG_HOLD_SEC = 30;
/** Longer than routers take to dial again. */
const STAYS_MS = 2_500;

/** Of a BGP identifier below and above those of all routers, which decides whose connection stays (RFC 4271 §6.8). */
const LOW_ID = '10.3.3.10';
const HIGH_ID = '10.99.0.1';

/**
 * Lengths of IP packets with a message of BGP: first nothing longer than a SYN goes through, so that each end finds its
 * own connection made and the other's too, then OPENs (of 45 octets at least) but neither a KEEPALIVE nor one with a
 * NOTIFICATION: with a KEEPALIVE the session would be there, and another one the worse of the two.
 */
const HELD = {
  opens: 'meta nfproto ipv4 meta length > 60; meta nfproto ipv6 meta length > 80',
  keepalives: 'meta nfproto ipv4 meta length 61-96; meta nfproto ipv6 meta length 81-116',
} as const;

function announcer(routerId: string, peers: readonly AnnouncerConfig[]): AnnouncerConfig {
  const patient = peers.map((peer) => ({ ...peer, hold_time: `${LONG_HOLD_SEC}s` }));
  return {
    router_id: routerId,
    local_asn: CALLED.remoteAsn,
    listen: ':179',
    peers: patient,
    routes: routes(1),
  };
}

/** TCP connections between two ends that both have accepted, by vpcast's port: 179, or one that it dialled from. */
async function connections(topology: Topology, vpcast: string, router: string): Promise<readonly number[]> {
  const of = (address: string): string => (address.includes(':') ? `[${address}]` : address);
  const printed = await topology.lab.run(
    0,
    `ss -Htn state established src '${of(vpcast)}' dst '${of(router)}'`,
  );
  const lines = printed.split('\n').filter((line) => line !== '');
  return lines.map((line) => Number(/^\d+\s+\d+\s+\S+:(\d+)\s/.exec(line)?.[1]));
}

describe('a router that dials', () => {
  let topology: Topology;

  const expectRoutes = (plan: SessionPlan): Promise<void> =>
    forEachCell(cellsOf(plan), (cell) => expectTable(topology, plan, cell, [entryOf(plan, cell, 1)]));
  const hold = (what: keyof typeof HELD): Promise<string> => {
    const rules = HELD[what]
      .split('; ')
      .flatMap((rule) => [`tcp sport 179 ${rule} drop`, `tcp dport 179 ${rule} drop`]);
    const chains = ['input', 'output'].map(
      (hook) => `chain ${hook} { type filter hook ${hook} priority 0; ${rules.join('; ')}; }`,
    );
    const lines = ['table inet hold', 'delete table inet hold', `table inet hold { ${chains.join('; ')}; }`];
    return topology.lab.run(0, `nft -f - <<END\n${lines.join('\n')}\nEND`);
  };
  /** Waits until vpcast has these connections with FRR and BIRD, each told by vpcast's port. GoBGP has its own way. */
  const expectConnections = (
    plan: SessionPlan,
    what: string,
    fits: (ports: readonly number[]) => boolean,
  ): Promise<void> =>
    forEachCell(sessionsOf({ kinds: ['frr', 'bird'] }), async ({ kind, mode }) => {
      const ends = endsOf(plan, kind, MODES[mode].session);
      const look = async (): Promise<boolean> => fits(await connections(topology, ends.vpcast, ends.router));
      await waitFor(look, { limitMs: 30_000, what: `${what} with ${kind} by ${mode}`, everyMs: 50 });
    });
  /** Starts vpcast so that each end has two connections before it hears an OPEN, and both OPENs before a KEEPALIVE. */
  const collide = async (plan: SessionPlan, name: string, config: AnnouncerConfig): Promise<Vpcast> => {
    await hold('opens');
    const vpcast = await Vpcast.start(topology, name, config);
    onTestFinished(async () => void (await vpcast.end('SIGKILL')));
    const isBoth = (ports: readonly number[]): boolean =>
      new Set(ports.map((port) => port === 179)).size === 2;
    await expectConnections(plan, 'both connections', isBoth);
    await hold('keepalives');
    await expectConnections(plan, 'one connection', (ports) => ports.length === 1);
    await topology.lab.run(0, 'nft delete table inet hold');
    return vpcast;
  };
  /** One session, and it stays: for a while nothing is lost. */
  const expectLasting = async (plan: SessionPlan, vpcast: Vpcast): Promise<void> => {
    await expectRoutes(plan);
    const flaps = (): number =>
      vpcast.events('peer-state').filter(({ from }) => from === 'Established').length;
    const before = flaps();
    const fromMs = performance.now();
    const isOver = (): boolean => performance.now() - fromMs > STAYS_MS;
    await waitFor(isOver, { limitMs: 30_000, what: 'a while', everyMs: 100 });
    await expectRoutes(plan);
    expect(flaps(), vpcast.log()).toBe(before);
    await forEachCell(sessionsOf(plan), async ({ kind, mode }) => {
      const ends = endsOf(plan, kind, MODES[mode].session);
      expect(await connections(topology, ends.vpcast, ends.router)).toHaveLength(1);
      expect(vpcast.peerEvents(peerName(plan, kind, mode)).at(-1)).toMatchObject({ to: 'Established' });
    });
  };

  beforeAll(async () => {
    topology = await openTopology([CALLED, MUTUAL, AGAIN], LONG_HOLD_SEC);
  });
  afterAll(() => topology?.close());

  it('is answered by vpcast that only waits, and if vpcast dials too there is one session', async () => {
    const waiting = peersOf(CALLED, () => ({ passive: true, connect_retry: undefined }));
    const config = announcer(LOW_ID, [...waiting, ...peersOf(MUTUAL)]);
    const vpcast = await collide(MUTUAL, 'low', config);
    await expectRoutes(CALLED);
    await expectLasting(MUTUAL, vpcast);
    // The routers have the higher identifier: what they have dialled stays.
    await expectConnections(MUTUAL, 'the router’s connection', ([port]) => port === 179);
    await forEachCell(sessionsOf(), async ({ kind, mode }) => {
      const ends = endsOf(CALLED, kind, MODES[mode].session);
      expect(await connections(topology, ends.vpcast, ends.router)).toEqual([179]);
    });
    expect(await vpcast.end('SIGTERM')).toBe(0);
  });

  it('gives way to the connection of vpcast, where that has the higher identifier', async () => {
    const vpcast = await collide(AGAIN, 'high', announcer(HIGH_ID, peersOf(AGAIN)));
    await expectLasting(AGAIN, vpcast);
    await expectConnections(AGAIN, 'vpcast’s connection', ([port]) => port !== undefined && port !== 179);
    expect(await vpcast.end('SIGTERM')).toBe(0);
  });
});
