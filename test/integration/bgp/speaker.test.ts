import { afterEach, describe, expect, it, vi } from 'vitest';
import { type PeerSpec, type SessionEnd, type SessionState, Speaker } from '../../../src/bgp/index.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { bgpRoute, peerSpec } from '../../support/bgp/facts.ts';
import {
  openRecordingPeer,
  type RecordingPeer,
  type RecordingPeerOptions,
} from '../../support/bgp/recording-peer.ts';

interface Told {
  readonly peer: string;
  readonly from: SessionState;
  readonly to: SessionState;
  readonly end: SessionEnd | undefined;
  readonly retryInMs: number | undefined;
}

const closing: (() => Promise<unknown>)[] = [];
const told: Told[] = [];
const NEXT_HOPS = { ipv4: '192.0.2.9', ipv6: '2001:db8::9' };

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  told.length = 0;
});

async function openPeer(options: RecordingPeerOptions = {}): Promise<RecordingPeer> {
  const peer = await openRecordingPeer(options);
  closing.push(() => peer.close());
  return peer;
}

function specOf(peer: RecordingPeer, over: Partial<PeerSpec> = {}): PeerSpec {
  const { host, port } = peer;
  return peerSpec({
    name: 'a',
    remoteAddress: host,
    remotePort: port,
    nextHop: NEXT_HOPS,
    connectRetryMs: 100,
    ...over,
  });
}

function openSpeaker(peers: readonly PeerSpec[]): Speaker {
  const spec = { routerId: '192.0.2.9', localAsn: 65_999, listen: undefined, peers };
  const speaker = new Speaker(spec, {
    clock: systemClock,
    random: Math.random,
    onState: ({ name }, change) => told.push({ peer: name, ...change }),
    onWithheld: () => undefined,
    onCrash: (_, error) => {
      throw error;
    },
    onListener: () => undefined,
    onRefusal: () => undefined,
    onListenerCrash: () => undefined,
  });
  closing.push(() => speaker.close('the test is over'));
  return speaker;
}

function soon(assert: () => void): Promise<void> {
  return vi.waitFor(assert, { timeout: 10_000, interval: 2 });
}

function stateOf(speaker: Speaker, name = 'a') {
  return speaker.status().peers.find((peer) => peer.name === name)?.state;
}

function tableOf(peer: RecordingPeer): string[] {
  return [...(peer.last()?.table.keys() ?? [])];
}

async function established(over: Partial<PeerSpec> = {}) {
  const peer = await openPeer();
  const speaker = openSpeaker([specOf(peer, over)]);
  await soon(() => expect(stateOf(speaker)).toBe('Established'));
  return { peer, speaker };
}

const ROUTES = [bgpRoute('10.0.0.1/32'), bgpRoute('2001:db8:1::53/128')];

