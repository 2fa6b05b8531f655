/** Nothing changes: what is sent then, and how much memory 500 prefixes and 8 peers take more than one of each. */
import { join } from 'node:path';
import { Lab } from '../../test/support/bgp/lab.ts';
import { waitFor } from '../../test/support/story/wait.ts';
import { type Figure, percentile } from '../figure.ts';
import { readProcess } from '../footprint/stage.ts';
import type { BuiltAgent } from './built-agent.ts';
import { totalsOf } from './full-tables.ts';
import {
  addPeerAddresses,
  HOLD_SEC,
  LARGE,
  PEER_LINK,
  SERVICE_PORT,
  type Size,
  startSized,
} from './many-peers.ts';
import { type MeasuringPeer, startPeer } from './measuring-peer.ts';
import { type PartOptions, PEER_ASN, pause, plainFigure } from './part.ts';

const COLLECT_ON_SIGNAL = join(import.meta.dirname, 'collect-on-signal.cjs');
const SMALL: Size = { prefixes: 1, peers: 1, isEachItsOwn: true };
const BIG: Size = { ...LARGE, isEachItsOwn: true };
const FIRST_HOST = 10;
const RSS_BOUND = { what: 'asked for', value: 10 } as const;

/** Resident memory as it was found, and after all garbage was collected and its room given back: MiB. */
interface Memory {
  readonly found: number;
  readonly collected: number;
}

export async function measureQuietHours({ isQuick, say }: PartOptions): Promise<readonly Figure[]> {
  const pairs = isQuick ? 1 : 3;
  const holdTimes = isQuick ? 3 : 6;
  const lab = await Lab.open(PEER_LINK);
  try {
    await addPeerAddresses(lab);
    const peer = await startPeer(lab, PEER_LINK, {
      asn: PEER_ASN,
      holdTimeSec: HOLD_SEC,
      isHeld: false,
      tells: 'totals',
      servicePort: SERVICE_PORT,
    });
    const [small, big]: [BuiltAgent[], BuiltAgent[]] = [[], []];
    for (let pair = 0; pair < pairs; pair += 1) {
      small.push(await start(lab, peer, SMALL, FIRST_HOST + 2 * pair));
      big.push(await start(lab, peer, BIG, FIRST_HOST + 2 * pair + 1));
    }
    const heard = await listen(peer, holdTimes * HOLD_SEC * 1_000);
    say(`${heard.sessions} sessions, ${holdTimes} hold times: ${JSON.stringify(heard)}`);
    const memory = { small: await Promise.all(small.map(weigh)), big: await Promise.all(big.map(weigh)) };
    say(`memory: ${JSON.stringify(memory)}`);
    return [
      {
        ...plainFigure(
          `UPDATEs in ${holdTimes} hold times, ${heard.sessions} sessions`,
          heard.updates,
          'count',
        ),
        reference: { what: 'KEEPALIVEs meanwhile', value: heard.keepalives },
        bound: { what: 'nothing changes', value: 0 },
      },
      ...memoryFigures(memory),
    ];
  } finally {
    await lab.close();
  }
}

/** Resolves when its peers have everything. */
async function start(lab: Lab, peer: MeasuringPeer, size: Size, host: number): Promise<BuiltAgent> {
  const complete = new Set<string>();
  const isLast = ({ session }: { readonly session: string }): boolean =>
    session.startsWith(`10.77.${PEER_LINK}.${host}>`) && complete.add(session).size === size.peers;
  const sent = peer.next('complete', isLast);
  const [agent] = await Promise.all([startSized(lab, { size, host, node: ['-r', COLLECT_ON_SIGNAL] }), sent]);
  await agent.ready();
  return agent;
}

/** What the peers hear in a stretch of time. */
async function listen(peer: MeasuringPeer, ms: number) {
  // Checks that settle one by one bring prefixes one by one: all has been said when nothing was for a while.
  let before = sumOf(await totalsOf(peer));
  for (let isCalm = false; !isCalm; ) {
    await pause(1_000);
    const now = sumOf(await totalsOf(peer));
    isCalm = now.updates === before.updates;
    before = now;
  }
  await pause(ms);
  const after = sumOf(await totalsOf(peer));
  if (after.numbers !== before.numbers) throw new Error('a session was lost while nothing happened');
  return {
    sessions: after.sessions,
    prefixes: after.prefixes,
    updates: after.updates - before.updates,
    keepalives: after.keepalives - before.keepalives,
  };
}

function sumOf(totals: Awaited<ReturnType<typeof totalsOf>>) {
  const sum = (of: 'updates' | 'keepalives' | 'prefixes'): number =>
    totals.reduce((whole, session) => whole + session[of], 0);
  return {
    sessions: totals.length,
    numbers: totals.map(({ number }) => number).join(),
    updates: sum('updates'),
    keepalives: sum('keepalives'),
    prefixes: sum('prefixes'),
  };
}

async function weigh(agent: BuiltAgent): Promise<Memory> {
  const found = readProcess(agent.pid).rssMiB;
  const hasCollected = (): boolean => agent.lines.some((line) => line.startsWith('heap '));
  process.kill(agent.pid, 'SIGUSR2');
  await waitFor(hasCollected, { limitMs: 10_000, what: 'a collection' });
  return { found, collected: readProcess(agent.pid).rssMiB };
}

function memoryFigures({
  small,
  big,
}: {
  readonly small: readonly Memory[];
  readonly big: readonly Memory[];
}): readonly Figure[] {
  const median = (all: readonly Memory[], key: keyof Memory): number =>
    percentile(
      all.map((each) => each[key]),
      0.5,
    );
  return (['found', 'collected'] as const).flatMap((key): readonly Figure[] => {
    const [one, many] = [median(small, key), median(big, key)];
    const how = key === 'found' ? 'as found' : 'garbage collected';
    return [
      {
        ...plainFigure(
          `RSS, ${BIG.prefixes} prefixes × ${BIG.peers} peers, ${how} (median of ${big.length})`,
          many,
          'MiB',
        ),
        reference: { what: '1 prefix × 1 peer', value: one },
      },
      { ...plainFigure(`… growth, ${how}`, many - one, 'MiB'), bound: RSS_BOUND },
    ];
  });
}
