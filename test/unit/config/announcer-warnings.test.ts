import { describe, expect, it } from 'vitest';
import { loaded } from './source.ts';

const EBGP = '{ name: a, remote_address: 10.0.0.252, remote_asn: 65000 }';
const IBGP = '{ name: b, remote_address: 10.0.0.253, remote_asn: 65999 }';

interface Parts {
  readonly checks?: string;
  readonly keys?: string;
  readonly peers?: string;
  readonly routes: string;
  readonly rest?: string;
}

/** What is warned of, without place; everything loads. */
function warned({ checks = '', keys = '', peers = EBGP, routes, rest = '' }: Parts): readonly string[] {
  const { warnings } = loaded(
    `healthchecks: { ${checks} }\nannouncer:\n  local_asn: 65999\n  local_address: 10.0.0.1\n${keys}  peers: [${peers}]\n  routes: [${routes}]\n${rest}`,
  );
  return warnings.map((line) => line.replace(/^config\.yaml:\d+:\d+ /, ''));
}

const ONE = '{ prefix: 10.0.0.128 }';

describe('a warning is given of an announcer', () => {
  it.each<[string, Parts, string]>([
    [
      'host bits',
      { routes: '{ prefix: 10.1.2.3/16 }' },
      'announcer.routes[0].prefix: has bits beyond its length; it is announced as 10.1.0.0/16',
    ],
    [
      'a default route',
      { routes: '{ prefix: 0.0.0.0/0 }' },
      'announcer.routes[0].prefix: a default route: whoever takes it sends everything here; leave it out unless that is meant',
    ],
    [
      'a default route of IPv6',
      { keys: '  local_address_v6: 2001:db8::1\n', routes: '{ prefix: "::/0" }' },
      'announcer.routes[0].prefix: a default route: whoever takes it sends everything here; leave it out unless that is meant',
    ],
    [
      'LOCAL_PREF outside the AS',
      { routes: '{ prefix: 10.0.0.128, local_pref: 200 }' },
      'announcer.routes[0].local_pref: has no effect: every peer is in another AS, where it is not sent; leave it out',
    ],
    [
      'a longer path within the AS',
      { peers: IBGP, routes: '{ prefix: 10.0.0.128, as_path_prepend: 2 }' },
      'announcer.routes[0].as_path_prepend: has no effect: every peer is in the own AS, where the path is empty; leave it out',
    ],
    [
      'a very long path',
      { routes: '{ prefix: 10.0.0.128, as_path_prepend: 33 }' },
      'announcer.routes[0].as_path_prepend: routers refuse or cut long paths; write at most 32',
    ],
    [
      'a drain that makes the path longer within the AS',
      { peers: IBGP, keys: '  drain: { as_path_prepend: 3 }\n', routes: ONE },
      'announcer.drain: as_path_prepend has no effect: every peer is in the own AS; leave it out, or write med',
    ],
    [
      'a drain that attracts',
      { keys: '  drain: { med: 100 }\n', routes: '{ prefix: 10.0.0.128, med: 100 }' },
      'announcer.routes[0].med: drain.med is 100, and the lower one is preferred: draining keeps or attracts traffic; write a lower med here',
    ],
    [
      'a drain that changes nothing',
      { keys: '  drain: { graceful_shutdown: false }\n', routes: ONE },
      'announcer.drain: changes nothing, so routers send on until the withdrawal; write med or as_path_prepend',
    ],
    [
      'a drain at the end that takes no time',
      { keys: '  drain_time: 0\n  on_exit: drain\n', routes: ONE },
      'announcer.on_exit: has no effect with a drain_time of 0; write a longer one',
    ],
    [
      'a prefix that is its own next hop',
      { routes: '{ prefix: 10.0.0.128, next_hop: 10.0.0.128 }' },
      'announcer.routes[0].next_hop: its next hop is 10.0.0.128 itself, which routers would reach by this very route; write another next hop',
    ],
    [
      'a prefix that is the own address',
      { routes: '{ prefix: 10.0.0.1 }' },
      'announcer.routes[0].prefix: its next hop is 10.0.0.1 itself, which routers would reach by this very route; write another next hop',
    ],
    [
      'a prefix that only some peers can have',
      {
        peers: `${EBGP}, { name: six, remote_address: "2001:db8::2", remote_asn: 65000 }`,
        routes: '{ prefix: "2001:db8:53::53" }',
      },
      "announcer.routes[0].prefix: a can't have it for want of an IPv6 next hop; write local_address_v6, or next_hop_v6 of the peer",
    ],
    [
      'RFC 8950 over IPv4',
      { peers: EBGP.replace(' }', ', extended_next_hop: true }'), routes: ONE },
      'announcer.peers[0].extended_next_hop: has no effect on a session over IPv4, where next hops are IPv4 too; leave it out',
    ],
    [
      'RFC 8950 without IPv4',
      {
        keys: '  local_address_v6: 2001:db8::1\n',
        peers:
          '{ remote_address: "2001:db8::2", remote_asn: 65000, extended_next_hop: true, families: [ipv6] }',
        routes: '{ prefix: "2001:db8:53::53" }',
      },
      'announcer.peers[0].extended_next_hop: is about IPv4 prefixes, which families does not offer; leave it out, or add ipv4',
    ],
    [
      'a strict role without a role',
      { peers: EBGP.replace(' }', ', role_strict: true }'), routes: ONE },
      'announcer.peers[0].role_strict: has no effect without role; write it too',
    ],
    [
      'when to dial, of a peer that is never dialed',
      {
        keys: '  listen: ":179"\n',
        peers: EBGP.replace(' }', ', passive: true, connect_retry: 5s }'),
        routes: ONE,
      },
      'announcer.peers[0].connect_retry: has no effect with passive, which never dials; leave it out',
    ],
    [
      'an address for more than a host',
      { keys: '  addresses: { interface: lo }\n', routes: '{ prefix: 10.1.0.0/24 }' },
      'announcer.routes[0].prefix: gets no address from addresses, which adds those of host prefixes only; add one yourself',
    ],
    [
      'a check of the address that is added once the check passes',
      {
        checks: 'own: { type: assigned_address, address: 10.0.0.128 }',
        keys: '  addresses: { interface: lo }\n',
        routes: '{ prefix: 10.0.0.128, healthcheck: own }',
      },
      'announcer.routes[0].healthcheck: own needs 10.0.0.128, which addresses adds only once the checks pass; probe 127.0.0.1 or another address',
    ],
    [
      'a check at that address, deep in an expression',
      {
        checks: 'web: { type: tcp, port: 80, destination: "2001:DB8::53" }',
        keys: '  addresses: { interface: lo }\n  local_address_v6: 2001:db8::1\n',
        routes: '{ prefix: "2001:db8::53", healthcheck: { any: [{ not: { all: [web] } }, web] } }',
      },
      'announcer.routes[0].healthcheck: web needs 2001:db8::53, which addresses adds only once the checks pass; probe 127.0.0.1 or another address',
    ],
    [
      'two equal entries',
      { routes: '{ prefix: 10.0.0.128, med: 5 }, { prefix: 10.0.0.128/32, med: 5 }' },
      'announcer.routes[1].prefix: stands in config.yaml:6 just so already; leave one of the two out',
    ],
    [
      'an entry behind one that always counts',
      { routes: '{ prefix: 10.0.0.128 }, { prefix: 10.0.0.128/32, med: 5 }' },
      'announcer.routes[1].prefix: has no effect: the entry in config.yaml:6 has no healthcheck and always counts; give it one, or leave one of the two out',
    ],
    [
      'a community that is there twice',
      { routes: '{ prefix: 10.0.0.128, communities: [no-export, "65535:65281"] }' },
      'announcer.routes[0].communities[1]: is in the list already; leave it out here',
    ],
    [
      'on_exit of routes where there are none',
      { routes: ONE, rest: 'on_exit: release\n' },
      'on_exit: is about routes of route tables, and there are none; write on_exit under announcer',
    ],
    [
      'the source/dest check where no route needs it',
      { routes: ONE, rest: 'manage_source_dest_check: true\n' },
      'manage_source_dest_check: has no effect without routetables: EC2 is not asked for anything; leave it out',
    ],
    [
      'the EC2 client where nothing is asked of it',
      { routes: ONE, rest: 'aws: { region: eu-west-1 }\n' },
      'aws: has no effect without routetables: EC2 is not asked for anything; leave it out',
    ],
  ])('with %s', (_what, parts, message) => {
    expect(warned(parts)).toEqual([message]);
  });
});

