import { describe, expect, test } from 'vitest';
import {
  answeringTtl,
  listeningFamilies,
  listeningMinTtl,
  peerOf,
  peersByDevice,
  plainAddress,
} from '../../../src/bgp/listener-peers.ts';
import { ListenerRefusals, type Refusal } from '../../../src/bgp/listener-refusals.ts';
import { listenerPeer } from '../../support/bgp-peers.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('whose connection it is', () => {
  const peers = [
    listenerPeer('10.0.0.2'),
    listenerPeer('2001:db8::2'),
    listenerPeer('fe80::1%eth1'),
    listenerPeer('fe80::7'),
  ];

  test.each([
    ['10.0.0.2', '10.0.0.2'],
    ['::ffff:10.0.0.2', '10.0.0.2'],
    ['::FFFF:10.0.0.2', '10.0.0.2'],
    ['2001:db8:0:0::2', '2001:db8::2'],
    ['fe80::1%eth1', 'fe80::1%eth1'],
    ['fe80::1%eth2', undefined],
    ['fe80::1', undefined],
    ['fe80::7%eth2', 'fe80::7'],
    ['10.0.0.3', undefined],
    ['', undefined],
  ])('from %s: %s', (from, name) => {
    expect(peerOf(peers, from)?.name).toBe(name);
  });

  test('an address is told as people know it', () => {
    expect(plainAddress('::ffff:10.0.0.2')).toBe('10.0.0.2');
    expect(plainAddress('::ffff:a00:2')).toBe('::ffff:a00:2');
  });
});

describe('a listening socket', () => {
  const [gtsm, plain, far] = [
    listenerPeer('10.0.0.2', { hasGtsm: true }),
    listenerPeer('10.0.0.3'),
    listenerPeer('10.0.0.4', { multihopTtl: 9 }),
  ];
  const ibgp = { ...listenerPeer('10.0.0.5'), isEbgp: false };

  test.each([
    ['only GTSM', [gtsm], 255, 255],
    ['GTSM and another', [gtsm, plain], 255, 0],
    ['eBGP', [plain], 1, 0],
    ['several hops', [plain, far], 9, 0],
    ['iBGP', [ibgp], undefined, 0],
    ['iBGP and eBGP', [ibgp, far], 64, 0],
    ['nobody of the family', [listenerPeer('2001:db8::2', { hasGtsm: true })], undefined, 0],
  ])('for %s answers with the largest TTL and takes the least', (_name, peers, ttl, minTtl) => {
    expect(answeringTtl(peers, 'ipv4')).toBe(ttl);
    expect(listeningMinTtl(peers, 'ipv4')).toBe(minTtl);
  });

  test('has the families of its address', () => {
    expect(['0.0.0.0', '127.0.0.1', '::', '::0', '::1'].map(listeningFamilies)).toEqual([
      ['ipv4'],
      ['ipv4'],
      ['ipv4', 'ipv6'],
      ['ipv4', 'ipv6'],
      ['ipv6'],
    ]);
  });

  test('is one for each device, and knows everybody who may come there, its own first', () => {
    const [red, blue] = [
      listenerPeer('10.0.0.6', { device: 'red' }),
      listenerPeer('10.0.0.7', { device: 'blue' }),
    ];
    const sockets = [...peersByDevice([red, plain, blue])].map(([device, peers]) => [
      device,
      peers.map(({ name }) => name),
    ]);
    expect(sockets).toEqual([
      ['red', ['10.0.0.6', '10.0.0.3']],
      [undefined, ['10.0.0.3', '10.0.0.6', '10.0.0.7']],
      ['blue', ['10.0.0.7', '10.0.0.3']],
    ]);
  });
});

describe('refused connections', () => {
  function refusals() {
    const clock = new FakeClock();
    const told: Refusal[] = [];
    return { clock, told, log: new ListenerRefusals(clock, (refusal) => told.push(refusal)) };
  }

  test('are told at once, then once a minute with their number', async () => {
    const { clock, told, log } = refusals();
    for (let at = 0; at < 10; at += 1) log.add('10.0.0.9', 'no peer');
    await clock.advance(60_000);
    log.add('10.0.0.9', 'no peer');
    expect(told.map(({ count }) => count)).toEqual([1, 10]);
    expect(log.total).toBe(11);
  });

  test('of one address do not hide those of another', () => {
    const { told, log } = refusals();
    for (const address of ['10.0.0.9', '10.0.0.8', '10.0.0.9']) log.add(address, 'no peer');
    expect(told.map(({ address }) => address)).toEqual(['10.0.0.9', '10.0.0.8']);
  });

  test('of very many addresses are counted, and not told of without end', async () => {
    const { clock, told, log } = refusals();
    for (let at = 0; at < 5_000; at += 1) log.add(`2001:db8::${at.toString(16)}`, 'no peer');
    expect(log.total).toBe(5_000);
    expect(told).toHaveLength(256);
    await clock.advance(60_000);
    log.add('10.0.0.9', 'no peer');
    expect(told).toHaveLength(257);
  });
});
