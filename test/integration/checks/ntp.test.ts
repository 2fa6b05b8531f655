import { randomInt } from 'node:crypto';
import type { RemoteInfo } from 'node:dgram';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ntpProbe } from '../../../src/checks/ntp.ts';
import type { NtpSpec } from '../../../src/checks/spec.ts';
import type { Clock } from '../../../src/lib/clock.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { settle } from '../../support/fake-clock.ts';
import { latenessOf } from '../../support/lateness.ts';
import { type UdpPeer, udpPeer } from '../../support/udp-peer.ts';

const PATIENT_MS = 5_000;
const SHORT_MS = 150;
const LATE_MS = 50;
const WAIT = { timeout: 5_000 };
const open: UdpPeer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((peer) => peer.close()));
});

async function serve(address: string, answer: (request: Buffer, from: RemoteInfo, server: UdpPeer) => void) {
  const peer = await udpPeer(address, answer);
  open.push(peer);
  return peer;
}

/** What an honest server says whose clock is so far from this machine's. */
function replyTo(request: Buffer, offsetMs = 0): Buffer {
  const reply = Buffer.alloc(48);
  reply.writeUInt8(0x24, 0);
  reply.writeUInt8(2, 1);
  request.copy(reply, 24, 40, 48);
  const nowMs = Date.now() + offsetMs;
  for (const at of [16, 32, 40]) {
    reply.writeUInt32BE((Math.floor(nowMs / 1000) + 2_208_988_800) % 2 ** 32, at);
    reply.writeUInt32BE(Math.floor(((nowMs % 1000) / 1000) * 2 ** 32), at + 4);
  }
  return reply;
}

interface Ask extends Partial<NtpSpec> {
  readonly to?: string;
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

function ask(port: number, { to = '127.0.0.1', timeoutMs, clock, signal, ...over }: Ask = {}) {
  const spec: NtpSpec = {
    type: 'ntp',
    port,
    maxOffsetMs: undefined,
    maxStratum: 15,
    maxRootDistanceMs: undefined,
    sourceAddress: undefined,
    sourceInterface: undefined,
    ...over,
  };
  const probe = ntpProbe({ spec, destination: to, clock: clock ?? systemClock });
  return probe.attempt(timeoutMs ?? PATIENT_MS, signal ?? new AbortController().signal);
}

/** Datagram sockets of this thread. */
function udpSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name.toLowerCase().includes('udp')).length;
}

describe.each(['127.0.0.1', '::1'])('a server at %s', (address) => {
  test('passes with a right clock, and is measured', async () => {
    const server = await serve(address, (request, from, own) => own.send(replyTo(request), from));
    const outcome = await ask(server.port, { to: address, maxOffsetMs: 1_000 });
    expect(outcome).toMatchObject({ ok: true, measurement: { kind: 'ntp', stratum: 2 } });
    const { measurement } = outcome;
    expect(measurement?.kind === 'ntp' && Math.abs(measurement.offsetMs)).toBeLessThan(1_000);
    expect(server.received.map((request) => request.length)).toEqual([48]);
  });

  test('fails at once where nobody listens', async () => {
    const gone = await udpPeer(address);
    await gone.close();
    const outcome = await ask(gone.port, { to: address });
    expect(outcome).toMatchObject({ ok: false, reason: 'refused' });
    expect(outcome.detail).toMatch(/^nobody listens at \S+:\d+ \(ECONNREFUSED\)$/);
    expect(outcome.latencyMs).toBeLessThan(PATIENT_MS / 2);
  });

  test('fails in time where it is silent', async () => {
    const server = await serve(address, () => undefined);
    const { outcome, lateMs } = await latenessOf(SHORT_MS, () =>
      ask(server.port, { to: address, timeoutMs: SHORT_MS }),
    );
    expect(outcome).toMatchObject({ reason: 'timeout', detail: `no answer within ${SHORT_MS} ms` });
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(LATE_MS);
  });
});

