/**
 * The parts of the test that run in a namespace: each changes things by the system's own programs, and prints what the
 * checks made of it.
 */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { assignedAddressProbe } from '../../src/checks/assigned-address.ts';
import { conntrackProbe } from '../../src/checks/conntrack.ts';
import { CheckRunner, type Probe, type ProbeOutcome, type ProbeSpec } from '../../src/checks/index.ts';
import { natProbe } from '../../src/checks/nat.ts';
import type { OwnAddresses } from '../../src/checks/own-addresses.ts';
import type { AssignedAddressSpec, NatSpec } from '../../src/checks/spec.ts';
import { systemdProbe } from '../../src/checks/systemd.ts';
import { Shared } from '../../src/lib/shared.ts';
import { systemClock as clock } from '../../src/lib/system-clock.ts';

/** Runs a line of a program and its arguments, without a shell. */
function run(line: string): void {
  const [program = '', ...args] = line.split(' ');
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'], timeout: 10_000 });
}

async function ask(probe: Probe): Promise<string> {
  return told(await probe.attempt(5_000, new AbortController().signal));
}

function told({ reason, detail }: ProbeOutcome): string {
  return detail === undefined ? reason : `${reason}: ${detail}`;
}

/**
 * Checks of addresses whose cadence is a minute. Each step is a change, and what each check then has to say; its time is
 * how long after the change the last of them said so.
 */
async function addresses() {
  const shared = new Shared<OwnAddresses>();
  const last = new Map<string, string>();
  let heard: () => void = () => undefined;
  const watched: Readonly<Record<string, Partial<AssignedAddressSpec>>> = {
    any: {},
    d0: { interface: 'd0' },
    linked: { interface: 'v0', linkUp: true },
    v6: { address: '2001:db8::53' },
  };
  const runners = Object.entries(watched).map(([name, over]) => {
    const spec = specOf(over);
    const runner = new CheckRunner({
      spec: { ...COMMON, name, probe: spec },
      probe: assignedAddressProbe({ spec, ownAddresses: shared, clock }),
      clock,
      firstDelayMs: 0,
      phaseMs: 60_000,
      onOutcome: (outcome) => {
        last.set(name, told(outcome));
        heard();
      },
    });
    runner.start();
    return runner;
  });
  const steps: { change: string; said: Record<string, string>; tookMs: number }[] = [];
  const step = async (change: string, wanted: Readonly<Record<string, string>>): Promise<void> => {
    if (change !== '') run(change);
    const changedMs = performance.now();
    const isSaid = (): boolean =>
      Object.entries(wanted).every(([name, start]) => last.get(name)?.startsWith(start) === true);
    await new Promise<void>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`${change}: ${JSON.stringify([...last])}`)), 10_000);
      heard = () => {
        if (!isSaid()) return;
        clearTimeout(limit);
        resolve();
      };
      heard();
    });
    steps.push({ change, said: Object.fromEntries(last), tookMs: performance.now() - changedMs });
  };
  const none = 'not-assigned';
  await step('', { any: none, d0: none, linked: none, v6: none });
  await listening();
  await step('ip addr add 10.9.0.5/32 dev d1', {
    any: 'passed',
    d0: 'other-interface',
    linked: 'other-interface',
  });
  await step('ip addr add 10.9.0.5/24 dev d0 label d0:vip', { any: 'passed', d0: 'passed' });
  await step('ip addr del 10.9.0.5/32 dev d1', { any: 'passed', d0: 'passed' });
  await step('ip addr add 10.9.0.5/32 dev v0', { linked: 'link-down' });
  await step('ip link set v0 up', { linked: 'link-down' });
  await step('ip link set v1 up', { linked: 'passed' });
  await step('ip link set v1 down', { linked: 'link-down', any: 'passed' });
  await step('ip link set d0 down', { d0: 'passed' });
  await step('ip addr flush dev v0', { linked: 'other-interface' });
  await step('ip link del d0', { any: none, d0: none });
  await step('ip -6 addr add 2001:db8::53/64 dev d1 nodad', { v6: 'passed' });
  await step('ip -6 addr del 2001:db8::53/64 dev d1', { v6: none });
  await step('ip -6 addr add 2001:db8::53/64 dev w1 nodad', { v6: 'passed' });
  await step('ip -6 addr del 2001:db8::53/64 dev w1', {
    v6: 'not-assigned: 2001:db8::53 is on no interface',
  });
  run('ip netns exec peer ip -6 addr add 2001:db8::53/64 dev w2 nodad');
  await step('ip -6 addr add 2001:db8::53/64 dev w1', {
    v6: 'not-assigned: 2001:db8::53 is on w1, but somebody else',
  });
  const monitors = monitorCount();
  await Promise.all(runners.map((runner) => runner.close()));
  return { steps, monitors };
}

