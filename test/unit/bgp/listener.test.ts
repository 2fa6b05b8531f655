import { describe, expect, test } from 'vitest';
import { Listener } from '../../../src/bgp/listener.ts';
import { type TcpCalls, tcpCalls } from '../../../src/bgp/transport-options.ts';
import { listenerPeer } from '../../support/bgp-peers.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** A listener at port 179 for one peer, whose socket can't be had. */
function failing(calls: Partial<TcpCalls>, address = '0.0.0.0') {
  const clock = new FakeClock();
  const states: (string | undefined)[] = [];
  const bound: string[] = [];
  const closed: number[] = [];
  const listener = new Listener(
    {
      spec: { address, port: 179 },
      peers: [listenerPeer('192.0.2.2')],
      clock,
      onConnection: () => undefined,
      onState: (failure) => states.push(failure),
      onRefusal: () => undefined,
      onCrash: () => undefined,
    },
    {
      ...tcpCalls,
      hasNativeSockets: () => true,
      openTcpSocket: (family) => ({ ok: true, fd: 99, family }),
      bindTcpSocket: (_socket, at) => {
        bound.push(at.address);
        return { ok: false, code: 'EACCES' };
      },
      closeSocket: (fd) => closed.push(fd),
      ...calls,
    },
  );
  listener.start();
  return { clock, listener, states, bound, closed };
}

describe('a listener that can’t have its port', () => {
  test.each([
    [
      'EACCES',
      '0.0.0.0 port 179 needs CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE), or the sysctl net.ipv4.ip_unprivileged_port_start=179',
    ],
    [
      'EADDRINUSE',
      'another program listens on 0.0.0.0 port 179: stop it, or choose another address or port by listen',
    ],
    ['EADDRNOTAVAIL', '0.0.0.0 is on no interface of this host'],
    ['EMFILE', "can't listen on 0.0.0.0 port 179 (EMFILE)"],
  ])('for %s says what mends it', async (code, failure) => {
    const { clock, states, listener } = failing({ bindTcpSocket: () => ({ ok: false, code }) });
    await clock.advance(0);
    expect(states).toEqual([failure]);
    expect(listener.port).toBeUndefined();
    await listener.close();
  });

  test('tries again every ten seconds, says it once, and leaves no descriptor', async () => {
    const { clock, listener, states, bound, closed } = failing({});
    await clock.advance(35_000);
    expect(bound).toHaveLength(4);
    expect(closed).toEqual([99, 99, 99, 99]);
    expect(states).toHaveLength(1);
    await listener.close();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(60_000);
    expect(bound).toHaveLength(4);
  });

  test('tries again at once where the peers change', async () => {
    const { clock, listener, bound } = failing({});
    await clock.advance(1_000);
    listener.setPeers([listenerPeer('192.0.2.3')]);
    await clock.advance(0);
    expect(bound).toHaveLength(2);
    expect(clock.pendingTimers).toBe(1);
    await listener.close();
  });

  test('on a host without IPv6 listens at all of its IPv4 addresses', async () => {
    const openTcpSocket: TcpCalls['openTcpSocket'] = (family) =>
      family === 'ipv6' ? { ok: false, code: 'EAFNOSUPPORT' } : { ok: true, fd: 99, family };
    const { clock, listener, bound, states } = failing({ openTcpSocket }, '::');
    await clock.advance(0);
    expect(bound).toEqual(['0.0.0.0']);
    expect(states).toEqual([expect.stringMatching(/^0\.0\.0\.0 port 179 needs/)]);
    await listener.close();
  });
});
