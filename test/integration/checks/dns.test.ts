import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { type AddressInfo, createServer, type Socket as TcpSocket } from 'node:net';
import { type Answer, decode, encode, type Packet, TRUNCATED_RESPONSE } from 'dns-packet';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { dnsProbe } from '../../../src/checks/dns.ts';
import type { DnsSpec, ProbeOutcome } from '../../../src/checks/index.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { latenessOf } from '../../support/lateness.ts';
import { listen } from '../../support/listen.ts';

const LATE_MS = 50;
const NAME = 'www.test';
const UNKNOWN = `${'x'.repeat(64)}.test`;
const A: Answer = { type: 'A', name: NAME, ttl: 1, data: '192.0.2.10' };
const closers: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** What a server does with one query: it gets the query, its bytes, and how to answer. */
type OnQuery = (query: Packet, send: (message: Buffer) => void, from: RemoteInfo) => void;

async function serveUdp(onQuery: OnQuery, host = '127.0.0.1'): Promise<{ port: number; socket: Socket }> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (message, from) => {
    onQuery(decode(message), (answer) => socket.send(answer, from.port, from.address), from);
  });
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  closers.push(() => void socket.close());
  return { port: (socket.address() as AddressInfo).port, socket };
}

/** A server for TCP; `port` undefined: any. What it gets may come in pieces, here it comes in one. */
async function serveTcp(onQuery: (query: Packet, socket: TcpSocket) => void, port = 0): Promise<number> {
  const server = createServer((socket) => {
    socket.on('data', (data) => onQuery(decode(data.subarray(2)), socket));
  });
  const listening = await listen(server, { port });
  closers.push(() => listening.close());
  return listening.port;
}

function answerTo(query: Packet, over: Partial<Packet> = {}): Buffer {
  const { id = 0, questions = [] } = query;
  return encode({ type: 'response', id, questions, answers: [A], ...over });
}

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

const SPEC: DnsSpec = {
  type: 'dns',
  port: 53,
  name: NAME,
  recordType: 'A',
  transport: 'udp',
  tcpFallback: true,
  recursionDesired: true,
  rcode: 'NOERROR',
  answers: ['192.0.2.10'],
  match: 'all',
  minAnswers: 1,
  sourceAddress: undefined,
  sourceInterface: undefined,
};

function probe(
  port: number,
  changes: Partial<DnsSpec> = {},
  { destination = '127.0.0.1', timeoutMs = 2_000, signal = new AbortController().signal } = {},
): Promise<ProbeOutcome> {
  const spec = { ...SPEC, port, ...changes };
  return dnsProbe({ spec, destination, clock: systemClock }).attempt(timeoutMs, signal);
}

const PASSED = { ok: true, reason: 'passed', measurement: { kind: 'dns', answers: 1, rcode: 'NOERROR' } };

