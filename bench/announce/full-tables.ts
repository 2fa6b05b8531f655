/** 500 prefixes to 8 peers: from the moment in which the last session may be established until the last peer has all. */
import { Lab } from '../../test/support/bgp/lab.ts';
import { type Figure, percentile } from '../figure.ts';
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
import type { SessionTotals } from './measuring-peer-main.ts';
import { type PartOptions, PEER_ASN, plainFigure, shown } from './part.ts';

const HOST = 10;
const BOUND = { what: 'asked for', value: 100 } as const;

/** Of one size. `first`: of processes that have just begun; `again`: of sessions that were lost and come back. Times in ms. */
interface Transfers {
  readonly first: number[];
  readonly again: number[];
  updates: number;
}

export async function measureFullTables({ isQuick, say }: PartOptions): Promise<readonly Figure[]> {
  const lab = await Lab.open(PEER_LINK);
  try {
    await addPeerAddresses(lab);
    const peer = await startPeer(lab, PEER_LINK, {
      asn: PEER_ASN,
      holdTimeSec: HOLD_SEC,
      isHeld: true,
      tells: 'totals',
      servicePort: SERVICE_PORT,
    });
    const figures: Figure[] = [];
    for (const isEachItsOwn of [false, true]) {
      const size: Size = { ...LARGE, isEachItsOwn };
      const transfers: Transfers = { first: [], again: [], updates: 0 };
      for (let turn = 0; turn < (isQuick ? 2 : 10); turn += 1) await transfer(lab, peer, size, transfers);
      say(`${nameOf(size)}: first ${shown(transfers.first)}; again ${shown(transfers.again)}`);
      figures.push(...figuresOf(size, transfers));
    }
    return figures;
  } finally {
    await lab.close();
  }
}

/** One process's first table, and the next after all sessions were reset. */
async function transfer(lab: Lab, peer: MeasuringPeer, size: Size, transfers: Transfers): Promise<void> {
  const opened = sessions(peer, 'open', size);
  const agent = await startSized(lab, { size, host: HOST });
  await Promise.all([opened, agent.ready()]);
  transfers.first.push(await release(peer, size, transfers));
  const openedAgain = sessions(peer, 'open', size);
  peer.send({ type: 'reset' });
  await openedAgain;
  transfers.again.push(await release(peer, size, transfers));
  const closed = sessions(peer, 'closed', size);
  await agent.end('SIGKILL');
  await closed;
}

/** Establishes all the sessions at once, and waits until each peer has everything. */
async function release(peer: MeasuringPeer, size: Size, transfers: Transfers): Promise<number> {
  const complete = sessions(peer, 'complete', size);
  const released = peer.next('released');
  peer.send({ type: 'release' });
  const { atMs } = await released;
  await complete;
  const totals = await totalsOf(peer);
  const lacking = totals.filter(({ prefixes }) => prefixes !== size.prefixes);
  if (totals.length !== size.peers || lacking.length > 0) {
    throw new Error(`not everybody has everything: ${JSON.stringify(totals)}`);
  }
  transfers.updates = totals.reduce((sum, { updates }) => sum + updates, 0);
  return Math.max(...totals.map(({ lastUpdateMs }) => lastUpdateMs)) - atMs;
}

/** That happens to as many sessions as there are peers. */
async function sessions(
  peer: MeasuringPeer,
  type: 'open' | 'complete' | 'closed',
  { peers }: Size,
): Promise<void> {
  const seen = new Set<string>();
  await peer.next(type, ({ session }) => seen.add(session).size === peers, `of ${peers} sessions`);
}

export async function totalsOf(peer: MeasuringPeer): Promise<readonly SessionTotals[]> {
  const totals = peer.next('totals');
  peer.send({ type: 'totals' });
  return (await totals).sessions;
}

function nameOf({ prefixes, peers, isEachItsOwn }: Size): string {
  return `${prefixes} prefixes ${isEachItsOwn ? 'with attributes of their own' : 'alike'} × ${peers} peers`;
}

function figuresOf(size: Size, { first, again, updates }: Transfers): readonly Figure[] {
  const figure = (what: string, times: readonly number[], share: number): Figure => ({
    ...plainFigure(`${nameOf(size)}: ${what} (n = ${times.length})`, percentile(times, share), 'ms'),
    bound: BOUND,
  });
  return [
    figure('last session → all sent, a new process, p50', first, 0.5),
    figure('last session → all sent, a new process, max', first, 1),
    figure('last session → all sent, after a reset, p50', again, 0.5),
    figure('last session → all sent, after a reset, max', again, 1),
    plainFigure(`${nameOf(size)}: UPDATEs`, updates, 'count'),
  ];
}
