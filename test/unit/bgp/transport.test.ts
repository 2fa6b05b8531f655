import { describe, expect, test } from 'vitest';
import type { PeerSecurity } from '../../../src/bgp/spec.ts';
import { dialledHost, dialPeer, explainConnectError } from '../../../src/bgp/transport.ts';
import { guardSocket, type TcpCalls, tcpCalls, ttlOf } from '../../../src/bgp/transport-options.ts';
import type { SocketResult } from '../../../src/lib/sockopt.ts';
import { dialOptions, listenerPeer } from '../../support/bgp-peers.ts';

const TO = { remoteAddress: '192.0.2.2', remotePort: 179 };
const AO = { algorithm: 'hmac-sha-1-96', sendId: 1, receiveId: 2, key: 'k' } as const;

/** Calls that do nothing but tell of themselves; those in `codes` fail. */
function fakeCalls(codes: Partial<Record<keyof TcpCalls, string>> = {}) {
  const made: string[] = [];
  const call = (name: keyof TcpCalls) => {
    return (...args: readonly unknown[]): SocketResult => {
      made.push([name, ...args.slice(1)].join(' '));
      const code = codes[name];
      return code === undefined ? { ok: true } : { ok: false, code };
    };
  };
  const closed: number[] = [];
  const calls: TcpCalls = {
    ...tcpCalls,
    hasNativeSockets: () => true,
    openTcpSocket: (family) => {
      const code = codes.openTcpSocket;
      return code === undefined ? { ok: true, fd: 99, family } : { ok: false, code };
    },
    closeSocket: (fd) => closed.push(fd),
    bindToDevice: call('bindToDevice'),
    setTtl: call('setTtl'),
    setMinTtl: call('setMinTtl'),
    setTrafficClass: call('setTrafficClass'),
    setMd5Key: call('setMd5Key'),
    addAoKey: call('addAoKey'),
  };
  return { calls, made, closed };
}

function guard(security: Partial<PeerSecurity>, address = TO.remoteAddress): readonly string[] {
  const { calls, made } = fakeCalls();
  const peer = listenerPeer(address, security);
  expect(guardSocket({ fd: 99, family: 'ipv4' }, peer, calls)).toEqual({ ok: true });
  return made;
}

describe('what is set before a dial', () => {
  const plain = ['setMinTtl ipv4 0', 'setTrafficClass ipv4 192'];

  test.each([
    ['nothing asked for', {}, ['setTtl ipv4 1', ...plain]],
    ['a password', { password: 'secret' }, ['setMd5Key 192.0.2.2 secret', 'setTtl ipv4 1', ...plain]],
    ['more hops', { multihopTtl: 5 }, ['setTtl ipv4 5', ...plain]],
    ['GTSM', { hasGtsm: true }, ['setTtl ipv4 255', 'setMinTtl ipv4 255', 'setTrafficClass ipv4 192']],
    ['a device', { device: 'vrf7' }, ['bindToDevice vrf7', 'setTtl ipv4 1', ...plain]],
    ['TCP-AO', { tcpAo: AO }, ['addAoKey 192.0.2.2 [object Object]', 'setTtl ipv4 1', ...plain]],
  ] as const)('with %s', (_name, security, expected) => {
    expect(guard(security)).toEqual(expected);
  });

  test('on IPv6 is the hop limit', () => {
    expect(guard({ hasGtsm: true }, '2001:db8::2').slice(0, 2)).toEqual([
      'setTtl ipv6 255',
      'setMinTtl ipv6 255',
    ]);
  });

  test('on iBGP leaves the TTL to the system', () => {
    expect(ttlOf({ ...listenerPeer('192.0.2.2'), isEbgp: false })).toBeUndefined();
    expect(ttlOf({ ...listenerPeer('192.0.2.2', { multihopTtl: 4 }), isEbgp: false })).toBe(4);
  });
});

