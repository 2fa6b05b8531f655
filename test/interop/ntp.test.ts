import { userInfo } from 'node:os';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ProbeOutcome } from '../../src/checks/index.ts';
import type { UdpCase, UdpServer } from './udp-child.ts';
import { inNamespace } from './udp-namespace.ts';

const SILENT_MS = 500;
const HOUR_MS = 3_600_000;

/** chronyd that leaves the clock alone. */
function chrony(name: string, port: number): UdpServer {
  const config = `%FOLDER%/${name}`;
  return {
    argv: ['chronyd', '-d', '-x', '-U', '-u', userInfo().username, '-f', config],
    ready: { to: '127.0.0.1', spec: { port } },
  };
}

function configOf(name: string, port: number, more: string) {
  const text = `port ${port}\nallow all\ncmdport 0\nbindcmdaddress /\npidfile ${name}.pid\n${more}\n`;
  return { [name]: { content: Buffer.from(text).toString('base64'), mode: 0o644 } };
}

const UNSYNCHRONISED = { port: 1123 };
const CASES = {
  'a synchronised server': { to: '127.0.0.1', spec: { maxOffsetMs: 1_000, maxStratum: 5 } },
  'the same over IPv6': { to: '::1', spec: { maxOffsetMs: 1_000, maxStratum: 5 } },
  'the same at another address of its host': { to: 'fd00:99::1', spec: { maxOffsetMs: 1_000 } },
  'the same from another address': { to: '127.0.0.1', spec: { sourceAddress: '127.0.0.9' } },
  'the same by an interface': { to: '127.0.0.1', spec: { sourceInterface: 'lo' } },
  'one of too high a stratum': { to: '127.0.0.1', spec: { maxStratum: 4 } },
  'one too far from the root': { to: '127.0.0.1', spec: { maxRootDistanceMs: 0.000_001 } },
  'one an hour behind us': { to: '127.0.0.1', spec: { maxOffsetMs: 1_000 }, aheadMs: HOUR_MS },
  'one an hour ahead of us': { to: '::1', spec: { maxOffsetMs: 1_000 }, aheadMs: -HOUR_MS },
  'one an hour behind us, who do not mind': { to: '127.0.0.1', spec: {}, aheadMs: HOUR_MS },
  'an unsynchronised server': { to: '127.0.0.1', spec: UNSYNCHRONISED },
  'the same unsynchronised over IPv6': { to: '::1', spec: UNSYNCHRONISED },
  'nobody at the port': { to: '127.0.0.1', spec: { port: 1124 } },
  'nobody at the port over IPv6': { to: '::1', spec: { port: 1124 } },
  'a firewall that says no': { to: '127.0.0.4', spec: {} },
  'a firewall that says no over IPv6': { to: 'fd00:99::4', spec: {} },
  'a black hole': { to: '127.0.0.2', spec: {}, timeoutMs: SILENT_MS },
  'a black hole over IPv6': { to: 'fd00:99::2', spec: {}, timeoutMs: SILENT_MS },
  'an own firewall': { to: '127.0.0.5', spec: {} },
  'no route': { to: '192.0.2.1', spec: {} },
  'no route over IPv6': { to: '2001:db8::1', spec: {} },
} as const satisfies Record<string, UdpCase>;

let outcomes: ReadonlyMap<string, ProbeOutcome> = new Map();

beforeAll(async () => {
  outcomes = await inNamespace({
    kind: 'ntp',
    files: { ...configOf('good', 123, 'local stratum 5'), ...configOf('lost', 1123, '') },
    servers: [chrony('good', 123), chrony('lost', 1123)],
    cases: CASES,
  });
}, 60_000);

describe('chrony', () => {
  it.each<[keyof typeof CASES, string]>([
    ['a synchronised server', 'passed'],
    ['the same over IPv6', 'passed'],
    ['the same at another address of its host', 'passed'],
    ['the same from another address', 'passed'],
    ['the same by an interface', 'passed'],
    ['one of too high a stratum', 'stratum-too-high'],
    ['one too far from the root', 'root-distance-too-large'],
    ['one an hour behind us', 'offset-too-large'],
    ['one an hour ahead of us', 'offset-too-large'],
    ['one an hour behind us, who do not mind', 'passed'],
    ['an unsynchronised server', 'unsynchronised'],
    ['the same unsynchronised over IPv6', 'unsynchronised'],
    ['nobody at the port', 'refused'],
    ['nobody at the port over IPv6', 'refused'],
    ['a firewall that says no', 'refused'],
    ['a firewall that says no over IPv6', 'refused'],
    ['a black hole', 'timeout'],
    ['a black hole over IPv6', 'timeout'],
    ['an own firewall', 'not-permitted'],
    ['no route', 'unreachable'],
    ['no route over IPv6', 'unreachable'],
  ])('as %s: %s', (name, reason) => {
    expect(outcomes.get(name)).toMatchObject({ reason, ok: reason === 'passed' });
  });

  it('is measured, passed or not', () => {
    const measured = { kind: 'ntp', stratum: 5, rttMs: expect.any(Number) };
    for (const name of ['a synchronised server', 'one of too high a stratum', 'one too far from the root']) {
      const measurement = outcomes.get(name)?.measurement;
      expect(measurement).toMatchObject(measured);
      // Both clocks are the same: what is left is rounding and the time that this process was busy.
      expect(measurement?.kind === 'ntp' && Math.abs(measurement.offsetMs)).toBeLessThan(500);
    }
    const behind = outcomes.get('one an hour behind us')?.measurement;
    expect(behind?.kind === 'ntp' && Math.abs(behind.offsetMs + HOUR_MS)).toBeLessThan(500);
    const ahead = outcomes.get('one an hour ahead of us')?.measurement;
    expect(ahead?.kind === 'ntp' && Math.abs(ahead.offsetMs - HOUR_MS)).toBeLessThan(500);
  });
});
