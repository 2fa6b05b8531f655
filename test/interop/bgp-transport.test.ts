import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runScript, unshareCommand } from '../support/network-namespace.ts';
import type { Meeting } from './bgp-transport-child.ts';

const script = join(import.meta.dirname, 'bgp-transport-child.ts');

/**
 * `far` is behind `near`, which forwards; to `near` there are two links. The addresses' last digit says whose they are:
 * 1 here, 2 near, 3 far.
 */
const SETUP = `
mount -t tmpfs none /run
mkdir -p /run/netns
ip netns add near
ip netns add far
ip link set lo up
ip link add a0 type veth peer name b0 netns near
ip link add a1 type veth peer name b1 netns near
ip link add c0 netns near type veth peer name d0 netns far
for place in '' near far; do
  run() { if [ -z "$place" ]; then "$@"; else ip netns exec "$place" "$@"; fi; }
  run sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1
  run sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
  run ip link set lo up
done
ip address add 10.77.0.1/24 dev a0
ip address add 10.78.0.1/24 dev a1
ip -6 address add fd77::1/64 dev a0 nodad
ip -6 address add fe80::1/64 dev a0 nodad
ip link set a0 up
ip link set a1 up
ip -n near address add 10.77.0.2/24 dev b0
ip -n near address add 10.78.0.2/24 dev b1
ip -n near address add 10.79.0.2/24 dev c0
ip -n near -6 address add fd77::2/64 dev b0 nodad
ip -n near -6 address add fe80::2/64 dev b0 nodad
ip -n near -6 address add fd79::2/64 dev c0 nodad
ip -n near link set b0 up
ip -n near link set b1 up
ip -n near link set c0 up
ip -n far address add 10.79.0.3/24 dev d0
ip -n far -6 address add fd79::3/64 dev d0 nodad
ip -n far link set d0 up
ip -n far route add default via 10.79.0.2
ip -n far -6 route add default via fd79::2
ip route add 10.79.0.0/24 via 10.77.0.2
ip -6 route add fd79::/64 via fd77::2`;

const V4 = { netns: 'near', listen: '0.0.0.0', there: '10.77.0.2', here: '10.77.0.1' };
const V6 = { netns: 'near', listen: '::', there: 'fd77::2', here: 'fd77::1' };
const FAR4 = { netns: 'far', listen: '0.0.0.0', there: '10.79.0.3', here: '10.77.0.1' };
const FAR6 = { netns: 'far', listen: '::', there: 'fd79::3', here: 'fd77::1' };
const LINK_LOCAL = { netns: 'near', listen: '::', there: 'fe80::2%a0', here: 'fe80::1%a0' };

type Way = Omit<Meeting, 'name' | 'listening' | 'dialling' | 'isLetIn'>;
type Securities = Partial<Pick<Meeting, 'listening' | 'dialling'>>;

/** One that is to come about, and one that is not. */
function meeting(name: string, way: Way, securities: Securities): Meeting {
  return { name, ...way, listening: {}, dialling: {}, ...securities, isLetIn: true };
}
function failing(name: string, way: Way, securities: Securities): Meeting {
  return { ...meeting(name, way, securities), isLetIn: false };
}

function both(security: Meeting['listening']): Pick<Meeting, 'listening' | 'dialling'> {
  return { listening: security, dialling: security };
}

async function meet(meetings: readonly Meeting[]): Promise<Record<string, string>> {
  const unshare = unshareCommand();
  expect(unshare).toBeDefined();
  const printed = await runScript({
    unshare: [...(unshare ?? []), '--mount'],
    setup: SETUP,
    script,
    argument: { part: 'meet', meetings },
    timeoutMs: 60_000,
  });
  return JSON.parse(printed);
}

