import { connect, createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { readMd5Counters } from '../../../src/bgp/transport-md5-counters.ts';
import type { TcpCalls } from '../../../src/bgp/transport-options.ts';
import { isConnected, TestSockets, until } from '../../support/bgp-listening.ts';
import { listenerPeer } from '../../support/bgp-peers.ts';
import { listen } from '../../support/listen.ts';

const sockets = new TestSockets();
afterEach(() => sockets.close());

/** Whether a connection from there is still there once the listener has said what it does with it. */
function knock(port: number, localAddress: string, host = '127.0.0.1') {
  const socket = sockets.own(connect({ port, host, localAddress }));
  const codes: (string | undefined)[] = [];
  socket.on('error', (error: NodeJS.ErrnoException) => codes.push(error.code));
  return { socket, codes };
}

describe('a listener', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1', '127.0.0.7'],
    ['::', '127.0.0.1', '127.0.0.7'],
  ])('at %s resets whoever is no peer, and says so once', async (address, host, stranger) => {
    const { port, accepted, refusals, listener } = await sockets.listen({ address }, [
      listenerPeer('127.0.0.8'),
    ]);
    for (let round = 1; round <= 3; round += 1) {
      const { codes } = knock(port, stranger, host);
      await until(() => codes.length === 1, 'it is reset');
      expect(codes).toEqual(['ECONNRESET']);
      await until(() => listener.refused === round, 'it is counted');
    }
    expect(refusals).toEqual([{ address: stranger, why: 'no peer has this address', count: 1 }]);
    expect(accepted).toEqual([]);
    knock(port, '127.0.0.8', host);
    await until(() => accepted.length === 1, 'the peer is accepted');
    expect(accepted[0]?.socket.remoteAddress).toMatch(/127\.0\.0\.8$/);
  });

  test('refuses a peer that came to another address than the session has', async () => {
    const peer = { ...listenerPeer('127.0.0.8'), localAddress: '127.0.0.5' };
    const { port, accepted, refusals } = await sockets.listen({ address: '0.0.0.0' }, [peer]);
    const { codes } = knock(port, '127.0.0.8', '127.0.0.6');
    await until(() => codes.length === 1, 'it is reset');
    expect(refusals).toMatchObject([{ address: '127.0.0.8', why: expect.stringContaining('127.0.0.5') }]);
    knock(port, '127.0.0.8', '127.0.0.5');
    await until(() => accepted.length === 1, 'it is accepted where it belongs');
  });

  test('closes a connection over which something goes wrong in here, tells of it, and listens on', async () => {
    let isBroken = true;
    const descriptorOf: TcpCalls['descriptorOf'] = () => {
      if (isBroken) throw new Error('a bug');
      return undefined;
    };
    const peers = [listenerPeer('127.0.0.8')];
    const { port, accepted, crashes } = await sockets.listen({ address: '127.0.0.1' }, peers, {
      descriptorOf,
    });
    const { codes } = knock(port, '127.0.0.8');
    await until(() => codes.length === 1, 'it is reset');
    expect(crashes).toMatchObject([{ message: 'a bug' }]);
    isBroken = false;
    knock(port, '127.0.0.8');
    await until(() => accepted.length === 1, 'the next one is accepted');
  });

  test('takes other peers without closing, and leaves connections that stand', async () => {
    const at = { address: '127.0.0.1' };
    const { listener, port, accepted, refusals, states } = await sockets.listen(at, [
      listenerPeer('127.0.0.2'),
    ]);
    const first = knock(port, '127.0.0.2');
    await until(() => accepted.length === 1, 'the peer is accepted');
    listener.setPeers([listenerPeer('127.0.0.3')]);
    expect(listener.port).toBe(port);
    knock(port, '127.0.0.2');
    await until(() => refusals.length === 1, 'it is a stranger now');
    knock(port, '127.0.0.3');
    await until(() => accepted.length === 2, 'the other is accepted');
    first.socket.write('x');
    await new Promise((resolve) => accepted[0]?.socket.once('data', resolve));
    expect(accepted.map(({ name }) => name)).toEqual(['127.0.0.2', '127.0.0.3']);
    expect(states).toEqual([undefined]);
  });

  test('takes a password, another, and none, without closing', async () => {
    const at = { address: '127.0.0.1' };
    const { listener, port, accepted } = await sockets.listen(at, [listenerPeer('127.0.0.2')]);
    const to = { remoteAddress: '127.0.0.1', remotePort: port, localAddress: '127.0.0.2' };
    for (const password of ['first', 'second', undefined]) {
      listener.setPeers([
        listenerPeer('127.0.0.2', { password }),
        listenerPeer('127.0.0.3', { password: 'else' }),
      ]);
      expect(await isConnected(sockets.dial(to, { password }).socket)).toBe(true);
      const dropped = JSON.stringify(readMd5Counters());
      const wrong = sockets.dial(to, { password: 'wrong' }).socket;
      await until(() => JSON.stringify(readMd5Counters()) !== dropped, 'the wrong one is dropped');
      expect(wrong.connecting).toBe(true);
    }
    await until(() => accepted.length === 3, 'each was accepted');
    expect(listener.port).toBe(port);
  });

  test('guards one peer by GTSM and lets another in without', async () => {
    const peers = [listenerPeer('127.0.0.2', { hasGtsm: true }), listenerPeer('127.0.0.3')];
    const { port, accepted } = await sockets.listen({ address: '127.0.0.1' }, peers);
    const to = { remoteAddress: '127.0.0.1', remotePort: port };
    const near = sockets.dial({ ...to, localAddress: '127.0.0.2' }, { hasGtsm: true });
    const plain = sockets.dial({ ...to, localAddress: '127.0.0.3' });
    expect(await isConnected(near.socket)).toBe(true);
    expect(await isConnected(plain.socket)).toBe(true);
    await until(() => accepted.length === 2, 'both are accepted');
    // The handshake is over before anybody knows whose it is: what comes after it has to be near.
    const far = sockets.dial({ ...to, localAddress: '127.0.0.2' });
    await until(() => accepted.length === 3, 'it is accepted');
    let got = 0;
    accepted[2]?.socket.on('data', () => {
      got += 1;
    });
    far.socket.write('spoofed');
    plain.socket.write('honest');
    await new Promise((resolve) => accepted[1]?.socket.once('data', resolve));
    expect(got).toBe(0);
  });

  test('listens for peers of several interfaces at one port', async () => {
    const peers = [listenerPeer('127.0.0.2', { device: 'lo' }), listenerPeer('127.0.0.3')];
    const { port, accepted, listener } = await sockets.listen({ address: '127.0.0.1' }, peers);
    for (const from of ['127.0.0.2', '127.0.0.3']) knock(port, from);
    await until(() => accepted.length === 2, 'both are accepted');
    knock(port, '127.0.0.4');
    await until(() => listener.refused === 1, 'a stranger is not');
    listener.setPeers([listenerPeer('127.0.0.3')]);
    await until(() => listener.port !== undefined, 'it listens again');
    expect(listener.port).toBe(port);
    knock(port, '127.0.0.3');
    await until(() => accepted.length === 3, 'it is accepted again');
  });

  test('sets keys of TCP-AO once, and anew where they change', async () => {
    const set: string[] = [];
    const addAoKey: TcpCalls['addAoKey'] = (_socket, address, { key }) => {
      set.push(`${address} ${key}`);
      return address === '127.0.0.3' ? { ok: false, code: 'ENOPROTOOPT' } : { ok: true };
    };
    const tcpAo = { algorithm: 'hmac-sha-1-96', sendId: 1, receiveId: 1, key: 'old' } as const;
    const [plain, lacking] = [listenerPeer('127.0.0.4'), listenerPeer('127.0.0.3', { tcpAo })];
    const before = [listenerPeer('127.0.0.2', { tcpAo }), lacking, plain];
    const { listener, port, accepted, refusals } = await sockets.listen({ address: '127.0.0.1' }, before, {
      addAoKey,
    });
    listener.setPeers(before);
    // What was refused is tried again.
    expect(set).toEqual(['127.0.0.2 old', '127.0.0.3 old', '127.0.0.3 old']);
    listener.setPeers([listenerPeer('127.0.0.2', { tcpAo: { ...tcpAo, key: 'new' } }), lacking, plain]);
    expect(set.slice(3)).toEqual(['127.0.0.2 new', '127.0.0.3 old']);
    expect(listener.port).toBe(port);
    expect(listener.refusalOf('127.0.0.3')).toMatch(/^tcp_ao needs TCP-AO/);
    knock(port, '127.0.0.3');
    await until(() => refusals.length === 1, 'it is refused');
    expect(refusals[0]?.why).toMatch(/^tcp_ao needs TCP-AO/);
    knock(port, '127.0.0.4');
    await until(() => accepted.length === 1, 'another is accepted');
  });

  test('where nothing native can be called lets only those in who ask for nothing', async () => {
    const peers = [
      listenerPeer('127.0.0.2'),
      listenerPeer('127.0.0.3', { password: 'x', device: 'lo' }),
      listenerPeer('127.0.0.4', { hasGtsm: true }),
    ];
    const calls = { hasNativeSockets: () => false };
    const { port, accepted, refusals, states } = await sockets.listen({ address: '127.0.0.1' }, peers, calls);
    for (const from of ['127.0.0.2', '127.0.0.3', '127.0.0.4']) knock(port, from);
    await until(() => accepted.length + refusals.length === 3, 'all have been heard');
    expect(accepted.map(({ name }) => name)).toEqual(['127.0.0.2']);
    expect(refusals.map(({ address, why }) => `${address} ${why}`).sort()).toEqual([
      '127.0.0.3 password, device: needs Linux and the package koffi, which does not load here',
      '127.0.0.4 gtsm: needs Linux and the package koffi, which does not load here',
    ]);
    expect(states).toEqual([undefined]);
  });

  test('that can’t have its port says who has it, and is no trouble to close', async () => {
    const other = await listen(createServer());
    const { states, listener } = await sockets.listen({ address: '127.0.0.1', port: other.port }, []);
    expect(states).toEqual([
      `another program listens on 127.0.0.1 port ${other.port}: stop it, or choose another address or port by listen`,
    ]);
    await listener.close();
    await listener.close();
    await other.close();
  });

  test('for an interface that is not there says so, and listens for the others', async () => {
    const peers = [listenerPeer('127.0.0.2', { device: 'none0' }), listenerPeer('127.0.0.3')];
    const { states, port, accepted, refusals } = await sockets.listen({ address: '127.0.0.1' }, peers);
    expect(states).toEqual(['there is no network interface none0']);
    knock(port, '127.0.0.2');
    await until(() => refusals.length === 1, 'its peer is refused');
    expect(refusals[0]?.why).toBe('there is no network interface none0');
    knock(port, '127.0.0.3');
    await until(() => accepted.length === 1, 'the other is accepted');
  });

  test('for an address of somebody else says so', async () => {
    const { states } = await sockets.listen({ address: '192.0.2.1' }, []);
    expect(states).toEqual(['192.0.2.1 is on no interface of this host']);
  });

  test('that is closed frees its port at once, and leaves connections', async () => {
    const { listener, port, accepted } = await sockets.listen({ address: '127.0.0.1' }, [
      listenerPeer('127.0.0.2'),
    ]);
    const { socket } = knock(port, '127.0.0.2');
    await until(() => accepted.length === 1, 'the peer is accepted');
    await listener.close();
    const again = await sockets.listen({ address: '127.0.0.1', port }, []);
    expect(again.states).toEqual([undefined]);
    socket.write('x');
    await new Promise((resolve) => accepted[0]?.socket.once('data', resolve));
  });
});
