/** From SIGTERM, as systemd sends it, until the peer has the withdrawal: the built program, whose code for that is cold. */
import { linkAddress } from '../../test/support/bgp/addresses.ts';
import { Lab } from '../../test/support/bgp/lab.ts';
import { type Figure, percentile } from '../figure.ts';
import type { Place } from './contestant.ts';
import { type MeasuringPeer, startPeer } from './measuring-peer.ts';
import { monotonicMs } from './monotonic.ts';
import { startBareChild, startBuiltAgent } from './own-contestants.ts';
import { OWN_ASN, type PartOptions, PEER_ASN, pause, shown } from './part.ts';

const BATCH = 12;
const BOUND = { what: 'asked for', value: 20 } as const;
const GAP_MS = 20;
const HOST = 10;

/** One that has announced its prefix; ends by SIGTERM, and gives the time at which that was sent. */
interface Announcing {
  readonly place: Place;
  stop(): number;
}

export async function measureStops({ isQuick, say }: PartOptions): Promise<readonly Figure[]> {
  const batches = isQuick ? 1 : 3;
  const size = isQuick ? 3 : BATCH;
  const lab = await Lab.open(1);
  try {
    const peer = await startPeer(lab, 1, { asn: PEER_ASN, holdTimeSec: 90, isHeld: false, tells: 'each' });
    const [ours, bare]: [number[], number[]] = [[], []];
    for (let batch = 0; batch < batches; batch += 1) {
      ours.push(...(await stopEach(peer, await startAll(peer, placesOf(lab, size), startOurs))));
      bare.push(...(await stopEach(peer, await startAll(peer, placesOf(lab, size), startBare))));
    }
    say(`SIGTERM → withdrawn: ${shown(ours)}; bare: ${shown(bare)}`);
    return [0.5, 0.99, 1].map((share) => ({
      what: `SIGTERM → withdrawal at the peer, ${share === 1 ? 'max' : `p${share * 100}`} (n = ${ours.length})`,
      value: percentile(ours, share),
      unit: 'ms',
      reference: { what: 'bare socket', value: percentile(bare, share) },
      bound: BOUND,
    }));
  } finally {
    await lab.close();
  }
}

function placesOf(lab: Lab, count: number): readonly Place[] {
  return Array.from({ length: count }, (_, index) => ({
    lab,
    link: 0,
    ownAddress: linkAddress(1, HOST + index, 'ipv4'),
    asn: OWN_ASN,
    peerAddress: linkAddress(1, 1, 'ipv4'),
    peerAsn: PEER_ASN,
    prefix: `10.200.0.${HOST + index}/32`,
  }));
}

async function startOurs(place: Place): Promise<Announcing> {
  const { agent } = await startBuiltAgent(place, true);
  return {
    place,
    stop() {
      const atMs = monotonicMs();
      void agent.end('SIGTERM');
      return atMs;
    },
  };
}

async function startBare(place: Place): Promise<Announcing> {
  const child = await startBareChild(place);
  child.send({ type: 'flip', isUp: true });
  return {
    place,
    stop() {
      const atMs = monotonicMs();
      child.signal('SIGTERM');
      return atMs;
    },
  };
}

/** Resolves when the peer has all their prefixes. */
async function startAll(
  peer: MeasuringPeer,
  places: readonly Place[],
  start: (place: Place) => Promise<Announcing>,
): Promise<readonly Announcing[]> {
  return await Promise.all(
    places.map(async (place) => {
      const announced = peer.next('update', (update) => update.announced.includes(place.prefix));
      const [started] = await Promise.all([start(place), announced]);
      return started;
    }),
  );
}

async function stopEach(peer: MeasuringPeer, all: readonly Announcing[]): Promise<readonly number[]> {
  const times: number[] = [];
  for (const { place, stop } of all) {
    await pause(GAP_MS);
    const closed = peer.next('closed', ({ session }) => session.startsWith(`${place.ownAddress}>`));
    const withdrawn = peer.next('update', (update) => update.withdrawn.includes(place.prefix));
    const askedMs = stop();
    times.push((await withdrawn).atMs - askedMs);
    await closed;
  }
  return times;
}
