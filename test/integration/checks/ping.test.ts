import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isPossible, runScript, unshareCommand } from '../../support/network-namespace.ts';
import type { PingReport, PingTask } from './ping-child.ts';

const LATE_MS = 50;

/** 10.8.0.1 and fd08::1 are ours; what goes to 10.9.0.0/24 and fd09::/64 is dropped without a word. */
const BLACKHOLES = `ip link set lo up
ip address add 10.8.0.1/32 dev lo
ip -6 address add fd08::1/128 dev lo nodad
ip route add 10.9.0.0/24 dev lo src 10.8.0.1
ip -6 route add fd09::/64 dev lo
ip -6 address add fe80::8/128 dev lo nodad`;
const OPEN_TO_ALL = `${BLACKHOLES}\necho '0 2147483647' > /proc/sys/net/ipv4/ping_group_range`;
/** As every new namespace is: `1 0`, nobody. Writing that would fail where group 1 has no name here. */
const CLOSED_TO_ALL = BLACKHOLES;
/** Without any capability, which works as root of a user namespace too, where no other user has a name. */
const UNPRIVILEGED = `${CLOSED_TO_ALL}\nexec setpriv --bounding-set=-all --inh-caps=-all "$@"`;
const SILENT = 'echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all';

const unshare = unshareCommand();
const namespaceWays = [
  { method: 'ping-socket', setup: OPEN_TO_ALL },
  { method: 'raw-socket', setup: CLOSED_TO_ALL },
].filter(({ setup }) => unshare !== undefined && isPossible(unshare, setup));

const directory = mkdtempSync(join(tmpdir(), 'vpcast-ping-'));
const program = join(directory, 'ping');
// As iputils' does: answers for 127.0.0.1 and ::1, lies about the source for 127.0.0.2, never ends for 127.0.0.3.
writeFileSync(
  program,
  `#!/bin/sh
for to; do :; done
case "$to" in
  -V) echo 'ping of a test' ;;
  127.0.0.1|::1) echo "64 bytes from $to: icmp_seq=1 ttl=64 time=0.03 ms" ;;
  127.0.0.2) echo '64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=0.03 ms' ;;
  127.0.0.3) sleep 1000 & wait ;;
  127.0.0.4) echo '0 received'; exit 1 ;;
  *) echo 'ping: connect: Network is unreachable' >&2; exit 2 ;;
esac
`,
);
chmodSync(program, 0o755);
chmodSync(directory, 0o755);
afterAll(() => rmSync(directory, { recursive: true }));

async function ping(setup: string | undefined, task: Partial<PingTask>): Promise<PingReport> {
  const printed = await runScript({
    unshare: setup === undefined ? undefined : unshare,
    setup: setup ?? '',
    script: join(import.meta.dirname, 'ping-child.ts'),
    argument: { timeoutMs: 300, rounds: 1, destinations: [], ...task },
    timeoutMs: 15_000,
  });
  return JSON.parse(printed);
}

describe('whatever this host permits', () => {
  test('pings 127.0.0.1 and ::1', async () => {
    const report = await ping(undefined, { destinations: ['127.0.0.1', '::1'], timeoutMs: 2_000, program });
    expect(report.method).not.toBe('none');
    expect(report.rounds[0]?.map(({ reason }) => reason)).toEqual(['passed', 'passed']);
  });

  test('asks the ping program where no socket is permitted, and believes only what it says of the address asked', async () => {
    const destinations = ['127.0.0.1', '::1', '127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'];
    const setup = unshare === undefined ? undefined : UNPRIVILEGED;
    const isUnprivileged = unshare === undefined;
    const report = await ping(setup, { destinations, isUnprivileged, program, timeoutMs: 1_000 });
    expect(report.method).toBe('program');
    const reasons = report.rounds[0]?.map(({ reason }) => reason);
    expect(reasons).toEqual(['passed', 'passed', 'timeout', 'timeout', 'timeout', 'unreachable']);
    expect(report.rounds[0]?.[3]?.latencyMs).toBeGreaterThanOrEqual(1_000);
    const measured = report.rounds[0]?.map(({ measurement }) => measurement);
    expect(measured?.[0]).toEqual({ kind: 'ping', sent: 1, received: 1, duplicates: 0, rttMs: 0.03 });
    expect(measured?.[3]).toEqual({ kind: 'ping', sent: 1, received: 0, duplicates: 0 });
    expect(report.mostLateMs).toBeLessThan(LATE_MS);
  });

  test('says what to do where there is no way at all', async () => {
    const setup = unshare === undefined ? undefined : UNPRIVILEGED;
    const isUnprivileged = unshare === undefined;
    const missing = join(directory, 'missing');
    const report = await ping(setup, { destinations: ['127.0.0.1'], isUnprivileged, program: missing });
    expect(report.method).toBe('none');
    expect(report.rounds[0]?.[0]).toMatchObject({ ok: false, reason: 'not-permitted' });
    expect(report.rounds[0]?.[0]?.detail).toContain('ping_group_range');
  });
});