describe('over UDP', () => {
  test('passes when the answer is as wanted, over IPv4, IPv6 and by the name of a server', async () => {
    const { port } = await serveUdp((query, send) => send(answerTo(query)));
    expect(await probe(port)).toMatchObject(PASSED);
    const six = await serveUdp((query, send) => send(answerTo(query)), '::1');
    expect(await probe(six.port, {}, { destination: '::1' })).toMatchObject(PASSED);
    const named = { destination: 'localhost' };
    const source = { sourceAddress: '127.0.0.1' };
    expect(await probe(port, source, named)).toMatchObject(PASSED);
  });

  test('asks with a new id, from a new port, for what the check says', async () => {
    const seen: { id: number | undefined; port: number; query: Packet }[] = [];
    const { port } = await serveUdp((query, send, from) => {
      seen.push({ id: query.id, port: from.port, query });
      send(answerTo(query));
    });
    for (let round = 0; round < 4; round += 1) await probe(port);
    expect(new Set(seen.map(({ id }) => id)).size).toBeGreaterThan(1);
    expect(new Set(seen.map((query) => query.port)).size).toBeGreaterThan(1);
    expect(seen[0]?.query).toMatchObject({
      type: 'query',
      flag_rd: true,
      questions: [{ name: NAME, type: 'A', class: 'IN' }],
      additionals: [{ type: 'OPT', udpPayloadSize: 1232 }],
    });
    await probe(port, { recursionDesired: false });
    expect(seen.at(-1)?.query).toMatchObject({ flag_rd: false });
  });

  test('leaves from the source address', async () => {
    const sources: string[] = [];
    const { port } = await serveUdp((query, send, from) => {
      sources.push(from.address);
      send(answerTo(query));
    });
    expect((await probe(port, { sourceAddress: '127.0.0.42' })).reason).toBe('passed');
    expect(sources).toEqual(['127.0.0.42']);
    expect((await probe(port, { sourceAddress: '192.0.2.1' })).reason).toBe('unreachable');
  });

  test('a wrong answer fails with what came', async () => {
    const { port } = await serveUdp((query, send) => send(answerTo(query)));
    expect(await probe(port, { answers: ['192.0.2.11'] })).toMatchObject({
      ok: false,
      reason: 'unexpected-answer',
      detail: 'got "192.0.2.10"',
      measurement: { kind: 'dns', answers: 1, rcode: 'NOERROR' },
    });
    const failing = await serveUdp((query, send) => send(answerTo(query, { flags: 2, answers: [] })));
    expect(await probe(failing.port)).toMatchObject({
      reason: 'unexpected-rcode',
      detail: 'SERVFAIL instead of NOERROR',
      measurement: { kind: 'dns', answers: 0, rcode: 'SERVFAIL' },
    });
  });

  test('a port that nobody listens on refuses at once', async () => {
    const { port, socket } = await serveUdp(() => undefined);
    closers.pop();
    await new Promise<void>((resolve) => socket.close(resolve));
    expect(await probe(port)).toMatchObject({ ok: false, reason: 'refused' });
  });

  test('a server that does not exist, or has no address of the family, is not resolved', async () => {
    expect((await probe(53, {}, { destination: UNKNOWN })).reason).toBe('resolve-failed');
    const other = await probe(53, { sourceAddress: '::1' }, { destination: '127.0.0.1' });
    expect(other).toMatchObject({ reason: 'resolve-failed' });
  });

  test('silence ends at the timeout', async () => {
    const { port } = await serveUdp(() => undefined);
    const attempt = () => probe(port, {}, { timeoutMs: 40 });
    const { outcome, lateMs } = await latenessOf(40, attempt);
    expect(outcome).toMatchObject({ reason: 'timeout', detail: 'no answer within 40 ms' });
    expect(lateMs).toBeLessThan(LATE_MS);
  });

  test('is asked again without EDNS where the server does not know that', async () => {
    const asked: number[] = [];
    const { port } = await serveUdp((query, send) => {
      asked.push(query.additionals?.length ?? 0);
      const hasEdns = (query.additionals?.length ?? 0) > 0;
      send(hasEdns ? answerTo(query, { flags: 1, answers: [], questions: [] }) : answerTo(query));
    });
    expect(await probe(port)).toMatchObject(PASSED);
    expect(asked).toEqual([1, 0]);
    asked.length = 0;
    const always = await serveUdp((query, send) => {
      asked.push(query.additionals?.length ?? 0);
      send(answerTo(query, { flags: 1, answers: [] }));
    });
    expect(await probe(always.port)).toMatchObject({ reason: 'unexpected-rcode' });
    expect(await probe(always.port, { rcode: 'FORMERR', answers: [], minAnswers: 0 })).toMatchObject({
      ok: true,
    });
    expect(asked).toEqual([1, 0, 1]);
  });
});