describe('the clocks', () => {
  test.each([3_600_000, -3_600_000])('that are %d ms apart are told so', async (offsetMs) => {
    const server = await serve('127.0.0.1', (request, from, own) =>
      own.send(replyTo(request, offsetMs), from),
    );
    const outcome = await ask(server.port, { maxOffsetMs: 1_800_000 });
    expect(outcome.reason).toBe('offset-too-large');
    const { measurement } = outcome;
    if (measurement?.kind !== 'ntp') throw new Error('not measured');
    expect(Math.abs(measurement.offsetMs - offsetMs)).toBeLessThan(1_000);
  });

  test('are compared rightly when ours is stepped while the answer is under way', async () => {
    let stepMs = 0;
    const clock: Clock = { ...systemClock, wallNow: () => systemClock.wallNow() + stepMs };
    const server = await serve('127.0.0.1', (request, from, own) => {
      own.send(replyTo(request), from);
      stepMs = 7_200_000;
    });
    const outcome = await ask(server.port, { clock, maxOffsetMs: 1_000 });
    expect(outcome).toMatchObject({ ok: true });
  });
});

describe('datagrams that are not the answer', () => {
  const forgeries: readonly [string, (reply: Buffer) => Buffer][] = [
    ['another origin timestamp', (reply) => Buffer.from(reply).fill(0x55, 24, 32)],
    ['no origin timestamp', (reply) => Buffer.from(reply).fill(0, 24, 32)],
    ['too few bytes', (reply) => reply.subarray(0, 47)],
    ['nothing in them', () => Buffer.alloc(0)],
    ['60,000 bytes of something else', () => Buffer.alloc(60_000, 0x24)],
  ];

  test.each(
    forgeries,
  )('with %s are ignored and told of, and the answer after them counts', async (_, forge) => {
    const silent = await serve('127.0.0.1', (request, from, own) => own.send(forge(replyTo(request)), from));
    const outcome = await ask(silent.port, { timeoutMs: SHORT_MS });
    expect(outcome.reason).toBe('timeout');
    const place = `127.0.0.1:${silent.port}`;
    expect(outcome.detail).toContain(`; ignored 1 datagram that was not the answer, from ${place}`);
    const honest = await serve('127.0.0.1', (request, from, own) => {
      own.send(forge(replyTo(request, 3_600_000)), from);
      own.send(replyTo(request), from);
    });
    expect(await ask(honest.port, { maxOffsetMs: 1_000 })).toMatchObject({ ok: true });
  });

  test.each([
    ['another port', '127.0.0.1'],
    ['another address', '127.0.0.2'],
  ])('from %s never pass', async (_, address) => {
    const other = await serve(address, () => undefined);
    const server = await serve('127.0.0.1', (request, from) => other.send(replyTo(request), from));
    expect(await ask(server.port, { timeoutMs: SHORT_MS })).toMatchObject({ reason: 'timeout' });
  });

  test('are never a pass, whatever is in them, and always an outcome', async () => {
    const server = await serve('127.0.0.1', (request, from, own) => {
      const reply = replyTo(request);
      for (let count = randomInt(1, 9); count > 0; count -= 1) reply[randomInt(48)] = randomInt(256);
      // The server's word that it is synchronised is always broken: any pass would be a mistake.
      reply.writeUInt8((reply.readUInt8(0) & 0x3f) | 0xc0, 0);
      own.send(reply.subarray(0, randomInt(40, 49)), from);
    });
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, () => ask(server.port, { timeoutMs: SHORT_MS })),
    );
    const reasons = new Set(outcomes.map(({ reason }) => reason));
    for (const reason of reasons) {
      expect(['timeout', 'unsynchronised', 'kiss-of-death', 'protocol-error']).toContain(reason);
    }
    for (const { detail } of outcomes) expect(detail).toMatch(/^[\x20-\x7e]+$/);
  });
});

