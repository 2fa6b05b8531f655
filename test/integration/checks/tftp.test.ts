import { createHash, randomBytes, randomInt } from 'node:crypto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { TftpSpec } from '../../../src/checks/spec.ts';
import { tftpProbe } from '../../../src/checks/tftp.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { settle } from '../../support/fake-clock.ts';
import { latenessOf } from '../../support/lateness.ts';
import { type UdpPeer, udpPeer } from '../../support/udp-peer.ts';
import {
  dataPacket,
  errorPacket,
  honest,
  nameOf,
  optionsPacket,
  type Script,
  type TftpServer,
  tftpServer,
} from './tftp-server.ts';

const PATIENT_MS = 5_000;
const SHORT_MS = 150;
/** Long enough to come to where a test wants it on a busy machine. */
const STUCK_MS = 600;
const LATE_MS = 50;
const WAIT = { timeout: 5_000 };
const FILE = randomBytes(20_000);
const SHA = createHash('sha256').update(FILE).digest('hex');
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function serve(script: Script, address = '127.0.0.1'): Promise<TftpServer> {
  const server = await tftpServer(address, script);
  open.push(server);
  return server;
}

async function listen(address: string, onMessage?: Parameters<typeof udpPeer>[1]): Promise<UdpPeer> {
  const peer = await udpPeer(address, onMessage);
  open.push(peer);
  return peer;
}

interface Read extends Partial<TftpSpec> {
  readonly to?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

function read(port: number, { to = '127.0.0.1', timeoutMs, signal, ...over }: Read = {}) {
  const spec: TftpSpec = {
    type: 'tftp',
    port,
    path: '/boot/a file%20',
    blockBytes: 1428,
    sha256: SHA,
    maxBytes: 1_000_000,
    sourceAddress: undefined,
    sourceInterface: undefined,
    ...over,
  };
  const probe = tftpProbe({ spec, destination: to, clock: systemClock });
  return probe.attempt(timeoutMs ?? PATIENT_MS, signal ?? new AbortController().signal);
}

/** What a server's end of a transfer has heard after the request. */
function heard(server: TftpServer, index = 0): readonly string[] {
  return server.sessions[index]?.own.received.map(nameOf) ?? [];
}

/** Datagram sockets of this thread. */
function udpSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name.toLowerCase().includes('udp')).length;
}

describe.each(['127.0.0.1', '::1'])('a server at %s', (address) => {
  test('gives the file whole, by its options', async () => {
    const server = await serve(honest(FILE), address);
    const outcome = await read(server.port, { to: address });
    expect(outcome).toMatchObject({ ok: true, measurement: { kind: 'tftp', bytes: FILE.length } });
    const request = '\0\x01/boot/a file%20\0octet\0blksize\x001428\0tsize\x000\0timeout\x001\0';
    expect(server.requests.map(String)).toEqual([request]);
    await vi.waitFor(() => expect(heard(server).at(-1)).toBe('ack 15'), WAIT);
    expect(heard(server)).toEqual(Array.from({ length: 16 }, (_, block) => `ack ${block}`));
  });

  test('that knows no options gives it as well', async () => {
    const server = await serve(honest(FILE, { agree: false }), address);
    expect(await read(server.port, { to: address })).toMatchObject({ ok: true });
  });

  test('is refused at once where nobody listens', async () => {
    const gone = await udpPeer(address);
    await gone.close();
    const outcome = await read(gone.port, { to: address });
    expect(outcome).toMatchObject({ ok: false, reason: 'refused' });
    expect(outcome.latencyMs).toBeLessThan(PATIENT_MS / 2);
  });

  test('is given up in time where it is silent', async () => {
    const server = await serve(() => undefined, address);
    const { outcome, lateMs } = await latenessOf(SHORT_MS, () =>
      read(server.port, { to: address, timeoutMs: SHORT_MS }),
    );
    expect(outcome).toMatchObject({ reason: 'timeout', detail: `no answer within ${SHORT_MS} ms` });
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(LATE_MS);
  });
});

