import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ProbeOutcome, TcpSpec, TlsSpec } from '../../../src/checks/index.ts';
import { tcpProbe } from '../../../src/checks/tcp.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { latenessOf } from '../../support/lateness.ts';
import { type Listening, listen } from '../../support/listen.ts';

const LATE_MS = 50;
/** A label longer than DNS allows: found not to exist without asking anyone. */
const UNKNOWN = `${'x'.repeat(64)}.test`;
const certificates = await makeCertificates();
const open: Listening[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function serve(server: Server, host?: string): Promise<number> {
  const listening = await listen(server, host === undefined ? {} : { host });
  open.push(listening);
  return listening.port;
}

function tlsSpec(changes: Partial<TlsSpec> = {}): TlsSpec {
  const ca = certificates.authority.cert;
  return { ca, cert: undefined, key: undefined, serverName: undefined, skipVerify: false, ...changes };
}

function probe(
  port: number,
  changes: Partial<TcpSpec> = {},
  { destination = '127.0.0.1', timeoutMs = 2_000, signal = new AbortController().signal } = {},
): Promise<ProbeOutcome> {
  const base = {
    type: 'tcp',
    send: undefined,
    expect: undefined,
    tls: undefined,
    sourceAddress: undefined,
    sourceInterface: undefined,
  } as const;
  const spec = { ...base, port, ...changes };
  return tcpProbe({ spec, destination, clock: systemClock }).attempt(timeoutMs, signal);
}

/** A port that nobody listens on: it was ours a moment ago. */
async function closedPort(): Promise<number> {
  const listening = await listen(createServer());
  await listening.close();
  return listening.port;
}

describe('a connection', () => {
  test('that is accepted passes', async () => {
    const port = await serve(createServer());
    expect(await probe(port)).toMatchObject({ ok: true, reason: 'passed', detail: undefined });
  });

  test('passes over IPv6 and by name', async () => {
    const port = await serve(createServer(), '::1');
    expect((await probe(port, {}, { destination: '::1' })).reason).toBe('passed');
    const port4 = await serve(createServer());
    expect((await probe(port4, {}, { destination: 'localhost' })).reason).toBe('passed');
  });

  test('that nobody listens for is refused', async () => {
    const port = await closedPort();
    expect(await probe(port)).toMatchObject({ ok: false, reason: 'refused' });
    expect(await probe(port, {}, { destination: 'localhost' })).toMatchObject({
      ok: false,
      reason: 'refused',
    });
  });

  test('to a name that does not exist is told as such', async () => {
    const outcome = await probe(1, {}, { destination: UNKNOWN, timeoutMs: 1_000 });
    expect(outcome.reason).toBe('resolve-failed');
  });

  test('leaves from the source address', async () => {
    let source: string | undefined;
    const port = await serve(
      createServer((socket) => {
        source = socket.remoteAddress;
      }),
    );
    expect((await probe(port, { sourceAddress: '127.0.0.42' })).reason).toBe('passed');
    await vi.waitFor(() => expect(source).toBe('127.0.0.42'));
    expect((await probe(port, { sourceAddress: '192.0.2.1' })).reason).toBe('unreachable');
  });

  test('ends as any client does where it passed, and with a reset where it failed', async () => {
    const ends: string[] = [];
    const port = await serve(
      createServer((socket) => {
        socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? ''));
        socket.on('end', () => ends.push('FIN'));
        socket.resume();
      }),
    );
    await probe(port);
    await vi.waitFor(() => expect(ends).toEqual(['FIN']));
    await probe(port, { expect: 'never' }, { timeoutMs: 30 });
    await vi.waitFor(() => expect(ends).toEqual(['FIN', 'ECONNRESET']));
  });
});