describe('what others send', () => {
  const evil: Answer = { ...A, data: '192.0.2.66' };
  const wanted = { answers: ['192.0.2.66'] };

  test('with a wrong id or for another question is ignored, and told of at the timeout', async () => {
    const { port } = await serveUdp((query, send) => {
      const id = ((query.id ?? 0) + 1) % 0x1_0000;
      send(answerTo({ ...query, id }, { answers: [evil] }));
      send(answerTo(query, { answers: [evil], questions: [{ type: 'A', name: 'ww.test' }] }));
      send(answerTo(query, { answers: [evil], type: 'query' }));
      send(Buffer.from('ff', 'hex'));
    });
    const outcome = await probe(port, wanted, { timeoutMs: 250 });
    expect(outcome).toMatchObject({ ok: false, reason: 'timeout' });
    expect(outcome.measurement).toBeUndefined();
    expect(outcome.detail).toMatch(/^no answer within 250 ms; ignored 4 datagrams .*127\.0\.0\.1:/);
  });

  test('from another port or address is never heard, and the answer after it is', async () => {
    const otherPort = createSocket('udp4');
    const otherAddress = createSocket('udp4');
    closers.push(
      () => void otherPort.close(),
      () => void otherAddress.close(),
    );
    const { port } = await serveUdp((query, send, from) => {
      const spoof = answerTo(query, { answers: [evil] });
      otherAddress.bind(port, '127.0.0.2', () => {
        otherAddress.send(spoof, from.port, from.address, () => {
          otherPort.send(spoof, from.port, from.address, () => send(answerTo(query)));
        });
      });
    });
    expect(await probe(port)).toMatchObject(PASSED);
  });

  test('with our id but unreadable is a protocol error', async () => {
    const { port } = await serveUdp((query, send) => send(answerTo(query).subarray(0, -1)));
    expect(await probe(port)).toMatchObject({ ok: false, reason: 'protocol-error' });
  });

  test('never throws and never passes, whatever it is', async () => {
    const whole = (query: Packet): Buffer => answerTo(query);
    let length = 0;
    const { port } = await serveUdp((query, send) => send(whole(query).subarray(0, length)));
    const size = answerTo({ id: 1, questions: [{ type: 'A', name: NAME }] }).length;
    const reasons = new Set<string>();
    for (length = 2; length < size; length += 1) reasons.add((await probe(port)).reason);
    expect([...reasons]).toEqual(['protocol-error']);
    expect((await probe(port)).reason).toBe('passed');
  });
});

describe('a truncated answer', () => {
  const truncated = (query: Packet): Buffer => answerTo(query, { flags: TRUNCATED_RESPONSE, answers: [] });

  test('is asked for again over TCP', async () => {
    const { port } = await serveUdp((query, send) => send(truncated(query)));
    await serveTcp((query, socket) => socket.end(framed(answerTo(query))), port);
    expect(await probe(port)).toMatchObject(PASSED);
  });

  test('fails where that is not wanted', async () => {
    const { port } = await serveUdp((query, send) => send(truncated(query)));
    expect(await probe(port, { tcpFallback: false })).toMatchObject({
      reason: 'truncated',
      measurement: { kind: 'dns', answers: 0, rcode: 'NOERROR' },
    });
  });

  test('fails where nobody listens on TCP, and within the same timeout where nobody answers there', async () => {
    const { port } = await serveUdp((query, send) => send(truncated(query)));
    expect((await probe(port)).reason).toBe('refused');
    await serveTcp(() => undefined, port);
    const { outcome, lateMs } = await latenessOf(60, () => probe(port, {}, { timeoutMs: 60 }));
    const detail = 'no answer within 60 ms, after a truncated one over UDP';
    expect(outcome).toMatchObject({ reason: 'timeout', detail });
    expect(lateMs).toBeLessThan(LATE_MS);
  });
});

