import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { conntrackProbe } from '../../../src/checks/conntrack.ts';
import { natProbe } from '../../../src/checks/nat.ts';
import type { ReadSourceDestCheck } from '../../../src/checks/probe.ts';
import type { NatSpec } from '../../../src/checks/spec.ts';
import { systemClock as clock } from '../../../src/lib/system-clock.ts';

// Kernel settings in files, and programs that say what the test wrote: the real ones are in test/interop.

const NFT_EMPTY = '{"nftables": []}';
const NFT_V6 =
  '{"nftables": [{"chain": {"family": "ip6", "table": "t", "name": "c", "type": "nat", "hook": "postrouting"}}, ' +
  '{"rule": {"family": "ip6", "table": "t", "chain": "c", "expr": [{"masquerade": null}]}}]}';
const SAVED = '*nat\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n';

const { PATH: path } = process.env;
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vpcast-nat-'));
  mkdirSync(join(folder, 'bin'));
  process.env.PATH = join(folder, 'bin');
  sysctl('net/ipv4/ip_forward', '1\n');
});
afterEach(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true });
});

function sysctl(name: string, text: string): void {
  const file = join(folder, 'sys', name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** A program that notes that it ran, and says this. */
function program(name: string, { stdout = '', stderr = '', status = 0, before = '' }): void {
  const file = join(folder, 'bin', name);
  const said = join(folder, `${name}.stdout`);
  writeFileSync(said, stdout);
  const lines = [
    '#!/bin/sh',
    `echo ${name} "$@" >> "${folder}/ran"`,
    before,
    `/bin/cat "${said}"`,
    `echo "${stderr}" >&2`,
    `exit ${status}`,
  ];
  writeFileSync(file, lines.join('\n'));
  chmodSync(file, 0o755);
}

function ran(): readonly string[] {
  const file = join(folder, 'ran');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  rmSync(file, { force: true });
  return text.split('\n').filter((line) => line !== '');
}

function probeOf(over: Partial<NatSpec> = {}, readSourceDestCheck?: ReadSourceDestCheck) {
  const spec = {
    type: 'nat',
    families: ['ipv4'],
    masquerade: true,
    sourceDestCheckOff: false,
    ...over,
  } as const;
  const probe = natProbe({ spec, readSourceDestCheck, clock, sysctlFolder: join(folder, 'sys') });
  return async (timeoutMs = 5_000) => {
    const { reason, detail } = await probe.attempt(timeoutMs, new AbortController().signal);
    return detail === undefined ? reason : `${reason}: ${detail}`;
  };
}

describe('forwarding', () => {
  test('has to be on for each family', async () => {
    const both = { families: ['ipv4', 'ipv6'], masquerade: false } as const;
    expect(await probeOf({ masquerade: false })()).toBe('passed');
    expect(await probeOf(both)()).toBe('forwarding-off: net.ipv6.conf.all.forwarding is not there, not 1');
    sysctl('net/ipv6/conf/all/forwarding', '0\n');
    expect(await probeOf(both)()).toBe('forwarding-off: net.ipv6.conf.all.forwarding is 0, not 1');
    sysctl('net/ipv6/conf/all/forwarding', '1\n');
    expect(await probeOf(both)()).toBe('passed');
    sysctl('net/ipv4/ip_forward', '0\n');
    expect(await probeOf(both)()).toBe('forwarding-off: net.ipv4.ip_forward is 0, not 1');
    sysctl('net/ipv4/ip_forward', 'garbage\n');
    expect(await probeOf(both)()).toMatch(/^forwarding-off/);
  });
});

describe('rules', () => {
  test('are asked for as they are to be, and one program that has them is enough', async () => {
    program('nft', { stdout: NFT_EMPTY });
    program('iptables-save', {});
    program('iptables-legacy-save', { stdout: SAVED });
    const ask = probeOf();
    expect(await ask()).toBe('passed');
    expect(ran()).toEqual(['nft --json --terse list ruleset', 'iptables-save', 'iptables-legacy-save']);
    // The next time, what had them is asked first.
    expect(await ask()).toBe('passed');
    expect(ran()).toEqual(['iptables-legacy-save']);
    program('iptables-legacy-save', {});
    expect(await ask()).toBe(
      'masquerade-missing: no masquerade or SNAT rule for IPv4 in nftables or iptables',
    );
    expect(ran()).toHaveLength(3);
  });

  test('of both families may be in different places', async () => {
    sysctl('net/ipv6/conf/all/forwarding', '1\n');
    program('nft', { stdout: NFT_V6 });
    program('iptables-save', { stdout: SAVED });
    program('ip6tables-save', {});
    const ask = probeOf({ families: ['ipv4', 'ipv6'] });
    expect(await ask()).toBe('passed');
    expect(ran()).toHaveLength(2);
    expect(await ask()).toBe('passed');
    expect(ran()).toHaveLength(2);
    program('nft', { stdout: NFT_EMPTY });
    expect(await ask()).toBe(
      'masquerade-missing: no masquerade or SNAT rule for IPv6 in nftables or iptables',
    );
  });

  test('of the other family only are missing', async () => {
    program('nft', { stdout: NFT_V6 });
    expect(await probeOf()()).toMatch(/^masquerade-missing/);
  });

  test('are missing where one program has looked, even if others could not', async () => {
    program('iptables-save', { stdout: '*nat\nCOMMIT\n' });
    program('iptables-legacy-save', { stderr: 'Permission denied (you must be root)', status: 1 });
    expect(await probeOf()()).toMatch(/^masquerade-missing/);
  });

  test('nobody can tell of are no missing rules', async () => {
    expect(await probeOf()()).toBe('spawn-failed: neither nft nor iptables-save can be run here');
    program('nft', { stderr: 'Operation not permitted (you must be root)', status: 1 });
    expect(await probeOf()()).toBe(
      'not-permitted: nft exited with 1: Operation not permitted (you must be root)',
    );
    program('nft', { stdout: 'table ip nat {}' });
    expect(await probeOf()()).toBe("protocol-error: what nft prints can't be read");
    program('nft', { stderr: 'oops', status: 2 });
    expect(await probeOf()()).toBe('exit-status: nft exited with 2: oops');
    program('nft', { stdout: 'x'.repeat(4 * 1_048_576 + 1) });
    expect(await probeOf()()).toBe('too-large: nft lists more than 4194304 bytes');
  });

  test('that do not come in time are a timeout, and the program is killed', async () => {
    program('nft', { before: `echo $$ > "${folder}/pid"; exec /bin/sleep 1000` });
    expect(await probeOf()(300)).toMatch(/^timeout/);
    const pid = readFileSync(join(folder, 'pid'), 'utf8').trim();
    await vi.waitFor(() => expect(existsSync(`/proc/${pid}`)).toBe(false), { timeout: 10_000 });
  }, 30_000);
});

describe('the source/dest check', () => {
  const only = { masquerade: false, sourceDestCheckOff: true };
  const unknown = 'passed: whether the source/dest check is on is not known';

  test('fails where it is on, and passes where it is off or nobody can say', async () => {
    expect(await probeOf(only, async () => true)()).toMatch(/^source-dest-check-on/);
    expect(await probeOf(only, async () => false)()).toBe('passed');
    expect(await probeOf(only, async () => undefined)()).toBe(unknown);
    expect(await probeOf(only)()).toBe(unknown);
    const broken = async () => {
      throw new Error('no route to EC2');
    };
    expect(await probeOf(only, broken)()).toBe(unknown);
  });

  test('is waited for no longer than the attempt can afford', async () => {
    expect(await probeOf(only, () => new Promise(() => undefined))(200)).toBe(unknown);
  });

  test('is not asked for where it does not matter', async () => {
    const never = () => Promise.reject(new Error('asked'));
    expect(await probeOf({ masquerade: false }, never)()).toBe('passed');
  });
});

describe('the connection tracking table', () => {
  async function ask() {
    const spec = { type: 'conntrack', maxUsedPercent: 90 } as const;
    const probe = conntrackProbe({ spec, clock, sysctlFolder: join(folder, 'sys') });
    const { reason, measurement } = await probe.attempt(5_000, new AbortController().signal);
    return { reason, measurement };
  }

  test('is read from the kernel’s own figures', async () => {
    expect((await ask()).reason).toBe('not-found');
    sysctl('net/netfilter/nf_conntrack_count', '899\n');
    sysctl('net/netfilter/nf_conntrack_max', '1000\n');
    const measurement = { kind: 'conntrack', entries: 899, limit: 1_000 };
    expect(await ask()).toEqual({ reason: 'passed', measurement });
    sysctl('net/netfilter/nf_conntrack_count', '900\n');
    expect((await ask()).reason).toBe('table-full');
    sysctl('net/netfilter/nf_conntrack_count', 'many\n');
    expect((await ask()).reason).toBe('not-found');
  });
});
