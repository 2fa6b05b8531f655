import { describe, expect, it } from 'vitest';
import type { AnnouncerSpec } from '../../../src/agent/index.ts';
import { formatProblem, loadConfig } from '../../../src/config/index.ts';
import { ENV, INSTANCE, loaded, problems, readFile } from './source.ts';

const HEAD = 'announcer:\n  local_asn: 65999\n  local_address: 10.0.0.1\n';
const PEERS = '  peers: [{ remote_address: 10.0.0.252, remote_asn: 65000 }]\n';
const ROUTES = '  routes: [{ prefix: 10.0.0.128/32 }]\n';

/** The announcer of a text that has to load without a warning. */
function announcer(text: string): AnnouncerSpec {
  const { spec, warnings } = loaded(text);
  expect(warnings).toEqual([]);
  if (spec.announcer === undefined) throw new Error('no announcer');
  return spec.announcer;
}

function speaker(text: string) {
  return announcer(text).backend.speaker;
}

/** The one peer with these keys, beside what every peer needs. */
function peer(keys: string, head = HEAD) {
  const found = speaker(`${head}  peers: [{ remote_asn: 65000, ${keys} }]\n${ROUTES}`).peers[0];
  if (found === undefined) throw new Error('no peer');
  return found;
}

/** How the one route with these keys is announced to a peer within the AS and one outside. */
function attributes(keys: string) {
  const peers =
    '  peers: [{ remote_address: 10.0.0.252, remote_asn: 65000 }, { remote_address: 10.0.0.253, remote_asn: 65999 }]\n';
  return announcer(`${HEAD}${peers}  routes: [{ prefix: 10.0.0.128/32, ${keys} }]\n`).routes[0]?.attributes;
}

describe('the shortest announcer', () => {
  it('comes down to all defaults', () => {
    expect(announcer(HEAD + PEERS + ROUTES)).toEqual({
      backend: {
        backend: 'embedded',
        speaker: {
          routerId: '10.0.0.1',
          localAsn: 65999,
          listen: undefined,
          peers: [
            {
              name: '10.0.0.252',
              remoteAddress: '10.0.0.252',
              remotePort: 179,
              remoteAsn: 65000,
              localAddress: '10.0.0.1',
              isPassive: false,
              holdTimeSec: 9,
              connectRetryMs: 1000,
              families: ['ipv4', 'ipv6'],
              hasExtendedNextHop: false,
              security: {
                password: undefined,
                tcpAo: undefined,
                hasGtsm: false,
                multihopTtl: undefined,
                device: undefined,
              },
              role: undefined,
              isRoleStrict: false,
              nextHop: { ipv4: '10.0.0.1', ipv6: undefined },
            },
          ],
        },
      },
      routes: [
        {
          prefix: '10.0.0.128/32',
          health: { kind: 'all', of: [] },
          attributes: {
            communities: [],
            extendedCommunities: [],
            largeCommunities: [],
            med: undefined,
            localPref: undefined,
            asPathPrepend: 0,
            nextHop: undefined,
          },
        },
      ],
      drain: { hasGracefulShutdown: true, med: undefined, asPathPrepend: 0 },
      drainMs: 10_000,
      onExit: 'withdraw',
      addresses: undefined,
    });
  });

  it('needs no route table, and may stand beside some', () => {
    expect(loaded(HEAD + PEERS + ROUTES).spec.tableGroups).toEqual([]);
    const tables = 'routetables: { a: { find: { type: main }, manage_routes: [{ cidr: 10.9.9.9 }] } }\n';
    const { spec, warnings } = loaded(`${HEAD}${PEERS}${ROUTES}${tables}on_exit: release\n`);
    expect(spec).toMatchObject({ tableGroups: [{ name: 'a' }], announcer: { onExit: 'withdraw' } });
    expect(warnings).toEqual([]);
    expect(loaded(tables).spec.announcer).toBeUndefined();
  });
});

