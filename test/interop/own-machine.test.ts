import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemdProbe } from '../../src/checks/systemd.ts';
import { systemClock as clock } from '../../src/lib/system-clock.ts';
import { runScript, unshareCommand } from '../support/network-namespace.ts';

const script = join(import.meta.dirname, 'own-machine-child.ts');

async function runPart(part: string, setup: string, unshare = unshareCommand()): Promise<unknown> {
  expect(unshare).toBeDefined();
  return JSON.parse(await runScript({ unshare, setup, script, argument: part, timeoutMs: 60_000 }));
}

describe('checks of own addresses, with iproute2', () => {
  it('tell what the kernel has, and hear of every change from one `ip monitor`', async () => {
    const setup = [
      'mount -t tmpfs none /run',
      'mkdir -p /run/netns',
      'ip netns add peer',
      'ip link set lo up',
      'ip link add d0 type veth peer name e0',
      'ip link add d1 type veth peer name e1',
      'ip link add v0 type veth peer name v1',
      'ip link add w1 type veth peer name w2 netns peer',
      'ip netns exec peer ip link set w2 up',
      'ip link set d0 up',
      'ip link set e0 up',
      'ip link set d1 up',
      'ip link set e1 up',
      'ip link set w1 up',
    ].join('\n');
    const unshare = [...(unshareCommand() ?? []), '--mount'];
    const { steps, monitors } = (await runPart('addresses', setup, unshare)) as {
      readonly steps: readonly { readonly change: string; readonly tookMs: number }[];
      readonly monitors: number;
    };
    // Each step waited for what it wanted, and the cadence is a minute; that is what it is compared with.
    expect(steps).toHaveLength(16);
    for (const { tookMs } of steps) expect(tookMs).toBeLessThan(10_000);
    expect(monitors).toBe(1);
  }, 60_000);
});

describe('checks of NAT, with nftables and both kinds of iptables', () => {
  it('find the rules wherever they were made', async () => {
    const missing = (family: string) =>
      `masquerade-missing: no masquerade or SNAT rule for ${family} in nftables or iptables`;
    const neither = `${missing('IPv4')} | ${missing('IPv6')}`;
    const asked = (await runPart('nat', 'ip link set lo up')) as Record<string, string>;
    const { 'without permission': denied, ...rest } = asked;
    expect(rest).toEqual({
      nothing:
        'forwarding-off: net.ipv4.ip_forward is 0, not 1 | forwarding-off: net.ipv6.conf.all.forwarding is 0, not 1',
      'forwarding only': neither,
      'nft, not reached': neither,
      'nft, reached for IPv6': `${missing('IPv4')} | passed`,
      'nft, reached by a map': 'passed | passed',
      'nft, flushed': neither,
      'iptables-nft': `passed | ${missing('IPv6')}`,
      'ip6tables-nft as well': 'passed | passed',
      'iptables-nft, flushed': neither,
      'iptables-legacy': `passed | ${missing('IPv6')}`,
      'ip6tables-legacy as well': 'passed | passed',
      'iptables-legacy, flushed': neither,
    });
    expect(denied).toMatch(/^not-permitted: .* \| not-permitted: /);
  }, 60_000);
});

describe('checks of connection tracking, with the kernel', () => {
  it('count the entries of their own network namespace', async () => {
    expect(await runPart('conntrack', 'ip link set lo up')).toEqual({
      before: 'passed',
      after: expect.stringMatching(/^table-full: [1-9]\d* of \d+ entries are used/),
      below: 'passed',
    });
  }, 60_000);
});

describe('checks of units, with systemd', () => {
  const units = {
    'base.target': '[Unit]\nDescription=base\n',
    'basic.target': '[Unit]\nDescription=basic\n',
    'shutdown.target': '[Unit]\nDescription=shutdown\n',
    'up.service': '[Service]\nExecStart=/bin/sleep 1000\n',
    'bad.service': '[Service]\nExecStart=/bin/false\n',
    'never.service': '[Service]\nExecStart=/bin/true\n',
  };
  const isolated = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];

  it('see units as they are', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vpcast-units-'));
    for (const [name, text] of Object.entries(units)) writeFileSync(join(folder, name), text);
    // A manager of its own, at the place where systemctl looks for that of the system; it touches nothing of the host.
    const setup = `
      mount -t tmpfs none /run
      mkdir -p /run/systemd/system /run/own
      chmod 700 /run/own
      export XDG_RUNTIME_DIR=/run/own SYSTEMD_UNIT_PATH=${folder}
      /usr/lib/systemd/systemd --user --unit=base.target > /run/log 2>&1 &
      until [ -S /run/own/systemd/private ]; do sleep 0.02; done
      ln -s /run/own/systemd/private /run/systemd/private
      systemctl start up.service bad.service
      until systemctl is-failed --quiet bad.service; do sleep 0.02; done`;
    try {
      expect(await runPart('systemd', setup, isolated)).toEqual({
        'up.service': 'passed',
        'bad.service': 'inactive: bad.service is failed (failed), not active',
        'never.service': 'inactive: never.service is inactive (dead), not active',
        'no.service': 'not-found: systemd knows no unit no.service',
        'base.target': 'passed',
        'bad.service, failed': 'passed',
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);

  it('say so where no systemd runs', async () => {
    const asked = (await runPart('systemd', 'mount -t tmpfs none /run', isolated)) as Record<string, string>;
    for (const said of Object.values(asked)) {
      expect(said).toMatch(/^unreachable: no systemd answers here: System has not been booted with systemd/);
    }
  }, 60_000);

  it('say so where there is no systemctl', async () => {
    const { PATH } = process.env;
    process.env.PATH = '/nonexistent';
    try {
      const probe = systemdProbe({ spec: { type: 'systemd', unit: 'x.service', state: 'active' }, clock });
      const { reason, detail } = await probe.attempt(5_000, new AbortController().signal);
      expect([reason, detail]).toEqual(['spawn-failed', 'systemctl is not here']);
    } finally {
      process.env.PATH = PATH;
    }
  });
});