describe('the file', () => {
  test.each([0, 1, 511, 512, 513, 1427, 1428, 1429, 2856])('may have %d bytes', async (length) => {
    const file = randomBytes(length);
    const sha256 = createHash('sha256').update(file).digest('hex').toUpperCase();
    for (const blockBytes of [512, 1428]) {
      const server = await serve(honest(file));
      const measurement = { bytes: length };
      expect(await read(server.port, { sha256, blockBytes })).toMatchObject({ ok: true, measurement });
      expect(await read(server.port, { sha256: undefined, blockBytes })).toMatchObject({ ok: true });
    }
  });

  test('has to be the one that is wanted', async () => {
    const changed = Buffer.from(FILE);
    changed.writeUInt8(changed.readUInt8(10_000) ^ 1, 10_000);
    const server = await serve(honest(changed));
    const outcome = await read(server.port);
    expect(outcome).toMatchObject({ reason: 'content-mismatch', measurement: { bytes: FILE.length } });
    expect(outcome.detail).toContain(`not ${SHA}`);
  });

  test('may not be larger than allowed, and the server is told', async () => {
    for (const agree of [true, false]) {
      const server = await serve(honest(FILE, { agree }));
      expect(await read(server.port, { maxBytes: 10_000 })).toMatchObject({ reason: 'too-large' });
      await vi.waitFor(() => expect(heard(server).at(-1)).toBe('error 3'), WAIT);
    }
  });

  test('may be missing, or denied', async () => {
    const missing = await serve((_, session) => session.send(errorPacket(1, 'no such file')));
    const outcome = await read(missing.port);
    expect(outcome).toMatchObject({
      reason: 'not-found',
      detail: 'the server sends error 1, "no such file"',
    });
    const denied = await serve((_, session) => session.send(errorPacket(2, 'no')));
    expect(await read(denied.port)).toMatchObject({ reason: 'not-permitted' });
  });
});

describe('what is lost', () => {
  /** A server that loses some packets of the client. */
  function deaf(lost: (name: string, times: number) => boolean): Script {
    const times = new Map<string, number>();
    const script = honest(FILE);
    return (packet, session) => {
      const name = nameOf(packet);
      const count = (times.get(name) ?? 0) + 1;
      times.set(name, count);
      if (!lost(name, count)) script(packet, session);
    };
  }

  test('is sent again: the request, and an acknowledgement', async () => {
    const server = await serve(deaf((name, times) => ['request', 'ack 7'].includes(name) && times === 1));
    expect(await read(server.port, { timeoutMs: PATIENT_MS / 2 })).toMatchObject({ ok: true });
    expect(server.requests.length).toBe(2);
    expect(heard(server, 1).slice(0, 2)).toEqual(['ack 0', 'ack 1']);
    expect(heard(server, 1).filter((name) => name === 'ack 7').length).toBe(2);
  });

  test('makes no duplicates of duplicates where the server sends each block thrice', async () => {
    const script = honest(FILE);
    const server = await serve((packet, session) => {
      const send = (data: Uint8Array): void => {
        for (let count = 0; count < 3; count += 1) session.send(data);
      };
      script(packet, { ...session, send });
    });
    expect(await read(server.port)).toMatchObject({ ok: true });
    const counts = new Map<string, number>();
    for (const name of heard(server)) counts.set(name, (counts.get(name) ?? 0) + 1);
    expect(Math.max(...counts.values())).toBeLessThanOrEqual(2);
  });

  test('in the middle is told with how far it had come, and the server is told as well', async () => {
    const server = await serve(deaf((name) => name === 'ack 3'));
    const outcome = await read(server.port, { timeoutMs: STUCK_MS });
    const detail = `got 4284 bytes of 20000, in 3 blocks, within ${STUCK_MS} ms`;
    expect(outcome).toMatchObject({ reason: 'timeout', detail });
    await vi.waitFor(() => expect(heard(server).at(-1)).toBe('error 0'), WAIT);
  });

  test('with the server itself in the middle is noticed at the next packet', async () => {
    const script = honest(FILE);
    const server = await serve((packet, session) => {
      if (nameOf(packet) === 'ack 2') void session.own.close();
      else script(packet, session);
    });
    const outcome = await read(server.port, { timeoutMs: PATIENT_MS / 2 });
    expect(outcome).toMatchObject({ reason: 'reset', detail: 'the server closed its port after 2856 bytes' });
  });
});