describe('every key of the announcer', () => {
  const text = `
healthchecks:
  dns: { type: dns, server: 127.0.0.1, name: example.com }
announcer:
  backend: embedded
  router_id: 10.3.3.3
  local_asn: 1.10
  local_address: 10.0.0.1
  local_address_v6: "2001:DB8:0::1"
  listen: ":1179"
  drain_time: 1m
  drain: { graceful_shutdown: false, med: 1000, as_path_prepend: 3 }
  on_exit: drain
  addresses: { interface: dummy0, remove_delay: 250ms }
  peers:
    - name: tgw-a
      remote_address: 10.0.0.252
      remote_port: 1790
      remote_asn: 65000
      local_address: 10.0.0.2
      password: "\${env:SECRET}"
      hold_time: 30s
      connect_retry: 500ms
      multihop_ttl: 3
      device: vrf-blue
      families: [ipv6, ipv4, ipv6]
      role: customer
      role_strict: true
      next_hop: 10.0.0.9
      next_hop_v6: 2001:db8::9
    - name: link
      remote_address: FE80::1%eth0
      remote_asn: "0.65001"
      local_address: fe80::2
      tcp_ao: { algorithm: aes-128-cmac-96, send_id: 0, receive_id: 255, key: secret }
      gtsm: true
      passive: true
      hold_time: 0
      extended_next_hop: true
    - { remote_address: 2001:db8::2, remote_asn: 65546 }
  routes:
    - prefix: 10.0.0.128/32
      healthcheck: dns
      communities: [65000:100, NO_EXPORT, graceful-shutdown]
      extended_communities: [0x0002fde800000064, "soo:10.0.0.1:5"]
      large_communities: ["65000:1:2"]
      med: 50
      local_pref: 200
      as_path_prepend: 2
      next_hop: 10.0.0.8
    - { prefix: "2001:DB8:53::53", healthcheck: [dns] }
`;

  it('is in the spec', () => {
    const peers = [
      {
        name: 'tgw-a',
        remoteAddress: '10.0.0.252',
        remotePort: 1790,
        remoteAsn: 65000,
        localAddress: '10.0.0.2',
        isPassive: false,
        holdTimeSec: 30,
        connectRetryMs: 500,
        families: ['ipv6', 'ipv4'],
        hasExtendedNextHop: false,
        security: {
          password: 'hunter2',
          tcpAo: undefined,
          hasGtsm: false,
          multihopTtl: 3,
          device: 'vrf-blue',
        },
        role: 'customer',
        isRoleStrict: true,
        nextHop: { ipv4: '10.0.0.9', ipv6: '2001:db8::9' },
      },
      {
        name: 'link',
        remoteAddress: 'fe80::1%eth0',
        remotePort: 179,
        remoteAsn: 65001,
        localAddress: 'fe80::2%eth0',
        isPassive: true,
        holdTimeSec: 0,
        connectRetryMs: 1000,
        families: ['ipv4', 'ipv6'],
        hasExtendedNextHop: true,
        security: {
          password: undefined,
          tcpAo: { algorithm: 'aes-128-cmac-96', sendId: 0, receiveId: 255, key: 'secret' },
          hasGtsm: true,
          multihopTtl: undefined,
          device: undefined,
        },
        role: undefined,
        isRoleStrict: false,
        nextHop: { ipv4: '10.0.0.1', ipv6: '2001:db8::1' },
      },
      {
        name: '2001:db8::2',
        remoteAddress: '2001:db8::2',
        remotePort: 179,
        remoteAsn: 65546,
        localAddress: '2001:db8::1',
        isPassive: false,
        holdTimeSec: 9,
        connectRetryMs: 1000,
        families: ['ipv4', 'ipv6'],
        hasExtendedNextHop: false,
        security: {
          password: undefined,
          tcpAo: undefined,
          hasGtsm: false,
          multihopTtl: undefined,
          device: undefined,
        },
        role: undefined,
        isRoleStrict: false,
        nextHop: { ipv4: '10.0.0.1', ipv6: '2001:db8::1' },
      },
    ];
    const none = {
      communities: [],
      extendedCommunities: [],
      largeCommunities: [],
      med: undefined,
      localPref: undefined,
      asPathPrepend: 0,
      nextHop: undefined,
    };
    expect(announcer(text)).toEqual({
      backend: {
        backend: 'embedded',
        speaker: {
          routerId: '10.3.3.3',
          localAsn: 65546,
          listen: { address: '::', port: 1179 },
          peers,
        },
      },
      routes: [
        {
          prefix: '10.0.0.128/32',
          health: { kind: 'check', name: 'dns' },
          attributes: {
            communities: [0xfde80064, 0xffffff01, 0xffff0000],
            extendedCommunities: ['0002fde800000064', '01030a0000010005'],
            largeCommunities: [[65000, 1, 2]],
            med: 50,
            localPref: 200,
            asPathPrepend: 2,
            nextHop: '10.0.0.8',
          },
        },
        {
          prefix: '2001:db8:53::53/128',
          health: { kind: 'all', of: [{ kind: 'check', name: 'dns' }] },
          attributes: none,
        },
      ],
      drain: { hasGracefulShutdown: false, med: 1000, asPathPrepend: 3 },
      drainMs: 60_000,
      onExit: 'drain',
      addresses: { interface: 'dummy0', removeDelayMs: 250 },
    });
  });
});

