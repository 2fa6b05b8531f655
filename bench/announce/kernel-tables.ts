/**
 * To the table by which a router forwards: from a check's result until the router's kernel has the route, or has it no
 * more; and from the death of the whole process until it has not.
 */
import { linkAddress } from '../../test/support/bgp/addresses.ts';
import { Lab } from '../../test/support/bgp/lab.ts';
import { type Figure, percentile } from '../figure.ts';
import type { Contestant, Place } from './contestant.ts';
import { monotonicMs } from './monotonic.ts';
import { childContestant, startAgentChild, startBareChild, startBuiltAgent } from './own-contestants.ts';
import { OWN_ASN, type PartOptions, PEER_ASN, pause, shown } from './part.ts';
import { type RouteWatch, startReceivingBird, startReceivingFrr, watchRoutes } from './receivers.ts';
import { isInstalled } from './rival-daemons.ts';

interface ReceivingRouter {
  readonly name: string;
  readonly program: string;
  readonly start: typeof startReceivingBird;
  /** In a full run, and in a quick one. */
  readonly turns: readonly [full: number, quick: number];
  readonly killed: readonly [full: number, quick: number];
  /** Of the median time in which a withdrawn route is gone. */
  readonly boundMs?: number;
}

/** FRR itself waits some 50 ms for more to come: it is here for the record. */
const ROUTERS: readonly ReceivingRouter[] = [
  { name: 'BIRD', program: 'bird', start: startReceivingBird, turns: [200, 8], killed: [12, 3], boundMs: 5 },
  { name: 'FRR', program: 'bgpd', start: startReceivingFrr, turns: [30, 3], killed: [12, 3] },
];

const WAYS = ['added', 'removed'] as const;

type Times = Readonly<Record<(typeof WAYS)[number], number[]>>;

/** One that announces to the router, and how long it took until the kernel knew. */
interface Runner {
  readonly contestant: Contestant;
  readonly place: Place;
  readonly times: Times;
}

const LINK = 1;
const WARM_UP_TURNS = 5;
const GAP_MS = 5;
/** Which of our hosts on the link does what: those that are killed come from there on. */
const HOST = { agent: 10, bare: 11, killed: 12 } as const;

export async function measureKernelTables({ isQuick, say }: PartOptions): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const router of ROUTERS) {
    if (await isInstalled(router.program)) figures.push(...(await measure(router, { isQuick, say })));
    else say(`${router.program} is not installed: left out`);
  }
  return figures;
}

async function measure(router: ReceivingRouter, { isQuick, say }: PartOptions): Promise<readonly Figure[]> {
  const { name } = router;
  const [turns, kills] = [router.turns[isQuick ? 1 : 0], router.killed[isQuick ? 1 : 0]];
  const lab = await Lab.open(LINK);
  try {
    await startRouter(lab, router);
    const watch = await watchRoutes(lab, LINK);
    const [agent, bare] = [placeOf(lab, HOST.agent), placeOf(lab, HOST.bare)];
    const ours = runner('check result', await startAgentChild(agent), agent);
    const theirs = runner('bare socket', await startBareChild(bare), bare);
    for (let turn = -WARM_UP_TURNS; turn < turns; turn += 1) await takeTurn([ours, theirs], watch, turn);
    const killed = await killEach(lab, watch, kills);
    for (const { contestant, times } of [ours, theirs]) {
      for (const way of WAYS) say(`${name}: ${contestant.name} → ${way}: ${shown(times[way])}`);
    }
    say(`${name}: kill -9 → removed: ${shown(killed)}`);
    return [...tableFigures(router, ours, theirs), ...killFigures(router, killed, theirs)];
  } finally {
    await lab.close();
  }
}

async function startRouter(lab: Lab, { start }: ReceivingRouter): Promise<void> {
  const hosts = Array.from({ length: 14 }, (_, index) => HOST.agent + index);
  await start(lab, {
    link: LINK,
    address: linkAddress(LINK, 1, 'ipv4'),
    asn: PEER_ASN,
    neighbours: hosts.map((host) => ({ address: linkAddress(LINK, host, 'ipv4'), asn: OWN_ASN + host })),
  });
}

/** All of them are in vpcast's namespace, each with an address and a prefix of its own. */
function placeOf(lab: Lab, host: number): Place {
  return {
    lab,
    link: 0,
    ownAddress: linkAddress(LINK, host, 'ipv4'),
    asn: OWN_ASN + host,
    peerAddress: linkAddress(LINK, 1, 'ipv4'),
    peerAsn: PEER_ASN,
    prefix: `10.200.0.${host}/32`,
  };
}

function runner(name: string, child: Parameters<typeof childContestant>[1], place: Place): Runner {
  return { contestant: childContestant(name, child), place, times: { added: [], removed: [] } };
}

async function takeTurn(runners: readonly Runner[], watch: RouteWatch, turn: number): Promise<void> {
  for (const { contestant, place, times } of runners) {
    for (const way of WAYS) {
      const known = kernelKnows(watch, way, place);
      const [askedMs, atMs] = await Promise.all([contestant.trigger(way === 'added'), known]);
      if (turn >= 0) times[way].push(atMs - askedMs);
      await pause(GAP_MS);
    }
  }
}

/** When the router's kernel learned of it. */
async function kernelKnows(watch: RouteWatch, way: 'added' | 'removed', { prefix }: Place): Promise<number> {
  const found = await watch.next('route', (route) => route.change === way && route.prefix === prefix);
  return found.atMs;
}

/** As many agents as that, then one after the other is killed. */
async function killEach(lab: Lab, watch: RouteWatch, count: number): Promise<readonly number[]> {
  const places = Array.from({ length: count }, (_, index) => placeOf(lab, HOST.killed + index));
  const agents = await Promise.all(
    places.map(async (place) => {
      const added = kernelKnows(watch, 'added', place);
      const [{ agent }] = await Promise.all([startBuiltAgent(place, true), added]);
      return { agent, place };
    }),
  );
  const times: number[] = [];
  for (const { agent, place } of agents) {
    await pause(GAP_MS);
    const removed = kernelKnows(watch, 'removed', place);
    const killedMs = monotonicMs();
    const ended = agent.end('SIGKILL');
    times.push((await removed) - killedMs);
    await ended;
  }
  return times;
}

function tableFigures({ name, boundMs }: ReceivingRouter, ours: Runner, theirs: Runner): readonly Figure[] {
  return WAYS.flatMap((way) =>
    [0.5, 0.99].map((share): Figure => {
      const isBound = boundMs !== undefined && way === 'removed' && share === 0.5;
      return {
        what: `${name}: check result → ${way} in its kernel's table, p${share * 100} (n = ${ours.times[way].length})`,
        value: percentile(ours.times[way], share),
        unit: 'ms',
        reference: { what: theirs.contestant.name, value: percentile(theirs.times[way], share) },
        ...(isBound ? { bound: { what: 'asked for, p50', value: boundMs } } : {}),
      };
    }),
  );
}

function killFigures(
  { name }: ReceivingRouter,
  killed: readonly number[],
  theirs: Runner,
): readonly Figure[] {
  const reference = { what: 'withdrawn by a bare socket, p50', value: percentile(theirs.times.removed, 0.5) };
  return (['p50', 'max'] as const).map((which) => ({
    what: `${name}: kill -9 → gone from its kernel's table, ${which} (n = ${killed.length})`,
    value: percentile(killed, which === 'max' ? 1 : 0.5),
    unit: 'ms' as const,
    reference,
  }));
}
