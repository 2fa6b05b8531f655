import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { PeerSecurity } from '../../../src/bgp/spec.ts';
import { abandon, dialPeer } from '../../../src/bgp/transport.ts';
import { readMd5Counters } from '../../../src/bgp/transport-md5-counters.ts';
import { descriptorOf } from '../../../src/lib/tcp-socket.ts';
import { isConnected, TestSockets, until } from '../../support/bgp-listening.ts';
import { dialOptions, listenerPeer } from '../../support/bgp-peers.ts';
import { listen } from '../../support/listen.ts';
import { socketOptionsOf } from '../../support/socket-options.ts';

const sockets = new TestSockets();
afterEach(() => sockets.close());

const WAYS = [
  { family: 'ipv4', here: '127.0.0.1', there: '127.0.0.2', at: '127.0.0.2' },
  { family: 'ipv6', here: '::1', there: '::1', at: '::1' },
  { family: 'ipv4', here: '127.0.0.1', there: '127.0.0.2', at: '::' },
] as const;

describe.each(WAYS)('from $here to $there, which listens at $at', ({ family, here, there, at }) => {
  const secured: [string, Partial<PeerSecurity>][] = [
    ['plain', {}],
    ['with a password', { password: 'correct horse' }],
    ['with GTSM', { hasGtsm: true }],
    ['with a password and GTSM', { password: 'ü'.repeat(40), hasGtsm: true }],
    ['over three hops', { multihopTtl: 3 }],
    ['by the loopback interface', { device: 'lo' }],
  ];

  test.each(secured)('a peer %s connects, and both ends have what was asked for', async (_name, security) => {
    const { accepted, port, refusals } = await sockets.listen({ address: at }, [
      listenerPeer(here, security),
    ]);
    const { socket } = sockets.dial({ remoteAddress: there, remotePort: port, localAddress: here }, security);
    expect(await isConnected(socket)).toBe(true);
    await until(() => accepted.length === 1, 'it is accepted');
    const ends = [socket, ...accepted.map((each) => each.socket)];
    const hasGtsm = security.hasGtsm === true;
    const ttl = hasGtsm ? 255 : (security.multihopTtl ?? 1);
    for (const end of ends) {
      const options = socketOptionsOf(descriptorOf(end) ?? -1, family);
      expect(options).toEqual({ ttl, minTtl: hasGtsm ? 255 : 0, trafficClass: 0xc0 });
    }
    let got = 0;
    ends[1]?.on('data', (data) => {
      got += data.length;
    });
    socket.write('x'.repeat(100_000));
    await until(() => got === 100_000, 'all has come');
    expect(accepted.map(({ name }) => name)).toEqual([here]);
    expect(refusals).toEqual([]);
  });

  test('an iBGP peer has the system’s TTL', async () => {
    const { accepted, port } = await sockets.listen({ address: at }, [
      { ...listenerPeer(here), isEbgp: false },
    ]);
    const to = { remoteAddress: there, remotePort: port, localAddress: here };
    const dialled = dialPeer({ ...dialOptions(to), isEbgp: false });
    if (!dialled.ok) throw new Error(dialled.detail);
    sockets.own(dialled.socket);
    await until(() => accepted.length === 1, 'it is accepted');
    for (const socket of [dialled.socket, ...accepted.map((each) => each.socket)]) {
      expect(socketOptionsOf(descriptorOf(socket) ?? -1, family).ttl).toBe(systemTtl(family));
    }
  });

  const wrong: [string, Partial<PeerSecurity>, Partial<PeerSecurity>, RegExp][] = [
    ['another password', { password: 'right' }, { password: 'wrong' }, /another password's MD5 signature/],
    ['no password where one is due', { password: 'right' }, {}, /does not answer/],
    ['a password where none is due', {}, { password: 'wrong' }, /does not answer.*the passwords differ/],
  ];

  test.each(wrong)('with %s nobody gets in, and the operator hears what to compare', async (...all) => {
    const [, listening, dialling, hint] = all;
    const { port, accepted } = await sockets.listen({ address: at }, [listenerPeer(here, listening)]);
    const before = JSON.stringify(readMd5Counters());
    const to = { remoteAddress: there, remotePort: port, localAddress: here };
    const { socket, explain } = sockets.dial(to, dialling);
    // The kernel has dropped the first SYN then; the dialling side would try on for two minutes.
    await until(() => JSON.stringify(readMd5Counters()) !== before, 'the kernel has dropped something');
    expect(socket.connecting).toBe(true);
    expect(explain(undefined)).toMatch(hint);
    expect(accepted).toEqual([]);
  });

  test('with a smaller TTL than GTSM asks for nobody gets in', async () => {
    const { port, accepted } = await sockets.listen({ address: at }, [listenerPeer(here, { hasGtsm: true })]);
    const before = minTtlDrops();
    const { socket } = sockets.dial({ remoteAddress: there, remotePort: port, localAddress: here });
    await until(() => minTtlDrops() > before, 'the kernel has dropped something');
    expect(socket.connecting).toBe(true);
    expect(accepted).toEqual([]);
  });
});

describe('GTSM', () => {
  test.each([
    ['127.0.0.2', 'ipv4'],
    ['::1', 'ipv6'],
  ] as const)('comes about where the listening socket at %s answers with the system’s TTL', async (host, family) => {
    const { port, close } = await listen(createServer(), { host });
    const { socket } = sockets.dial({ remoteAddress: host, remotePort: port }, { hasGtsm: true });
    expect(await isConnected(socket)).toBe(true);
    expect(socketOptionsOf(descriptorOf(socket) ?? -1, family)).toMatchObject({ ttl: 255, minTtl: 255 });
    await close();
  });
});

describe('a dial that comes to nothing', () => {
  test('says that the port is closed, and leaves no descriptor', async () => {
    const { port, close } = await listen(createServer());
    await close();
    const before = descriptors();
    const { socket, explain, errors } = sockets.dial({ remoteAddress: '127.0.0.1', remotePort: port });
    expect(await isConnected(socket)).toBe(false);
    expect(explain(errors[0])).toContain(`127.0.0.1 port ${port} refuses connections`);
    await until(() => descriptors() <= before, 'the descriptor is closed');
  });

  test('from an address of somebody else names it', async () => {
    const to = { remoteAddress: '127.0.0.1', remotePort: 179, localAddress: '192.0.2.1' };
    const { socket, explain, errors } = sockets.dial(to);
    await isConnected(socket);
    expect(explain(errors[0])).toBe('local_address 192.0.2.1 is on no interface of this host');
  });

  const unheard: [string, Partial<PeerSecurity>, object][] = [
    [
      'by an interface that is not there',
      { device: 'none0' },
      { reason: 'connect-failed', detail: 'there is no network interface none0' },
    ],
    ['with a password of 81 bytes', { password: 'x'.repeat(81) }, { reason: 'not-supported' }],
  ];

  test.each(unheard)('%s is refused before any packet, and leaves no descriptor', (_name, security, why) => {
    const before = descriptors();
    const to = { remoteAddress: '127.0.0.1', remotePort: 179 };
    expect(dialPeer(dialOptions(to, security))).toMatchObject({ ok: false, ...why });
    expect(descriptors()).toBe(before);
  });

  test('with TCP-AO says so where the kernel lacks it', () => {
    const tcpAo = { algorithm: 'hmac-sha-1-96', sendId: 1, receiveId: 2, key: 'secret' } as const;
    const dialled = dialPeer(dialOptions({ remoteAddress: '127.0.0.1', remotePort: 179 }, { tcpAo }));
    if (dialled.ok) sockets.own(dialled.socket);
    const said = dialled.ok ? 'dials' : `${dialled.reason}: ${dialled.detail}`;
    expect(said).toMatch(/^dials$|^not-supported: tcp_ao needs TCP-AO \(RFC 5925\): Linux 6\.7/);
  });
});

describe('a connection that is abandoned', () => {
  test.each([
    'while it connects',
    'when it stands',
    'after our own FIN',
  ])('%s leaves no descriptor', async (when) => {
    const server = await listen(createServer((socket) => socket.resume()));
    const before = descriptors();
    for (let round = 0; round < 20; round += 1) {
      const { socket } = sockets.dial({ remoteAddress: '127.0.0.1', remotePort: server.port });
      if (when !== 'while it connects') await isConnected(socket);
      if (when === 'after our own FIN') socket.end('last words');
      abandon(socket);
    }
    await until(() => server.connections() === 0 && descriptors() <= before, 'all are closed');
    await server.close();
  });

  test('is reset', async () => {
    const codes: (string | undefined)[] = [];
    const server = await listen(
      createServer((socket) => socket.on('error', (error: NodeJS.ErrnoException) => codes.push(error.code))),
    );
    const { socket } = sockets.dial({ remoteAddress: '127.0.0.1', remotePort: server.port });
    await isConnected(socket);
    await until(() => server.connections() === 1, 'it is accepted');
    abandon(socket);
    await until(() => codes.length === 1, 'the other end hears');
    expect(codes).toEqual(['ECONNRESET']);
    await server.close();
  });
});

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

function minTtlDrops(): number {
  const [names = [], values = []] = readFileSync('/proc/net/netstat', 'latin1')
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf('TCPMinTTLDrop')]);
}

function systemTtl(family: 'ipv4' | 'ipv6'): number {
  const path = family === 'ipv4' ? 'ipv4/ip_default_ttl' : 'ipv6/conf/default/hop_limit';
  return Number(readFileSync(`/proc/sys/net/${path}`, 'latin1'));
}