describe('an established session', () => {
  it('gives the peer what there is, End-of-RIB for both families, and later changes', async () => {
    const peer = await openPeer();
    const speaker = openSpeaker([specOf(peer)]);
    speaker.set(ROUTES);
    await soon(() => expect(peer.last()?.of('update')).toHaveLength(4));
    expect(tableOf(peer)).toEqual(['10.0.0.1/32', '2001:db8:1::53/128']);
    speaker.set([]);
    await soon(() => expect(tableOf(peer)).toEqual([]));
    speaker.set([bgpRoute('10.0.0.2/32')]);
    await soon(() => expect(tableOf(peer)).toEqual(['10.0.0.2/32']));
  });

  it('says nothing more while nothing changes, over several keepalives', async () => {
    const { peer, speaker } = await established({ holdTimeSec: 3 });
    speaker.set(ROUTES);
    await soon(() => expect(tableOf(peer)).toHaveLength(2));
    const before = peer.last()?.of('update').length;
    const kept = peer.last()?.of('keepalive').length ?? 0;
    speaker.set([...ROUTES]);
    await soon(() => expect(peer.last()?.of('keepalive').length).toBeGreaterThan(kept + 1));
    expect(peer.last()?.of('update')).toHaveLength(before ?? -1);
  });

  it('sends all of a family again when the peer asks for it', async () => {
    const { peer, speaker } = await established();
    speaker.set(ROUTES);
    await soon(() => expect(tableOf(peer)).toHaveLength(2));
    peer.last()?.table.clear();
    peer.last()?.send({ type: 'route-refresh', afi: 1, safi: 1, subtype: 0 });
    await soon(() => expect(tableOf(peer)).toEqual(['10.0.0.1/32']));
  });

  it('counts what the peer announces, keeps none of it, and passes nothing on', async () => {
    const { peer, speaker } = await established();
    const other = await openPeer({ host: '127.0.0.3', asn: 65_001 });
    speaker.reload({
      routerId: '192.0.2.9',
      localAsn: 65_999,
      listen: undefined,
      peers: [specOf(peer), specOf(other, { name: 'b', remoteAsn: 65_001 })],
    });
    await soon(() => expect(stateOf(speaker, 'b')).toBe('Established'));
    peer.last()?.send({
      type: 'update',
      withdrawnRoutes: [],
      pathAttributes: [
        { type: 'origin', origin: 'igp' },
        { type: 'as-path', segments: [{ type: 'as-sequence', asns: [65_000] }] },
        { type: 'next-hop', nextHop: '192.0.2.1' },
      ],
      nlri: [{ family: 'ipv4', address: Uint8Array.of(203, 0, 113, 0), length: 24 }],
    });
    await soon(() => expect(speaker.status().peers[0]?.receivedPrefixes).toBe(1));
    expect(tableOf(other)).toEqual([]);
    expect(speaker.status().peers[1]?.sentPrefixes).toBe(0);
  });

  it('is begun anew with all routes where the peer goes away', async () => {
    const { peer, speaker } = await established();
    speaker.set(ROUTES);
    await soon(() => expect(tableOf(peer)).toHaveLength(2));
    peer.last()?.socket.destroy();
    await soon(() => expect(peer.connections).toHaveLength(2));
    await soon(() => expect(tableOf(peer)).toHaveLength(2));
    expect(speaker.status().peers[0]).toMatchObject({ flaps: 1, lastEnd: { reason: 'connection-lost' } });
  });

  it('gives a peer that has not read for a while the newest routes only, and keeps few bytes waiting', async () => {
    const { peer, speaker } = await established();
    // Much to send for each change and little to compute: the kernel's buffers take megabytes before they are full.
    const filler = Array.from({ length: 900 }, (_, n) => n);
    const routesOf = (med: number) =>
      Array.from({ length: 25 }, (_, n) =>
        bgpRoute(`10.1.0.${n}/32`, { communities: [...filler, 1_000 + n], med }),
      );
    const queuedBytes = (): number => speaker.status().peers[0]?.outQueueBytes ?? 0;
    speaker.set(routesOf(0));
    await soon(() => expect(tableOf(peer)).toHaveLength(25));
    peer.last()?.socket.pause();
    let med = 0;
    const change = (): void => speaker.set(routesOf(++med));
    while (queuedBytes() < 64 * 1_024 && med < 1_000) {
      change();
      if (med % 20 === 0) await new Promise(setImmediate);
    }
    const waiting = queuedBytes();
    expect(waiting).toBeGreaterThanOrEqual(64 * 1_024);
    for (let more = 0; more < 50; more += 1) change();
    expect(queuedBytes()).toBe(waiting);
    peer.last()?.socket.resume();
    const isNewest = () =>
      [...(peer.last()?.table.values() ?? [])].every(({ pathAttributes }) =>
        pathAttributes.some((attribute) => attribute.type === 'multi-exit-disc' && attribute.med === med),
      );
    await soon(() => expect(isNewest()).toBe(true));
    expect(stateOf(speaker)).toBe('Established');
  });
});

describe('the end', () => {
  it('is a withdrawal, then a Cease with the text for the peer’s operator, then the close', async () => {
    const { peer, speaker } = await established();
    speaker.set(ROUTES);
    await soon(() => expect(tableOf(peer)).toHaveLength(2));
    const connection = peer.last();
    await expect(speaker.close('kernel update')).resolves.toBe(true);
    await soon(() => expect(connection?.isClosed).toBe(true));
    const types = connection?.messages.slice(-3).map(({ type }) => type);
    expect(types).toEqual(['update', 'update', 'notification']);
    const [notification] = connection?.of('notification') ?? [];
    expect(notification).toMatchObject({ errorCode: 6, errorSubcode: 2 });
    expect(Buffer.from(notification?.data ?? []).toString()).toBe('\rkernel update');
  });

  it('is in time where a peer reads nothing', async () => {
    const { peer, speaker } = await established();
    peer.last()?.socket.pause();
    const startedMs = performance.now();
    await speaker.close('bye');
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });

  it('leaves nothing behind: no further connection, and no state but Idle', async () => {
    const { peer, speaker } = await established();
    await speaker.close('bye');
    expect(stateOf(speaker)).toBe('Idle');
    speaker.set(ROUTES);
    expect(peer.connections).toHaveLength(1);
  });
});