describe('AS numbers', () => {
  it.each([
    ['1', 1],
    ['65000', 65000],
    ['65536', 65536],
    ['4294967294', 4294967294],
    ['0.1', 1],
    ['1.0', 65536],
    ['1.10', 65546],
    ['1.1', 65537],
    ['10.0', 655360],
    ['"1.10"', 65546],
    ['65535.65534', 4294967294],
  ])('%s is AS %i', (written, asn) => {
    const text = `announcer:\n  local_asn: ${written}\n  local_address: 10.0.0.1\n${PEERS}${ROUTES}`;
    expect(speaker(text).localAsn).toBe(asn);
  });
});

describe('addresses of a session', () => {
  const BOTH = `${HEAD}  local_address_v6: 2001:db8::1\n`;

  it('are those of the announcer, by the family of the peer', () => {
    expect(peer('remote_address: 10.0.0.252', BOTH).localAddress).toBe('10.0.0.1');
    expect(peer('remote_address: 2001:db8::2', BOTH).localAddress).toBe('2001:db8::1');
    expect(peer('remote_address: 2001:db8::2').localAddress).toBeUndefined();
  });

  it('on a link are as the system chooses: the router waits for a link-local one', () => {
    const link = peer('remote_address: fe80::1%eth0', BOTH);
    expect(link).toMatchObject({ localAddress: undefined, nextHop: { ipv6: '2001:db8::1' } });
    const tied = peer('remote_address: fe80::1, device: eth0', BOTH);
    expect(tied).toMatchObject({ remoteAddress: 'fe80::1', security: { device: 'eth0' } });
  });

  it('are the peer’s own where it has one, as source and as next hop', () => {
    const own = peer('remote_address: 10.1.0.2, local_address: 10.1.0.1', BOTH);
    expect(own).toMatchObject({
      localAddress: '10.1.0.1',
      nextHop: { ipv4: '10.1.0.1', ipv6: '2001:db8::1' },
    });
    const six = peer('remote_address: 2001:db8:1::2, local_address: 2001:db8:1::1', BOTH);
    expect(six.nextHop).toEqual({ ipv4: '10.0.0.1', ipv6: '2001:db8:1::1' });
  });

  it('are no next hop where no router could send there', () => {
    const local = peer('remote_address: 127.0.0.2, local_address: 127.0.0.1');
    expect(local).toMatchObject({ localAddress: '127.0.0.1', nextHop: { ipv4: '10.0.0.1' } });
    const link = peer('remote_address: fe80::1%eth0, local_address: fe80::2%eth0', BOTH);
    expect(link).toMatchObject({ localAddress: 'fe80::2%eth0', nextHop: { ipv6: '2001:db8::1' } });
  });

  it('may be left to the system', () => {
    const text = `announcer:\n  router_id: 10.0.0.1\n  local_asn: 65999\n${PEERS}${ROUTES}`;
    expect(speaker(text).peers[0]).toMatchObject({
      localAddress: undefined,
      nextHop: { ipv4: undefined, ipv6: undefined },
    });
  });
});