describe('strangers', () => {
  test.each([
    '127.0.0.1',
    '127.0.0.2',
  ])('at another port of %s do not disturb a transfer', async (address) => {
    const stranger = await listen(address);
    const script = honest(FILE);
    const server = await serve((packet, session) => {
      if (nameOf(packet) === 'ack 2') {
        stranger.send(dataPacket(3, Buffer.alloc(5)), session.client);
        stranger.send(errorPacket(1, 'no such file'), session.client);
        stranger.send(Buffer.alloc(0), session.client);
      }
      script(packet, session);
    });
    expect(await read(server.port)).toMatchObject({ ok: true });
    await vi.waitFor(() => expect(stranger.received.map(nameOf)).toEqual(['error 5']), WAIT);
  });

  test('at another address are not believed, and told of', async () => {
    const stranger = await listen('127.0.0.2');
    const server = await serve((_, session) => {
      if (server.sessions.length > 1) return; // the request comes again
      for (let count = 0; count < 20; count += 1)
        stranger.send(dataPacket(1, Buffer.alloc(5)), session.client);
    });
    const outcome = await read(server.port, { timeoutMs: STUCK_MS });
    expect(outcome.reason).toBe('timeout');
    const place = `127.0.0.2:${stranger.port}`;
    expect(outcome.detail).toContain(`; ignored 20 datagrams that were not the answer, from ${place} last`);
    expect(stranger.received.length).toBe(8);
  });

  test('are none where a server answers from the port that was asked', async () => {
    const script = honest(FILE);
    const server = await listen('127.0.0.1', (packet, client, own) => {
      script(packet, { own, client, send: (data) => own.send(data, client) });
    });
    expect(await read(server.port)).toMatchObject({ ok: true });
  });
});

describe('a server that breaks the protocol', () => {
  test.each<[string, Buffer, string]>([
    ['options that were not asked for', optionsPacket('windowsize', '8'), 'error 8'],
    ['a larger block than agreed', dataPacket(1, Buffer.alloc(513)), 'error 4'],
    ['garbage', Buffer.from('HTTP/1.1 400 Bad Request'), 'error 4'],
    ['nothing', Buffer.alloc(0), 'error 4'],
  ])('with %s is told so', async (_, packet, told) => {
    const server = await serve((request, session) => {
      if (nameOf(request) === 'request') session.send(packet);
    });
    expect(await read(server.port)).toMatchObject({ ok: false, reason: 'protocol-error' });
    await vi.waitFor(() => expect(heard(server)).toEqual([told]), WAIT);
  });

  test('is never a pass and always an outcome, whatever it sends', async () => {
    const script = honest(FILE);
    const server = await serve((packet, session) => {
      script(packet, {
        ...session,
        send: (data) => {
          const bad = Buffer.from(data);
          // The last block is changed in any case: a pass would be a mistake.
          const isLast = bad.readUInt16BE(0) === 3 && bad.length < 1432;
          if (isLast) bad.writeUInt8(bad.readUInt8(5) ^ 1, 5);
          if (randomInt(8) === 0)
            for (let count = 0; count < 4; count += 1) bad[randomInt(bad.length)] = randomInt(256);
          if (isLast) bad.writeUInt8((FILE.at(14 * 1428 + 1) ?? 0) ^ 1, 5);
          session.send(randomInt(8) === 0 ? bad.subarray(0, randomInt(bad.length)) : bad);
        },
      });
    });
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, () => read(server.port, { timeoutMs: 400 })),
    );
    expect(outcomes.filter(({ ok }) => ok)).toEqual([]);
    for (const { detail } of outcomes) expect(detail).toMatch(/^[\x20-\x7e]+$/);
    expect(new Set(outcomes.map(({ reason }) => reason)).size).toBeGreaterThan(1);
    expect(outcomes.filter(({ reason }) => reason === 'internal-error')).toEqual([]);
  });
});