describe('what is sent and expected', () => {
  const answering = (answer: (socket: Socket, request: string) => void): Server =>
    createServer((socket) => socket.on('data', (data) => answer(socket, data.toString())));

  test('passes as soon as the answer contains the text, without waiting for its end', async () => {
    const port = await serve(
      answering((socket, request) => socket.write(`HTTP/1.0 200 OK\r\nsaid: ${request}`)),
    );
    const changes = { send: 'HEAD / HTTP/1.0\r\n\r\n', expect: '200 OK' };
    expect(await probe(port, changes)).toMatchObject({ ok: true, reason: 'passed' });
  });

  test('finds a text that comes byte by byte behind a megabyte of others', async () => {
    const port = await serve(
      createServer({ noDelay: true }, (socket) => {
        socket.write(Buffer.alloc(1_048_576, '-'), () => {
          for (const letter of 'pong') setImmediate(() => socket.write(letter));
        });
      }),
    );
    expect((await probe(port, { expect: 'pong' })).reason).toBe('passed');
  });

  test('passes with a greeting where nothing is sent', async () => {
    const port = await serve(createServer((socket) => socket.write('SSH-2.0-x\r\n')));
    expect((await probe(port, { expect: 'SSH-2.0' })).reason).toBe('passed');
  });

  test('passes when it is sent where nothing is expected', async () => {
    let got = '';
    const port = await serve(
      answering((_socket, request) => {
        got += request;
      }),
    );
    expect((await probe(port, { send: 'hello' })).reason).toBe('passed');
    await vi.waitFor(() => expect(got).toBe('hello'));
  });

  test('shows what came instead where the server closes', async () => {
    const port = await serve(answering((socket) => socket.end('HTTP/1.0 503 \u0000')));
    expect(await probe(port, { send: 'x', expect: '200 OK' })).toMatchObject({
      ok: false,
      reason: 'unexpected-answer',
      detail: 'got "HTTP/1.0 503 \\u0000"',
    });
  });

  test('tells a close without a word and a reset apart', async () => {
    const closing = await serve(createServer((socket) => socket.end()));
    expect((await probe(closing, { expect: 'x' })).reason).toBe('closed');
    const resetting = await serve(answering((socket) => socket.resetAndDestroy()));
    expect((await probe(resetting, { send: 'x', expect: 'x' })).reason).toBe('reset');
  });
});

describe('a target that hangs', () => {
  test.each([20, 150])('is given up after %i ms, not before', async (timeoutMs) => {
    const port = await serve(createServer());
    const hang = () => probe(port, { expect: 'never' }, { timeoutMs });
    const { outcome, lateMs } = await latenessOf(timeoutMs, hang);
    expect(outcome).toMatchObject({ reason: 'timeout', detail: `no answer within ${timeoutMs} ms` });
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(LATE_MS);
  });

  test('in the TLS handshake is given up too', async () => {
    const port = await serve(createServer());
    const outcome = await probe(port, { tls: tlsSpec() }, { timeoutMs: 40 });
    expect(outcome).toMatchObject({ reason: 'timeout', detail: 'no TLS handshake within 40 ms' });
  });

  test('that never stops talking is given up too', async () => {
    const port = await serve(
      createServer((socket) => {
        const talk = (): void => {
          if (!socket.destroyed) socket.write(Buffer.alloc(65_536, 'x'), talk);
        };
        talk();
      }),
    );
    const listenOn = () => probe(port, { expect: 'never' }, { timeoutMs: 100 });
    const { outcome, lateMs } = await latenessOf(100, listenOn);
    expect(outcome.reason).toBe('timeout');
    expect(lateMs).toBeLessThan(LATE_MS);
  });

  test('is let go of when the attempt is called off', async () => {
    const port = await serve(createServer());
    const abort = new AbortController();
    const outcome = probe(port, { expect: 'never' }, { timeoutMs: 60_000, signal: abort.signal });
    abort.abort();
    expect((await outcome).reason).toBe('killed');
  });

  test('leaves no sockets behind, in a hundred probes', async () => {
    const port = await serve(createServer());
    const sockets = (): number =>
      process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
    await probe(port, { expect: 'never', tls: tlsSpec() }, { timeoutMs: 20 });
    await vi.waitFor(() => expect(open[0]?.connections()).toBe(0));
    const before = sockets();
    const hangs = Array.from({ length: 100 }, (_, index) => {
      return probe(
        port,
        { expect: 'never', tls: index % 2 === 0 ? undefined : tlsSpec() },
        { timeoutMs: 60 },
      );
    });
    const outcomes = await Promise.all(hangs);
    expect(new Set(outcomes.map(({ reason }) => reason))).toEqual(new Set(['timeout']));
    await vi.waitFor(() => expect(open[0]?.connections()).toBe(0));
    await vi.waitFor(() => expect(sockets()).toBeLessThanOrEqual(before));
  });
});