describe('a password', () => {
  it('is its text as it is written, or what a file holds without its last line break', () => {
    const at = 'remote_address: 10.0.0.252';
    expect(peer(`${at}, password: 007`).security.password).toBe('007');
    expect(peer(`${at}, password: "${'x'.repeat(80)}"`).security.password?.length).toBe(80);
    expect(peer(`${at}, password_file: /secrets/bgp`).security.password).toBe('s3cret');
  });

  it('is never shown, however wrong', () => {
    const keys = [
      `password: "${'hunter2'.repeat(12)}"`,
      `password: "é${'é'.repeat(40)}hunter2"`,
      'password: "hunter2\\u0000"',
      'password: { is: hunter2 }',
      'password_file: /secrets/lines',
      `tcp_ao: { send_id: 1, receive_id: 1, key: "${'hunter2'.repeat(12)}" }`,
      'tcp_ao: hunter2',
      `password: "\${hunter2}"`,
      `password: "secret\${hunter2}secret"`,
      `tcp_ao: { send_id: 1, receive_id: 1, key: "\${hunter2}" }`,
    ];
    for (const key of keys) {
      const text = `${HEAD}  peers: [{ remote_address: 10.0.0.252, remote_asn: 65000, ${key} }]\n${ROUTES}`;
      const told = problems(text);
      expect(told.length).toBe(1);
      expect(told.join()).not.toMatch(/hunter2|s3cret/);
    }
  });
});

describe('communities', () => {
  it.each([
    ['0:0', 0],
    ['65535:65535', 0xffffffff],
    ['64600:100', 0xfc580064],
    ['graceful-shutdown', 0xffff0000],
    ['blackhole', 0xffff029a],
    ['no-export', 0xffffff01],
    ['no-advertise', 0xffffff02],
    ['NO_EXPORT_SUBCONFED', 0xffffff03],
    ['No-Peer', 0xffffff04],
  ])('%s', (written, value) => {
    expect(attributes(`communities: ["${written}"]`)?.communities).toEqual([value]);
    expect(attributes(`communities: [${written}]`)?.communities).toEqual([value]);
  });

  it.each([
    // RFC 4360 §4: type 0x00, sub-type 2; RFC 5668: type 0x02; IPv4 address: type 0x01.
    ['rt:65000:100', '0002fde800000064'],
    ['rt:65535:4294967295', '0002ffffffffffff'],
    ['rt:65536:100', '0202000100000064'],
    ['rt:1.10:65535', '02020001000affff'],
    ['rt:10.0.0.1:5', '01020a0000010005'],
    ['soo:65000:7', '0003fde800000007'],
    ['ro:10.0.0.1:7', '01030a0000010007'],
    ['0x4004FDE8494C0000', '4004fde8494c0000'],
  ])('extended %s', (written, value) => {
    expect(attributes(`extended_communities: ["${written}"]`)?.extendedCommunities).toEqual([value]);
    expect(attributes(`extended_communities: [${written}]`)?.extendedCommunities).toEqual([value]);
  });

  it('large, of four bytes each', () => {
    const read = attributes('large_communities: [4294967295:0:4294967295, "1:2:3"]')?.largeCommunities;
    expect(read).toEqual([
      [4294967295, 0, 4294967295],
      [1, 2, 3],
    ]);
  });

  it('fit a message up to a hundred of each kind', () => {
    const list = (count: number) =>
      `communities: [${Array.from({ length: count }, (_, i) => `65000:${i}`).join(', ')}]`;
    expect(attributes(list(100))?.communities.length).toBe(100);
    expect(problems(`${HEAD}${PEERS}  routes:\n    - prefix: 10.0.0.128/32\n      ${list(101)}\n`)).toEqual([
      'config.yaml:7:20 announcer.routes[0].communities: 101 of them do not fit into a message; write at most 100',
    ]);
  });
});

describe('variables', () => {
  const text = `announcer:\n  local_asn: "\${env:ASN}"\n  local_address: "\${local_ipv4}"\n${PEERS}${ROUTES}`;

  it('may give any value', () => {
    const variables = { instance: INSTANCE, env: { ...ENV, ASN: '1.10' } };
    const result = loadConfig({ text, file: 'f', variables, readFile });
    expect(result.ok && result.spec.announcer?.backend.speaker).toMatchObject({
      routerId: '10.0.0.10',
      localAsn: 65546,
    });
  });

  it('that only a tag can tell leave the announcer out where no instance is at hand', () => {
    const tagged = text.replace('env:ASN', 'tag:asn');
    const elsewhere = { instance: 'placeholder', env: {} } as const;
    const result = loadConfig({ text: tagged, file: 'f', variables: elsewhere, readFile });
    expect(result).toMatchObject({ ok: true, spec: { announcer: undefined } });
    expect(result.warnings.map(formatProblem)).toEqual([
      'f:2:14 announcer.local_asn: depends on a tag of the instance; it can be checked only there',
    ]);
  });
});