const COMMON = {
  destination: '',
  rise: 1,
  fall: 1,
  everyMs: 60_000,
  timeoutMs: 5_000,
  tries: 1,
  triesIntervalMs: 0,
  runOnHealthy: undefined,
  runOnUnhealthy: undefined,
} as const satisfies Partial<Record<string, unknown>>;

function specOf(over: Partial<AssignedAddressSpec>): AssignedAddressSpec & ProbeSpec {
  return { type: 'assigned_address', address: '10.9.0.5', interface: undefined, linkUp: false, ...over };
}

/** `ip monitor` has its socket: only then are its children of ours told of changes. */
async function listening(): Promise<void> {
  while (execFileSync('ss', ['-f', 'netlink', '-p'], { encoding: 'utf8' }).match(/rtnl:ip\//g) === null) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function monitorCount(): number {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ');
  const lines = children
    .filter((pid) => pid !== '')
    .map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  return lines.filter((line) => line.startsWith('ip\0monitor\0')).length;
}

async function nat() {
  const asked: Record<string, string> = {};
  const probeOf = (families: NatSpec['families']): Probe => {
    const spec = { type: 'nat', families, masquerade: true, sourceDestCheckOff: false } as const;
    return natProbe({ spec, readSourceDestCheck: undefined, clock });
  };
  const [v4, v6] = [probeOf(['ipv4']), probeOf(['ipv6'])];
  const look = async (name: string): Promise<void> => {
    asked[name] = `${await ask(v4)} | ${await ask(v6)}`;
  };
  await look('nothing');
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1');
  await look('forwarding only');
  run('nft add table inet t');
  run('nft add chain inet t post { type nat hook postrouting priority 100 ; }');
  run('nft add chain inet t sub');
  run('nft add rule inet t sub oifname eth0 masquerade');
  await look('nft, not reached');
  run('nft add rule inet t post meta nfproto ipv6 jump sub');
  await look('nft, reached for IPv6');
  run('nft add map inet t m { type ipv4_addr : verdict ; }');
  run('nft add element inet t m { 10.0.0.1 : jump sub }');
  run('nft add rule inet t post ip saddr vmap @m');
  await look('nft, reached by a map');
  run('nft flush ruleset');
  await look('nft, flushed');
  for (const kind of ['nft', 'legacy']) {
    run(`iptables-${kind} -t nat -A POSTROUTING -o eth0 -m comment --comment x -j MASQUERADE`);
    await look(`iptables-${kind}`);
    run(`ip6tables-${kind} -t nat -A POSTROUTING -o eth0 -j SNAT --to-source 2001:db8::1`);
    await look(`ip6tables-${kind} as well`);
    run(`iptables-${kind} -t nat -F`);
    run(`ip6tables-${kind} -t nat -F`);
    await look(`iptables-${kind}, flushed`);
  }
  process.setgroups?.([]);
  process.setuid?.(65_534);
  await look('without permission');
  return asked;
}

async function conntrack() {
  const probeOf = (maxUsedPercent: number): Probe =>
    conntrackProbe({ spec: { type: 'conntrack', maxUsedPercent }, clock });
  run('nft add table inet t');
  run('nft add chain inet t out { type filter hook output priority 0 ; }');
  run('nft add rule inet t out ct state new counter');
  const before = await ask(probeOf(0.0001));
  const socket = createSocket('udp4');
  await new Promise((resolve) => socket.send('x', 9, '127.0.0.1', resolve));
  socket.close();
  return { before, after: await ask(probeOf(0.0001)), below: await ask(probeOf(90)) };
}

async function systemd() {
  const asked: Record<string, string> = {};
  for (const unit of ['up.service', 'bad.service', 'never.service', 'no.service', 'base.target']) {
    asked[unit] = await ask(systemdProbe({ spec: { type: 'systemd', unit, state: 'active' }, clock }));
  }
  asked['bad.service, failed'] = await ask(
    systemdProbe({ spec: { type: 'systemd', unit: 'bad.service', state: 'failed' }, clock }),
  );
  return asked;
}

const PARTS: Readonly<Record<string, () => Promise<unknown>>> = { addresses, nat, conntrack, systemd };
const part = PARTS[JSON.parse(process.argv[2] ?? '""')];
if (part === undefined) throw new Error('which part?');
process.stdout.write(JSON.stringify(await part()));