describe('connections between network namespaces', () => {
  const secret = { password: 'secret' };
  const other = { password: 'other' };
  const gtsm = { hasGtsm: true };

  it('are had with the same password, and with no other', async () => {
    const met = await meet([
      meeting('v4', V4, both(secret)),
      meeting('v6', V6, both(secret)),
      meeting('v4 by an IPv6 socket', { ...V4, listen: '::' }, both(secret)),
      failing('v4, another', V4, { listening: secret, dialling: other }),
      failing('v6, another', V6, { listening: secret, dialling: other }),
      failing('v4, only theirs', V4, { listening: secret }),
      failing('v6, only ours', V6, { dialling: secret }),
    ]);
    const silent = (address: string, hint: string): string =>
      `silence: ${address} port 1179 does not answer${hint}`;
    const hops = '; if a router stands between, multihop_ttl is needed';
    const compare = `${hops}; no answer comes where the passwords differ, and none where nothing listens`;
    expect(met).toEqual({
      v4: 'connected',
      v6: 'connected',
      'v4 by an IPv6 socket': 'connected',
      'v4, another': silent('10.77.0.2', compare),
      'v6, another': silent('fd77::2', compare),
      'v4, only theirs': silent('10.77.0.2', hops),
      'v6, only ours': silent('fd77::2', compare),
    });
  });

  it('are had with GTSM from the same link only', async () => {
    const met = await meet([
      meeting('v4', V4, both(gtsm)),
      meeting('v6', V6, both(gtsm)),
      meeting('v4, password too', V4, both({ ...gtsm, ...secret })),
      failing('v4, the other without', V4, { listening: gtsm }),
      failing('v6, the other without', V6, { listening: gtsm }),
      failing('v4, a router between', FAR4, both(gtsm)),
      failing('v6, a router between', FAR6, both(gtsm)),
    ]);
    expect(met).toEqual({
      v4: 'connected',
      v6: 'connected',
      'v4, password too': 'connected',
      'v4, the other without': expect.stringMatching(/^silence: /),
      'v6, the other without': expect.stringMatching(/^silence: /),
      'v4, a router between': 'silence: 10.79.0.3 port 1179 does not answer',
      'v6, a router between': 'silence: fd79::3 port 1179 does not answer',
    });
  });

  it('reach over a router only where multihop_ttl says so, and the error says it', async () => {
    const two = { multihopTtl: 2 };
    const met = await meet([
      failing('v4', FAR4, {}),
      failing('v6', FAR6, {}),
      meeting('v4, two hops', FAR4, both(two)),
      meeting('v6, two hops', FAR6, both(two)),
      meeting('v4, two hops and a password', FAR4, both({ ...two, ...secret })),
    ]);
    expect(met).toEqual({
      v4: "10.79.0.3 port 1179 can't be reached; if a router stands between, multihop_ttl is needed",
      // ICMPv6's word that the hops were used up does not end an attempt.
      v6: 'silence: fd79::3 port 1179 does not answer; if a router stands between, multihop_ttl is needed',
      'v4, two hops': 'connected',
      'v6, two hops': 'connected',
      'v4, two hops and a password': 'connected',
    });
  });

  it('go by the interface that they are tied to, and by no other', async () => {
    const met = await meet([
      meeting('dialled by the right one', V4, { dialling: { device: 'a0' } }),
      failing('dialled by another', V4, { dialling: { device: 'a1' } }),
      meeting('listening at the right one', V4, { listening: { device: 'b0', ...secret }, dialling: secret }),
      failing('listening at another', V4, { listening: { device: 'b1' } }),
      meeting('link-local', LINK_LOCAL, both(secret)),
      failing(
        'link-local by an interface that has no such neighbour',
        { ...LINK_LOCAL, there: 'fe80::2%a1' },
        {},
      ),
    ]);
    expect(met).toEqual({
      'dialled by the right one': 'connected',
      'dialled by another': expect.stringMatching(/^(silence: )?10\.77\.0\.2 port 1179 /),
      'listening at the right one': 'connected',
      'listening at another':
        '10.77.0.2 port 1179 refuses connections: no BGP speaker listens there, or not for us',
      'link-local': 'connected',
      'link-local by an interface that has no such neighbour': expect.stringMatching(/fe80::2%a1 port 1179/),
    });
  });
});

describe('service addresses', () => {
  const setup =
    'ip link set lo up\nip link add v0 type veth peer name v1\nip link set v0 up\nip link set v1 up';

  async function come(device: string): Promise<unknown> {
    const argument = { part: 'addresses', device };
    const printed = await runScript({
      unshare: unshareCommand(),
      setup,
      script,
      argument,
      timeoutMs: 60_000,
    });
    return JSON.parse(printed);
  }

  it('come and go on an interface, survive a kill, and leave what is not ours', async () => {
    const foreign = '10.5.0.9/32 global';
    const [own, own6] = ['10.5.0.1/32 global', '2001:db8:5::1/128 global'];
    const expected = (device: string): object => ({
      added: [foreign, own, own6],
      states: ['10.5.0.1 present', '2001:db8:5::1 present', '10.5.0.9 foreign'],
      withdrawn: [['2001:db8:5::1/128'], 3],
      closed: [foreign],
      killed: [foreign, own, own6],
      recovered: [
        'found 10.5.0.1: an earlier run has left it',
        'found 2001:db8:5::1: an earlier run has left it',
      ],
      kept: [foreign, own],
      closedAgain: [foreign],
      noIpv6: [
        `failed 2001:db8:5::1: IPv6 is off on ${device} (sysctl net.ipv6.conf.${device}.disable_ipv6)`,
      ],
      denied: [
        ['10.5.0.9/32'],
        [
          'failed 10.5.0.1: adding and removing addresses needs CAP_NET_ADMIN (systemd: AmbientCapabilities=CAP_NET_ADMIN)',
        ],
      ],
      noInterface: ['failed 10.5.0.1: there is no network interface none0: ip link add none0 type dummy'],
    });
    const devices = ['lo', 'v0'];
    expect(await Promise.all(devices.map(come))).toEqual(devices.map(expected));
  });
});
