import { afterEach, describe, expect, it, vi } from 'vitest';
import { type BgpRoute, type PeerSpec, Speaker } from '../../../src/bgp/index.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { bgpRoute, peerSpec } from '../../support/bgp/facts.ts';
import { openRecordingPeer, type RecordingPeer } from '../../support/bgp/recording-peer.ts';

const closing: (() => Promise<unknown>)[] = [];
const crashes: string[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  crashes.length = 0;
});

async function openPeer(host: string, asn: number): Promise<RecordingPeer> {
  const peer = await openRecordingPeer({ host, asn });
  closing.push(() => peer.close());
  return peer;
}

function specOf({ host, port }: RecordingPeer, over: Partial<PeerSpec>): PeerSpec {
  const nextHop = { ipv4: '192.0.2.9', ipv6: '2001:db8::9' };
  return peerSpec({ remoteAddress: host, remotePort: port, nextHop, connectRetryMs: 100, ...over });
}

async function openSpeaker(peers: readonly PeerSpec[]): Promise<Speaker> {
  const spec = { routerId: '192.0.2.9', localAsn: 65_999, listen: undefined, peers };
  const speaker = new Speaker(spec, {
    clock: systemClock,
    random: Math.random,
    onState: () => undefined,
    onWithheld: () => undefined,
    onCrash: ({ name }, error) => crashes.push(`${name}: ${error instanceof Error ? error.message : error}`),
    onListener: () => undefined,
    onRefusal: () => undefined,
    onListenerCrash: () => undefined,
  });
  closing.push(() => speaker.close('the test is over'));
  await soon(() =>
    expect(speaker.status().peers.map(({ state }) => state)).toEqual(peers.map(() => 'Established')),
  );
  return speaker;
}

function soon(assert: () => void): Promise<void> {
  return vi.waitFor(assert, { timeout: 10_000, interval: 2 });
}

/** A route whose attributes can't be read, which nobody notices whose peer does not take its family. */
function brokenRoute(prefix: string): BgpRoute {
  return Object.defineProperty(bgpRoute(prefix), 'med', {
    get: () => {
      throw new Error('a bug');
    },
  });
}

describe('a bug in one session', () => {
  it('ends that session, is told, and keeps no other peer from a withdrawal', async () => {
    const [bad, good] = [await openPeer('127.0.0.2', 65_000), await openPeer('127.0.0.3', 65_001)];
    const speaker = await openSpeaker([
      specOf(bad, { name: 'bad' }),
      specOf(good, { name: 'good', remoteAsn: 65_001, families: ['ipv4'] }),
    ]);
    speaker.set([bgpRoute('10.0.0.1/32')]);
    await soon(() => expect([bad, good].map((peer) => peer.last()?.table.size)).toEqual([1, 1]));
    expect(() => speaker.set([brokenRoute('2001:db8::1/128')])).not.toThrow();
    await soon(() => expect(good.last()?.table.size).toBe(0));
    expect(good.last()?.isClosed).toBe(false);
    expect(crashes).toEqual(['bad: a bug']);
    // What it has is in doubt: with the connection it loses all.
    await soon(() => expect(bad.last()?.isClosed).toBe(true));
    const [status] = speaker.status().peers;
    expect(status).toMatchObject({ state: 'Idle', establishedAtMs: undefined, flaps: 1 });
    expect(status?.announced.size).toBe(0);
    expect(status?.lastEnd?.detail).toContain('error of this program');
  });
});

describe('a peer that asks for all routes again', () => {
  const REFRESH = { type: 'route-refresh', afi: 1, safi: 1, subtype: 0 } as const;

  it('many times at once gets them once', async () => {
    const peer = await openPeer('127.0.0.2', 65_000);
    const speaker = await openSpeaker([specOf(peer, { name: 'a' })]);
    speaker.set([bgpRoute('10.0.0.1/32'), bgpRoute('10.0.0.2/32')]);
    await soon(() => expect(peer.last()?.table.size).toBe(2));
    peer.last()?.socket.cork();
    for (let asked = 0; asked < 100; asked += 1) peer.last()?.send(REFRESH);
    peer.last()?.table.clear();
    peer.last()?.socket.uncork();
    await soon(() => expect(peer.last()?.table.size).toBe(2));
    expect(speaker.status().peers[0]?.received['route-refresh']).toBe(100);
    expect(speaker.status().peers[0]?.sentPrefixes).toBe(4);
  });

  it('and takes nothing of what is sent gets them once it does, and none that is gone meanwhile', async () => {
    const peer = await openPeer('127.0.0.2', 65_000);
    const speaker = await openSpeaker([specOf(peer, { name: 'a' })]);
    const communities = Array.from({ length: 900 }, (_, n) => n);
    const routesOf = (med: number) =>
      Array.from({ length: 25 }, (_, n) =>
        bgpRoute(`10.1.0.${n}/32`, { med, communities: [...communities, 1_000 + n] }),
      );
    const waiting = (): number => speaker.status().peers[0]?.outQueueBytes ?? 0;
    speaker.set(routesOf(0));
    await soon(() => expect(peer.last()?.table.size).toBe(25));
    peer.last()?.socket.pause();
    for (let med = 1; waiting() === 0; med += 1) {
      speaker.set(routesOf(med));
      await new Promise(setImmediate);
    }
    const before = waiting();
    speaker.set([bgpRoute('10.0.0.1/32')]);
    for (let asked = 1; asked <= 100; asked += 1) peer.last()?.send(REFRESH);
    await soon(() => expect(speaker.status().peers[0]?.received['route-refresh']).toBe(100));
    expect(waiting()).toBeLessThanOrEqual(before);
    const sentBefore = speaker.status().peers[0]?.sentPrefixes ?? 0;
    peer.last()?.socket.resume();
    await soon(() => expect([...(peer.last()?.table.keys() ?? [])]).toEqual(['10.0.0.1/32']));
    expect(speaker.status().peers[0]?.sentPrefixes).toBeLessThanOrEqual(sentBefore + 2);
  });
});