describe('an attempt', () => {
  test('leaves from the source address, and from a new port each time', async () => {
    const sources: RemoteInfo[] = [];
    const server = await serve('127.0.0.1', (request, from, own) => {
      sources.push(from);
      own.send(replyTo(request), from);
    });
    for (let count = 0; count < 3; count += 1) await ask(server.port, { sourceAddress: '127.0.0.9' });
    expect(new Set(sources.map(({ address }) => address))).toEqual(new Set(['127.0.0.9']));
    expect(new Set(sources.map(({ port }) => port)).size).toBeGreaterThan(1);
  });

  test('leaves by the source interface', async () => {
    const server = await serve('127.0.0.1', (request, from, own) => own.send(replyTo(request), from));
    const both = { sourceInterface: 'lo', sourceAddress: '127.0.0.9' };
    expect(await ask(server.port, { sourceInterface: 'lo' })).toMatchObject({ ok: true });
    expect(await ask(server.port, both)).toMatchObject({ ok: true });
    const missing = await ask(server.port, { sourceInterface: 'none0' });
    expect(missing).toMatchObject({ reason: 'unreachable' });
    expect(missing.detail).toContain('none0');
  });

  test('from an address that this machine lacks is unreachable', async () => {
    expect(await ask(9, { sourceAddress: '192.0.2.9' })).toMatchObject({ reason: 'unreachable' });
    const both = { sourceAddress: '192.0.2.9', sourceInterface: 'lo' };
    expect(await ask(9, both)).toMatchObject({ reason: 'unreachable' });
  });

  test('asks a name at its address, and says where it has none', async () => {
    const server = await serve('127.0.0.1', (request, from, own) => own.send(replyTo(request), from));
    expect(await ask(server.port, { to: 'localhost', sourceAddress: '127.0.0.1' })).toMatchObject({
      ok: true,
    });
    expect(await ask(9, { to: 'no.such.host.invalid' })).toMatchObject({ reason: 'resolve-failed' });
    const other = await ask(9, { to: '::1', sourceAddress: '127.0.0.1' });
    expect(other).toMatchObject({ reason: 'resolve-failed' });
  });

  test('can be called off', async () => {
    const server = await serve('127.0.0.1', () => undefined);
    const caller = new AbortController();
    const asked = ask(server.port, { signal: caller.signal });
    await vi.waitFor(() => expect(server.received.length).toBe(1), WAIT);
    caller.abort();
    expect(await asked).toMatchObject({ reason: 'killed' });
  });

  test('sends nothing where it is called off before it begins', async () => {
    const server = await serve('127.0.0.1', (request, from, own) => own.send(replyTo(request), from));
    const caller = new AbortController();
    const asked = ask(server.port, { signal: caller.signal });
    caller.abort();
    expect(await asked).toMatchObject({ reason: 'killed' });
    expect(await ask(server.port)).toMatchObject({ ok: true });
    expect(server.received.length).toBe(1);
  });

  test('leaves no socket behind, however it ends', async () => {
    let asked = 0;
    const server = await serve('127.0.0.1', (request, from, own) => {
      asked += 1;
      if (asked % 2 === 0) own.send(replyTo(request), from);
    });
    // Sockets of earlier tests may still be closing; this server's own stays.
    await vi.waitFor(() => expect(udpSockets()).toBe(1), WAIT);
    const caller = new AbortController();
    const ways: readonly Ask[] = [{}, { signal: AbortSignal.abort() }, { signal: caller.signal }];
    const more: readonly Ask[] = [
      { sourceAddress: '192.0.2.9' },
      { sourceInterface: 'none0' },
      { to: '::1' },
    ];
    const attempts = [...ways, ...ways, ...more].map((way) =>
      ask(server.port, { timeoutMs: SHORT_MS, ...way }),
    );
    await settle();
    expect(udpSockets()).toBeGreaterThan(1);
    caller.abort();
    await Promise.all(attempts);
    await vi.waitFor(() => expect(udpSockets()).toBe(1), WAIT);
  });
});