describe('a peer that is wrong', () => {
  it.each([
    [
      'speaks garbage',
      { manner: 'silent' },
      'notification-sent',
      'GET / HTTP/1.1\r\nHost: example.org\r\n\r\n',
    ],
    ['has another AS', { asn: 65_010 }, 'notification-sent', undefined],
    ['closes at once', { manner: 'silent' }, 'connection-lost', 'close'],
  ] as const)('that %s is told with a reason, tried again later, and disturbs no other', async (_, options, reason, bytes) => {
    const good = await openPeer();
    const bad = await openPeer({ host: '127.0.0.3', ...options });
    const speaker = openSpeaker([specOf(good), specOf(bad, { name: 'bad' })]);
    speaker.set(ROUTES);
    await soon(() => expect(bad.connections.length).toBeGreaterThan(0));
    if (bytes === 'close') bad.last()?.socket.destroy();
    else if (bytes !== undefined) bad.last()?.socket.write(bytes);
    await soon(() => expect(speaker.status().peers[1]?.lastEnd?.reason).toBe(reason));
    const end = told.find(({ peer, end }) => peer === 'bad' && end !== undefined);
    expect(end?.end?.detail).not.toBe('');
    expect(end?.retryInMs).toBeGreaterThan(0);
    await soon(() => expect(tableOf(good)).toHaveLength(2));
    expect(speaker.status().peers[0]?.flaps).toBe(0);
  });

  it('that nobody listens for is tried again, each time later', async () => {
    const gone = await openRecordingPeer();
    await gone.close();
    const speaker = openSpeaker([specOf(gone)]);
    await soon(() =>
      expect(told.filter(({ end }) => end?.reason === 'connect-failed').length).toBeGreaterThan(2),
    );
    const [first = 0, second = 0, third = 0] = told.flatMap(({ retryInMs }) => retryInMs ?? []);
    expect(second).toBeGreaterThan(first);
    expect(third).toBeGreaterThan(second);
    expect(speaker.status().peers[0]?.lastEnd?.detail).toContain('refuses connections');
  });
});

describe('another configuration', () => {
  it('leaves a peer alone that stays as it was, and begins a changed one anew', async () => {
    const [kept, changed] = [await openPeer(), await openPeer({ host: '127.0.0.3' })];
    const speaker = openSpeaker([specOf(kept), specOf(changed, { name: 'b' })]);
    speaker.set(ROUTES);
    await soon(() => expect([tableOf(kept), tableOf(changed)]).toMatchObject([{ length: 2 }, { length: 2 }]));
    const peers = [specOf(kept), specOf(changed, { name: 'b', holdTimeSec: 30 })];
    speaker.reload({ routerId: '192.0.2.9', localAsn: 65_999, listen: undefined, peers });
    await soon(() => expect(changed.connections).toHaveLength(2));
    await soon(() => expect(tableOf(changed)).toHaveLength(2));
    expect(changed.connections[0]?.of('notification')).toMatchObject([{ errorCode: 6, errorSubcode: 6 }]);
    expect(changed.last()?.of('open')[0]?.holdTime).toBe(30);
    expect(kept.connections).toHaveLength(1);
  });

  it('ends a peer that is gone with Peer De-configured', async () => {
    const { peer, speaker } = await established();
    speaker.reload({ routerId: '192.0.2.9', localAsn: 65_999, listen: undefined, peers: [] });
    await soon(() =>
      expect(peer.last()?.of('notification')).toMatchObject([{ errorCode: 6, errorSubcode: 3 }]),
    );
    expect(speaker.status().peers).toEqual([]);
  });
});
