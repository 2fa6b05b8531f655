import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { openPair } from '../../../src/checks/tftp-sockets.ts';
import type { UdpSource } from '../../../src/checks/udp-exchange.ts';

const SOURCE: UdpSource = { family: 'ipv4', sourceAddress: '127.0.0.1', sourceInterface: undefined };
const DEAF = { message: () => undefined, error: () => undefined };
const open: Socket[] = [];

afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

/** A port that somebody else has, and does not share. */
async function takenPort(): Promise<number> {
  const socket = createSocket('udp4');
  open.push(socket);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket.address().port;
}

async function freePort(): Promise<number> {
  const port = await takenPort();
  const socket = open.pop();
  socket?.close();
  return port;
}

describe('a port that was taken between its drawing and its use', () => {
  test('is no obstacle: another one is drawn', async () => {
    const [taken, free] = [await takenPort(), await freePort()];
    const draws = [taken, taken, free];
    const pair = openPair(SOURCE, DEAF, () => draws.shift() ?? 0);
    open.push(...pair);
    expect(pair.map((socket) => socket.address().port)).toEqual([free, free]);
    expect(draws).toEqual([]);
  });

  test('is drawn again only so often', async () => {
    const taken = await takenPort();
    let drawn = 0;
    const draw = (): number => {
      drawn += 1;
      return taken;
    };
    expect(() => openPair(SOURCE, DEAF, draw)).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }));
    expect(drawn).toBe(8);
  });

  test('is the only trouble that is tried again', () => {
    let drawn = 0;
    const draw = (): number => {
      drawn += 1;
      return 0;
    };
    const elsewhere = { ...SOURCE, sourceAddress: '192.0.2.9' };
    expect(() => openPair(elsewhere, DEAF, draw)).toThrow(expect.objectContaining({ code: 'EADDRNOTAVAIL' }));
    expect(drawn).toBe(1);
  });
});