describe('nothing is warned of', () => {
  it.each<[string, Parts]>([
    [
      'both kinds of peers, each of which some attribute is for',
      { peers: `${EBGP}, ${IBGP}`, routes: '{ prefix: 10.0.0.128, local_pref: 200, as_path_prepend: 32 }' },
    ],
    [
      'a drain whose MED is higher',
      { keys: '  drain: { med: 101 }\n', routes: '{ prefix: 10.0.0.128, med: 100 }' },
    ],
    [
      'one prefix under two checks',
      {
        checks:
          'a: { type: tcp, destination: 10.0.0.1, port: 1 }, b: { type: tcp, destination: 10.0.0.1, port: 2 }',
        routes: '{ prefix: 10.0.0.128, healthcheck: a }, { prefix: 10.0.0.128, healthcheck: b }',
      },
    ],
    ['a prefix around the next hop', { routes: '{ prefix: 10.0.0.0/24 }' }],
    [
      'an IPv6 prefix that a peer of IPv4 alone does not get',
      {
        peers: `{ remote_address: 10.0.0.252, remote_asn: 65000, families: [ipv4] }, { remote_address: "2001:db8::2", remote_asn: 65000 }`,
        routes: '{ prefix: "2001:db8:53::53" }',
      },
    ],
    [
      'IPv4 over IPv6 with an IPv6 next hop of the session',
      {
        peers: '{ remote_address: "2001:db8::2", remote_asn: 65000, extended_next_hop: true }',
        routes: `${ONE}, { prefix: 10.0.0.129, next_hop: "2001:db8::1" }`,
      },
    ],
    [
      'a check at the address that something else adds',
      {
        checks: 'web: { type: tcp, port: 80, destination: 10.0.0.128 }',
        routes: '{ prefix: 10.0.0.128, healthcheck: web }',
      },
    ],
    ['drain_on', { routes: ONE, rest: 'drain_on: [spot]\nmanage_source_dest_check: false\n' }],
    [
      'two routers of one address in two VRFs',
      {
        peers: `${EBGP}, { name: b, remote_address: 10.0.0.252, remote_asn: 65000, device: vrf-red }`,
        routes: ONE,
      },
    ],
  ])('with %s', (_what, parts) => {
    expect(warned(parts)).toEqual([]);
  });
});