describe('an attempt', () => {
  test('leaves from the source address, and by the source interface', async () => {
    const server = await serve(honest(FILE));
    const ways: readonly Read[] = [
      { sourceAddress: '127.0.0.9' },
      { sourceInterface: 'lo' },
      { sourceAddress: '127.0.0.9', sourceInterface: 'lo' },
    ];
    for (const way of ways) expect(await read(server.port, way)).toMatchObject({ ok: true });
    expect(server.sessions.map(({ client }) => client.address)).toEqual([
      '127.0.0.9',
      '127.0.0.1',
      '127.0.0.9',
    ]);
    expect(await read(9, { sourceAddress: '192.0.2.9' })).toMatchObject({ reason: 'unreachable' });
    expect(await read(9, { sourceInterface: 'none0' })).toMatchObject({ reason: 'unreachable' });
  });

  test('has a port of its own, however many there are at once', async () => {
    const server = await serve(honest(FILE));
    const outcomes = await Promise.all(Array.from({ length: 300 }, () => read(server.port)));
    expect(outcomes.filter(({ ok }) => !ok)).toEqual([]);
    expect(new Set(server.sessions.map(({ client }) => client.port)).size).toBe(300);
  });

  test('can be called off, and tells the server', async () => {
    const script = honest(FILE);
    const caller = new AbortController();
    const server = await serve((packet, session) => {
      if (nameOf(packet) === 'ack 2') caller.abort();
      else script(packet, session);
    });
    expect(await read(server.port, { signal: caller.signal })).toMatchObject({ reason: 'killed' });
    await vi.waitFor(() => expect(heard(server).at(-1)).toBe('error 0'), WAIT);
  });

  test('sends nothing where it is called off before it begins', async () => {
    const server = await serve(honest(FILE));
    const caller = new AbortController();
    const asked = read(server.port, { signal: caller.signal });
    caller.abort();
    expect(await asked).toMatchObject({ reason: 'killed' });
    expect(await read(server.port)).toMatchObject({ ok: true });
    expect(server.requests.length).toBe(1);
  });

  test('leaves no socket behind, however it ends', async () => {
    let asked = 0;
    const server = await listen('127.0.0.1', (_, from, own) => {
      asked += 1;
      if (asked % 2 === 0) own.send(dataPacket(1, Buffer.alloc(asked % 4 === 0 ? 512 : 0)), from);
    });
    // Sockets of earlier tests may still be closing; this server's own stays.
    await vi.waitFor(() => expect(udpSockets()).toBe(1), WAIT);
    const caller = new AbortController();
    const ways: readonly Read[] = [{}, {}, { signal: AbortSignal.abort() }, { signal: caller.signal }];
    const more: readonly Read[] = [
      { sourceAddress: '192.0.2.9' },
      { sourceInterface: 'none0' },
      { to: '::1' },
    ];
    const attempts = [...ways, ...ways, ...more].map((way) =>
      read(server.port, { timeoutMs: SHORT_MS, ...way }),
    );
    await settle();
    expect(udpSockets()).toBeGreaterThan(1);
    caller.abort();
    await Promise.all(attempts);
    await vi.waitFor(() => expect(udpSockets()).toBe(1), WAIT);
  });
});
