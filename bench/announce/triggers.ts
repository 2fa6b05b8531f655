/**
 * One prefix in the steady state: from the moment at which somebody is told that the service turned until the UPDATE is
 * at the peer. All announce to one peer in one run, each in a namespace of its own, by turns.
 */
import { linkAddress } from '../../test/support/bgp/addresses.ts';
import { Lab } from '../../test/support/bgp/lab.ts';
import { type Figure, percentile } from '../figure.ts';
import type { Contestant, Place } from './contestant.ts';
import { type MeasuringPeer, startPeer, type Update } from './measuring-peer.ts';
import { childContestant, openBuiltAgent, startAgentChild, startBareChild } from './own-contestants.ts';
import { OWN_ASN, type PartOptions, PEER_ASN, pause, shown } from './part.ts';
import { isInstalled, openBird, openExabgp, openFrr, openGobgp } from './rival-daemons.ts';

interface Entry {
  /** In the namespace with this number. */
  readonly open: (place: Place) => Promise<Contestant>;
  /** Without it this contestant is left out; undefined: nothing is needed. */
  readonly program?: string;
  /** It takes part in every so many rounds. */
  readonly everyRounds?: number;
}

/** Ours first. FRR takes some 80 ms, and is started anew for each change: it has fewer turns. */
const ENTRIES: readonly Entry[] = [
  { open: async (place) => childContestant('check result → UPDATE', await startAgentChild(place)) },
  { open: openBuiltAgent },
  { open: async (place) => childContestant('bare socket', await startBareChild(place)) },
  { open: openExabgp, program: 'exabgp' },
  { open: openGobgp, program: 'gobgpd' },
  { open: openBird, program: 'bird' },
  { open: openFrr, program: 'bgpd', everyRounds: 6 },
];
const OWN = 2;

const WARM_UP_ROUNDS = 10;
/** After a trigger and its UPDATE, whoever has something left to do does it. */
const GAP_MS = 5;
const BOUND = { what: 'asked for, p99', value: 2 } as const;

/** One contestant with its session, and what was measured. */
interface Runner {
  readonly contestant: Contestant;
  readonly place: Place;
  readonly everyRounds: number;
  readonly times: { readonly announce: number[]; readonly withdraw: number[] };
}

export async function measureTriggers({ isQuick, say }: PartOptions): Promise<readonly Figure[]> {
  const lab = await Lab.open(ENTRIES.length);
  const runners: Runner[] = [];
  try {
    const peer = await startPeer(lab, 0, { asn: PEER_ASN, holdTimeSec: 90, isHeld: false, tells: 'each' });
    say(
      `two processes' clocks agree; a question and its answer take ${(await peer.clockDoubtMs()).toFixed(2)} ms`,
    );
    await openAll({ lab, peer, say }, runners);
    const rounds = isQuick ? 12 : 210;
    for (let round = -Math.min(WARM_UP_ROUNDS, rounds); round < rounds; round += 1) {
      await runRound(runners, peer, round);
    }
    for (const { contestant, times } of runners) {
      say(`announce: ${contestant.name}: ${shown(times.announce)}`);
      say(`withdraw: ${contestant.name}: ${shown(times.withdraw)}`);
    }
    return figuresOf(runners);
  } finally {
    for (const { contestant } of runners) contestant.close?.();
    await lab.close();
  }
}

interface Stage {
  readonly lab: Lab;
  readonly peer: MeasuringPeer;
  readonly say: PartOptions['say'];
}

/** Each is in `runners` as soon as it is there, so that it is closed whatever happens to the next. */
async function openAll({ lab, peer, say }: Stage, runners: Runner[]): Promise<void> {
  for (const [index, { open, program, everyRounds = 1 }] of ENTRIES.entries()) {
    if (program !== undefined && !(await isInstalled(program))) {
      say(`${program} is not installed: left out`);
      continue;
    }
    const place = placeOf(lab, index + 1);
    const isOwn = ({ session }: { readonly session: string }): boolean =>
      session.startsWith(`${place.ownAddress}>`);
    const established = peer.next('established', isOwn, program ?? 'with an agent of ours');
    const [contestant] = await Promise.all([open(place), established]);
    runners.push({ contestant, place, everyRounds, times: { announce: [], withdraw: [] } });
  }
}

/** The peer is in namespace 0, which all links lead to. */
function placeOf(lab: Lab, link: number): Place {
  return {
    lab,
    link,
    ownAddress: linkAddress(link, 1, 'ipv4'),
    asn: OWN_ASN + link,
    peerAddress: linkAddress(link, 10, 'ipv4'),
    peerAsn: PEER_ASN,
    prefix: `10.200.0.${link}/32`,
  };
}

/** All announce, one after the other; then all withdraw. Rounds below 0 are not counted. */
async function runRound(runners: readonly Runner[], peer: MeasuringPeer, round: number): Promise<void> {
  const taking = runners.filter(({ everyRounds }) => round % everyRounds === 0);
  for (const way of ['announce', 'withdraw'] as const) {
    for (const { contestant, place, times } of taking) {
      const took = await timeOne({ contestant, place, peer, isUp: way === 'announce' });
      if (round >= 0) times[way].push(took);
      await pause(GAP_MS);
    }
  }
}

async function timeOne(turn: {
  readonly contestant: Contestant;
  readonly place: Place;
  readonly peer: MeasuringPeer;
  readonly isUp: boolean;
}): Promise<number> {
  const { contestant, place, peer, isUp } = turn;
  const isOwn = ({ announced, withdrawn }: Update): boolean =>
    (isUp ? announced : withdrawn).includes(place.prefix);
  const arrived = peer.next('update', isOwn, `from ${contestant.name}`);
  const [askedMs, { atMs }] = await Promise.all([contestant.trigger(isUp), arrived]);
  return atMs - askedMs;
}

function figuresOf(runners: readonly Runner[]): readonly Figure[] {
  const ours = runners.slice(0, OWN);
  const others = runners.slice(OWN);
  return ours.flatMap((own, index) =>
    (['announce', 'withdraw'] as const).flatMap((way) =>
      [0.5, 0.99].flatMap((share) => {
        const of = ({ times }: Runner): number => percentile(times[way], share);
        const isBound = index === 0 && share === 0.99;
        return others.map((other, at): Figure => {
          const n = `n = ${own.times[way].length} : ${other.times[way].length}`;
          return {
            what: `${way}: ${own.contestant.name}, p${share * 100} (${n})`,
            value: of(own),
            unit: 'ms',
            reference: { what: other.contestant.name, value: of(other) },
            ...(isBound && at === 0 ? { bound: BOUND } : {}),
          };
        });
      }),
    ),
  );
}