describe.each(namespaceWays)('pinging by $method', ({ method, setup }) => {
  test('hears hosts over IPv4, IPv6, a scope and a name, again and again on the same socket', async () => {
    const destinations = ['127.0.0.1', '10.8.0.1', '::1', 'fd08::1', 'fe80::8%lo', 'localhost'];
    const report = await ping(setup, { destinations, rounds: 5, timeoutMs: 2_000 });
    expect([report.method, report.method6]).toEqual([method, method]);
    const reasons = report.rounds.map((outcomes) => outcomes.map(({ reason }) => reason));
    expect(reasons).toEqual(Array.from({ length: 5 }, () => destinations.map(() => 'passed')));
  });

  test('never takes a dead host for alive, with 200 pings at once, half of them to live hosts', async () => {
    const hosts = Array.from({ length: 100 }, (_, index) => index + 1);
    const destinations = hosts.flatMap((host) => [`127.0.0.${host}`, `10.9.0.${host}`]);
    const report = await ping(setup, { destinations, rounds: 3, timeoutMs: 500 });
    const wanted = hosts.flatMap(() => ['passed', 'timeout']);
    for (const outcomes of report.rounds) expect(outcomes.map(({ reason }) => reason)).toEqual(wanted);
    const [during, after] = report.descriptors;
    expect(during - after).toBe(100); // one for each live host is kept; none is left behind
  });

  test('keeps its timeouts to the millisecond, never early', async () => {
    for (const timeoutMs of [20, 150]) {
      const report = await ping(setup, { destinations: ['10.9.0.1', 'fd09::1'], rounds: 3, timeoutMs });
      for (const { reason, latencyMs } of report.rounds.flat()) {
        expect(reason).toBe('timeout');
        expect(latencyMs).toBeGreaterThanOrEqual(timeoutMs);
      }
      expect(report.mostLateMs).toBeLessThan(LATE_MS);
    }
  });

  test('says at once that there is no route, no such name, or no such source address', async () => {
    const [unreachable, unnamed, elsewhere] = await Promise.all([
      ping(setup, { destinations: ['192.0.2.1', '2001:db8::1'], timeoutMs: 5_000 }),
      ping(setup, { destinations: ['no.such.host.invalid'], timeoutMs: 5_000 }),
      ping(setup, { destinations: ['127.0.0.1'], sourceAddress: '192.0.2.9', timeoutMs: 5_000 }),
    ]);
    expect(unreachable.rounds[0]?.map(({ reason }) => reason)).toEqual(['unreachable', 'unreachable']);
    expect(unnamed.rounds[0]?.[0]?.reason).toBe('resolve-failed');
    expect(elsewhere.rounds[0]?.[0]?.reason).toBe('unreachable');
  });

  test('leaves from the source address', async () => {
    const destinations = ['127.0.0.1', 'localhost', 'fd08::1'];
    const report = await ping(setup, { destinations, sourceAddress: '10.8.0.1', timeoutMs: 1_000 });
    const reasons = report.rounds[0]?.map(({ reason }) => reason);
    expect(reasons).toEqual(['passed', 'passed', 'resolve-failed']);
  });

  test('ignores an answer with another nonce, and one from another address', async () => {
    const silent = `${setup}\n${SILENT}`;
    const outcomeOf = async (answer: NonNullable<PingTask['answer']>) => {
      const report = await ping(silent, { destinations: ['127.0.0.7'], answer, timeoutMs: 500 });
      return report.rounds[0]?.[0];
    };
    const [honest, wrongNonce, wrongSource] = await Promise.all([
      outcomeOf('honest'),
      outcomeOf('wrong-nonce'),
      outcomeOf('wrong-source'),
    ]);
    expect(honest).toMatchObject({ ok: true });
    expect(wrongNonce).toMatchObject({
      reason: 'timeout',
      detail: 'no reply within 500 ms; 1 messages that did not answer us were ignored',
    });
    expect(wrongSource).toMatchObject({ reason: 'timeout' });
  });

  test('counts what it sent and what came back, and a second reply as a duplicate', async () => {
    const lost = { kind: 'ping', duplicates: 0, received: 0 };
    const silent = `${setup}\n${SILENT}`;
    const [twice, dead] = await Promise.all([
      ping(silent, { destinations: ['127.0.0.7'], answer: 'twice', timeoutMs: 2_000, rounds: 3 }),
      ping(setup, { destinations: ['10.9.0.1'], timeoutMs: 50, rounds: 2 }),
    ]);
    // The last duplicate comes when nobody waits any more.
    const { measurement, latencyMs = 0 } = twice.rounds[2]?.[0] ?? {};
    expect(measurement).toMatchObject({ kind: 'ping', sent: 3, received: 3, duplicates: 2 });
    const rttMs = measurement?.kind === 'ping' ? (measurement.rttMs ?? 0) : 0;
    expect(rttMs).toBeGreaterThan(0);
    expect(rttMs).toBeLessThanOrEqual(latencyMs);
    expect(dead.rounds.map(([outcome]) => outcome?.measurement)).toEqual([
      { ...lost, sent: 1 },
      { ...lost, sent: 2 },
    ]);
  });
});