describe('TLS', () => {
  const secure = (options = {}): Server =>
    createTlsServer({ ...certificates.server, ...options }, (socket: TLSSocket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write('pong'));
    });

  test('passes with the right authority, and talks inside', async () => {
    const port = await serve(secure());
    expect((await probe(port, { tls: tlsSpec() })).reason).toBe('passed');
    expect((await probe(port, { tls: tlsSpec(), send: 'ping', expect: 'pong' })).reason).toBe('passed');
  });

  test('sends the configured name, and verifies it', async () => {
    const names: string[] = [];
    const port = await serve(
      secure({
        SNICallback: (name: string, done: (error: null) => void) => {
          names.push(name);
          done(null);
        },
      }),
    );
    expect((await probe(port, { tls: tlsSpec({ serverName: 'web.test' }) })).reason).toBe('passed');
    expect((await probe(port, { tls: tlsSpec({ serverName: 'other.test' }) })).reason).toBe('tls-failed');
    expect((await probe(port, { tls: tlsSpec() })).reason).toBe('passed'); // by address: no name is sent
    expect(names).toEqual(['web.test', 'other.test']);
  });

  test('verifies the address where no name is configured', async () => {
    const port = await serve(secure(), '127.0.0.2');
    const outcome = await probe(port, { tls: tlsSpec() }, { destination: '127.0.0.2' });
    expect(outcome.reason).toBe('tls-failed');
    expect(outcome.detail).toContain('127.0.0.2');
  });

  test.each([
    ['another authority', certificates.otherAuthority.cert],
    ["the system's authorities", undefined],
  ])('fails with %s', async (_name, ca) => {
    const port = await serve(secure());
    expect((await probe(port, { tls: tlsSpec({ ca }) })).reason).toBe('tls-failed');
  });

  test('passes with any certificate where verification is off', async () => {
    const port = await serve(secure(), '127.0.0.2');
    const tls = tlsSpec({ ca: undefined, skipVerify: true });
    expect((await probe(port, { tls }, { destination: '127.0.0.2' })).reason).toBe('passed');
  });

  test('shows a client certificate where there is one', async () => {
    const port = await serve(
      secure({ requestCert: true, rejectUnauthorized: true, ca: certificates.authority.cert }),
    );
    const exchange = { send: 'ping', expect: 'pong' };
    const { cert, key } = certificates.client;
    expect((await probe(port, { tls: tlsSpec({ cert, key }), ...exchange })).reason).toBe('passed');
    expect((await probe(port, { tls: tlsSpec(), ...exchange })).reason).toBe('tls-failed');
  });

  test('fails against a server that speaks something else', async () => {
    const port = await serve(createServer((socket) => socket.write('220 mail\r\n')));
    expect((await probe(port, { tls: tlsSpec() })).reason).toBe('tls-failed');
  });

  test('fails, rather than throws, with an authority that is no certificate', async () => {
    const port = await serve(secure());
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    expect((await probe(port, { tls: tlsSpec({ ca: broken }) })).reason).toBe('tls-failed');
  });
});