describe('over TCP', () => {
  const tcp = { transport: 'tcp' } as const;

  test('passes, however the answer is split', async () => {
    const whole = await serveTcp((query, socket) => socket.write(framed(answerTo(query))));
    expect(await probe(whole, tcp)).toMatchObject(PASSED);
    const inBytes = await serveTcp((query, socket) => {
      socket.setNoDelay();
      const bytes = [...framed(answerTo(query))];
      const next = (): void => {
        const byte = bytes.shift();
        if (byte !== undefined) socket.write(Buffer.of(byte), () => setImmediate(next));
      };
      next();
    });
    expect(await probe(inBytes, tcp)).toMatchObject(PASSED);
  });

  test('reads an answer of 64 KiB', async () => {
    const port = await serveTcp((query, socket) => {
      const many = Array.from({ length: 2_700 }, (_, index) => ({
        ...A,
        data: `192.1.${index >> 8}.${index & 255}`,
      }));
      socket.end(framed(answerTo(query, { answers: [...many, A] })));
    });
    expect(await probe(port, tcp)).toMatchObject({ reason: 'passed', measurement: { answers: 2_701 } });
  });

  test('says goodbye to a server that has answered, and resets one that has not', async () => {
    const ends: string[] = [];
    const watch = (socket: TcpSocket): void => {
      socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? ''));
      socket.on('end', () => ends.push('FIN'));
    };
    const port = await serveTcp((query, socket) => {
      watch(socket);
      socket.write(framed(answerTo(query)));
    });
    await probe(port, { ...tcp, answers: ['192.0.2.1'] });
    await vi.waitFor(() => expect(ends).toEqual(['FIN']));
    const hanging = await serveTcp((_query, socket) => watch(socket));
    await probe(hanging, tcp, { timeoutMs: 40 });
    await vi.waitFor(() => expect(ends).toEqual(['FIN', 'ECONNRESET']));
  });

  test('fails with a reason where the server is refused, closes early, or answers something else', async () => {
    const refused = await serveUdp(() => undefined);
    expect((await probe(refused.port, tcp)).reason).toBe('refused');
    const silent = await serveTcp((_query, socket) => socket.end());
    expect(await probe(silent, tcp)).toMatchObject({
      reason: 'closed',
      detail: 'closed after 0 bytes of an answer',
    });
    const early = await serveTcp((query, socket) => socket.end(framed(answerTo(query)).subarray(0, 12)));
    expect((await probe(early, tcp)).detail).toMatch(/^closed after 10 of \d+ bytes of an answer$/);
    const other = await serveTcp((query, socket) => socket.write(framed(answerTo({ ...query, id: 1 }))));
    const another = await probe(other, { ...tcp });
    expect(another.reason).toBe('protocol-error');
    const empty = await serveTcp((_query, socket) => socket.write(Buffer.of(0, 0)));
    expect((await probe(empty, tcp)).reason).toBe('protocol-error');
    const again = await serveTcp((query, socket) => {
      socket.write(framed(answerTo(query, { flags: TRUNCATED_RESPONSE })));
    });
    expect((await probe(again, tcp)).reason).toBe('truncated');
  });

  test('is bounded where a server sends without end', async () => {
    const port = await serveTcp((_query, socket) => {
      const flood = Buffer.alloc(65_536, 0xff);
      const pour = (): void => {
        if (!socket.destroyed) socket.write(flood, () => setImmediate(pour));
      };
      pour();
    });
    expect((await probe(port, tcp)).reason).toBe('protocol-error');
  });
});

describe('however it ends', () => {
  /** Of this thread, those of its servers among them. */
  const openSockets = (): number =>
    process.getActiveResourcesInfo().filter((name) => /UDP|TCPSocket/.test(name)).length;

  test('an attempt that is called off ends at once', async () => {
    const { port } = await serveUdp(() => undefined);
    for (const transport of ['udp', 'tcp'] as const) {
      const controller = new AbortController();
      const attempt = probe(port, { transport }, { signal: controller.signal });
      controller.abort();
      expect((await attempt).reason).toBe('killed');
      expect((await probe(port, { transport }, { signal: controller.signal })).reason).toBe('killed');
    }
  });

  test('no socket stays', async () => {
    const { port } = await serveUdp((query, send) => send(answerTo(query, { flags: TRUNCATED_RESPONSE })));
    const silent = await serveUdp(() => undefined);
    await serveTcp((query, socket) => socket.end(framed(answerTo(query))), port);
    await serveTcp(() => undefined, silent.port);
    const rounds = async (): Promise<void> => {
      const one = { timeoutMs: 20 };
      await Promise.all([
        probe(port),
        probe(port, { tcpFallback: false }),
        probe(port, { sourceAddress: '192.0.2.1' }),
        probe(silent.port, {}, one),
        probe(silent.port, { transport: 'tcp' }, one),
        probe(silent.port, { sourceInterface: 'none0' }, one),
      ]);
    };
    const before = openSockets();
    expect(before).toBeGreaterThan(0);
    for (let round = 0; round < 5; round += 1) await rounds();
    // What an earlier test left to be closed may still be in `before`.
    await vi.waitFor(() => expect(openSockets()).toBeLessThanOrEqual(before), 10_000);
  });
});