describe('a dial that can’t have what it asks for', () => {
  const lacking: [Partial<PeerSecurity>, Partial<Record<keyof TcpCalls, string>>, string, string][] = [
    [
      { password: 'x' },
      { setMd5Key: 'ENOPROTOOPT' },
      'not-supported',
      'password needs TCP-MD5 (RFC 2385): this kernel is built without CONFIG_TCP_MD5SIG',
    ],
    [
      { password: 'x' },
      { setMd5Key: 'ENOMEM' },
      'not-supported',
      'password: no memory for a TCP-MD5 key (ENOMEM): raise net.core.optmem_max; in FIPS mode there is no MD5',
    ],
    [
      { password: 'x' },
      { setMd5Key: 'EINVAL' },
      'not-supported',
      "password can't be set as a TCP-MD5 key (EINVAL): it has 1 to 80 bytes",
    ],
    [
      { tcpAo: AO },
      { addAoKey: 'ENOPROTOOPT' },
      'not-supported',
      'tcp_ao needs TCP-AO (RFC 5925): Linux 6.7 or later, built with CONFIG_TCP_AO',
    ],
    [
      { tcpAo: AO },
      { addAoKey: 'ENOENT' },
      'not-supported',
      'tcp_ao: this kernel lacks the algorithm hmac-sha-1-96',
    ],
    [
      { hasGtsm: true },
      { setMinTtl: 'ENOPROTOOPT' },
      'not-supported',
      'gtsm needs a least TTL (IP_MINTTL, IPV6_MINHOPCOUNT), which this kernel refuses (ENOPROTOOPT)',
    ],
    [{ multihopTtl: 9 }, { setTtl: 'EINVAL' }, 'not-supported', "the TTL can't be set (EINVAL)"],
    [{ device: 'eth9' }, { bindToDevice: 'ENODEV' }, 'connect-failed', 'there is no network interface eth9'],
    [
      { device: 'eth9' },
      { bindToDevice: 'EPERM' },
      'not-supported',
      'device needs CAP_NET_RAW on this kernel (without it from Linux 5.7 on)',
    ],
  ];

  test.each(lacking)('%j %j is %s, and leaves no socket', (security, codes, reason, detail) => {
    const { calls, closed } = fakeCalls(codes);
    expect(dialPeer(dialOptions(TO, security), calls)).toEqual({ ok: false, reason, detail });
    expect(closed).toEqual([99]);
  });

  test('is not hindered by a mark that nobody asked for', () => {
    const { calls } = fakeCalls({ setTrafficClass: 'EPERM', setMinTtl: 'ENOPROTOOPT' });
    expect(guardSocket({ fd: 99, family: 'ipv4' }, listenerPeer('192.0.2.2'), calls)).toEqual({ ok: true });
  });

  test('for want of IPv6, of descriptors, or of an address says which', () => {
    const noIpv6 = fakeCalls({ openTcpSocket: 'EAFNOSUPPORT' }).calls;
    const toIpv6 = dialOptions({ ...TO, remoteAddress: '2001:db8::2' });
    expect(dialPeer(toIpv6, noIpv6)).toEqual({
      ok: false,
      reason: 'not-supported',
      detail: 'this host has no IPv6',
    });
    const noMore = fakeCalls({ openTcpSocket: 'EMFILE' }).calls;
    expect(dialPeer(dialOptions(TO), noMore)).toMatchObject({
      reason: 'connect-failed',
      detail: 'no socket can be opened (EMFILE)',
    });
    const named = dialOptions({ ...TO, remoteAddress: 'router.example' });
    expect(dialPeer(named, fakeCalls().calls)).toMatchObject({ detail: 'router.example is no IP address' });
  });

  test('where nothing native can be called names all that it asks for', () => {
    const calls = { ...fakeCalls().calls, hasNativeSockets: () => false };
    const asked = { password: 'x', hasGtsm: true, device: 'eth9' };
    expect(dialPeer(dialOptions(TO, asked), calls)).toEqual({
      ok: false,
      reason: 'not-supported',
      detail: 'password, gtsm, device: needs Linux and the package koffi, which does not load here',
    });
    expect(dialPeer(dialOptions(TO, { multihopTtl: 2 }), calls)).toMatchObject({ reason: 'not-supported' });
  });
});

describe('why a connection failed', () => {
  const explain = (code: string, over: Partial<ReturnType<typeof dialOptions>> = {}): string => {
    return explainConnectError(Object.assign(new Error(code), { code }), { ...dialOptions(TO), ...over });
  };

  test.each([
    ['ECONNREFUSED', '192.0.2.2 port 179 refuses connections: no BGP speaker listens there, or not for us'],
    ['ETIMEDOUT', '192.0.2.2 port 179 does not answer; if a router stands between, multihop_ttl is needed'],
    [
      'EHOSTUNREACH',
      "192.0.2.2 port 179 can't be reached; if a router stands between, multihop_ttl is needed",
    ],
    ['ENETUNREACH', 'there is no route to 192.0.2.2 port 179'],
    ['EADDRNOTAVAIL', 'no local address or port is free for 192.0.2.2 port 179'],
    ['ECONNRESET', '192.0.2.2 port 179 has broken the connection off'],
    ['EPERM', 'a rule of this host forbids connections to 192.0.2.2 port 179 (EPERM)'],
    ['ENOBUFS', '192.0.2.2 port 179: ENOBUFS'],
  ])('%s', (code, sentence) => {
    expect(explain(code)).toBe(sentence);
  });

  test('does not speak of hops where the TTL is not the default', () => {
    expect(explain('ETIMEDOUT', { isEbgp: false })).toBe('192.0.2.2 port 179 does not answer');
    const { security } = dialOptions(TO, { multihopTtl: 2 });
    expect(explain('ETIMEDOUT', { security })).toBe('192.0.2.2 port 179 does not answer');
  });

  test('names the local address that is not there', () => {
    expect(explain('EADDRNOTAVAIL', { localAddress: '10.0.0.9' })).toBe(
      'local_address 10.0.0.9 is on no interface of this host',
    );
  });
});

test('a link-local peer is dialled on the interface that its sockets are tied to, where it names none itself', () => {
  const host = (remoteAddress: string, device?: string) =>
    dialledHost(dialOptions({ remoteAddress, remotePort: 179 }, device === undefined ? {} : { device }));
  expect([
    host('fe80::1', 'eth1'),
    host('fe80::1%eth0', 'eth1'),
    host('fe80::1'),
    host('2001:db8::1', 'eth1'),
    host('192.0.2.1', 'eth1'),
  ]).toEqual(['fe80::1%eth1', 'fe80::1%eth0', 'fe80::1', '2001:db8::1', '192.0.2.1']);
});
