import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Connection, type ConnectionOptions } from '../../../src/bgp/connection.ts';
import { encodeMessage } from '../../../src/bgp/encode.ts';
import type { BgpMessage } from '../../../src/bgp/message.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';

const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

function bytesOf(message: BgpMessage): Uint8Array {
  return encodeMessage(message, { isFourOctetAs: true });
}

const KEEPALIVE = bytesOf({ type: 'keepalive' });
const CEASE = bytesOf({ type: 'notification', errorCode: 6, errorSubcode: 1, data: new Uint8Array() });

/** A connection to a peer on loopback, and the peer's end of it, which reads nothing by itself. */
async function openPair(over: Partial<ConnectionOptions> = {}) {
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, accepted.resolve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { connect } = await import('node:net');
  const socket = connect({ host: '127.0.0.1', port });
  const seen: string[] = [];
  const connection = new Connection({
    socket,
    clock: systemClock,
    onConnected: () => seen.push('connected'),
    onMessage: ({ type }) => seen.push(type),
    onMalformed: (_, why) => seen.push(why),
    onLost: () => seen.push('lost'),
    onStalled: () => seen.push('stalled'),
    onDrained: () => seen.push('drained'),
    onCrash: (error) => {
      throw error;
    },
    ...over,
  });
  const peer = await accepted.promise;
  peer.on('error', () => undefined);
  closing.push(
    () => server.close(),
    () => peer.destroy(),
    () => socket.destroy(),
  );
  return { connection, peer, seen };
}

function soon(assert: () => void): Promise<void> {
  return vi.waitFor(assert, { timeout: 10_000, interval: 2 });
}

describe('a connection', () => {
  it('reads little in one turn of the loop, however much comes: all else has its turn between', async () => {
    let [turn, most, all] = [0, 0, 0];
    const { peer } = await openPair({
      onMessage: () => {
        all += 1;
        turn += 1;
        most = Math.max(most, turn);
      },
    });
    const count = 100_000;
    let isOver = false;
    const nextTurn = (): void => {
      turn = 0;
      if (!isOver) setImmediate(nextTurn);
    };
    setImmediate(nextTurn);
    closing.push(() => {
      isOver = true;
    });
    peer.write(Buffer.concat(Array.from({ length: count }, () => KEEPALIVE)));
    await soon(() => expect(all).toBe(count));
    expect(most).toBeLessThan(1_000);
  });

  it('reads all that came before the end, in its order', async () => {
    const { peer, seen } = await openPair();
    const many = Array.from({ length: 3_000 }, () => KEEPALIVE);
    peer.end(Buffer.concat([...many, CEASE]));
    await soon(() => expect(seen.at(-1)).toBe('lost'));
    expect(seen.slice(-2)).toEqual(['notification', 'lost']);
    expect(seen.filter((each) => each === 'keepalive')).toHaveLength(3_000);
  });

  it('tells nothing more once it was closed, whatever has come by then', async () => {
    const pair = await openPair({
      onMessage: () => {
        pair.seen.push('message');
        if (pair.seen.length === 10) pair.connection.close(false);
      },
    });
    pair.peer.write(Buffer.concat(Array.from({ length: 10_000 }, () => KEEPALIVE)));
    pair.peer.on('end', () => pair.peer.end());
    pair.peer.resume();
    await pair.connection.closed();
    expect(pair.seen).toHaveLength(10);
  });

  it('is over soon where the peer ends it and takes nothing of what waits', async () => {
    const { connection, peer, seen } = await openPair();
    const piece = new Uint8Array(1_024 * 1_024);
    while (connection.queuedBytes() === 0) {
      connection.write(piece);
      await new Promise(setImmediate);
    }
    peer.end();
    await connection.closed();
    expect(seen.at(-1)).toBe('lost');
  });
});
