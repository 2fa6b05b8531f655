import { readdirSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { grpcProbe } from '../../../src/checks/grpc.ts';
import type { GrpcSpec, Probe, ProbeOutcome, TlsSpec } from '../../../src/checks/index.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { latenessOf } from '../../support/lateness.ts';
import { type Listening, listen } from '../../support/listen.ts';

const LATE_MS = 50;
const UNKNOWN = `${'x'.repeat(64)}.test`;
const SERVING = Buffer.from('00000000020801', 'hex');
const NOT_SERVING = Buffer.from('00000000020802', 'hex');
const certificates = await makeCertificates();
const open: Listening[] = [];
const probes: Probe[] = [];

afterEach(async () => {
  await Promise.all(probes.splice(0).map((probe) => probe.close()));
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function serve(server: Server | Http2Server, at: { host?: string; port?: number } = {}) {
  const listening = await listen(server as Server, at);
  open.push(listening);
  return listening;
}

type Answer = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** A gRPC server that answers as it is told, and counts its sessions. */
async function answering(answer: Answer, at: { host?: string; port?: number } = {}) {
  const calls: { headers: IncomingHttpHeaders; body: string }[] = [];
  const sessions: ServerHttp2Session[] = [];
  const server = createServer();
  server.on('session', (session) => sessions.push(session));
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    const call = { headers, body: '' };
    calls.push(call);
    stream.on('error', () => undefined);
    stream.setEncoding('hex').on('data', (chunk: string) => {
      call.body += chunk;
    });
    answer(stream, headers);
  });
  return { ...(await serve(server, at)), calls, sessions };
}

/** Answers with that message and status, as gRPC does. */
function reply(message: Buffer, trailers: Record<string, string> = { 'grpc-status': '0' }): Answer {
  return (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end(message);
  };
}

const HEADERS = { ':status': 200, 'content-type': 'application/grpc' };

function headersOnly(headers: OutgoingHttpHeaders): Answer {
  return (stream) => stream.respond({ ...HEADERS, ...headers }, { endStream: true });
}

function withoutTrailers(headers: OutgoingHttpHeaders): Answer {
  return (stream) => {
    stream.respond({ ...HEADERS, ...headers });
    stream.end(SERVING);
  };
}

function breakingOff(stream: ServerHttp2Stream): void {
  stream.respond({ ...HEADERS, 'grpc-status': '0' });
  stream.write(SERVING, () => stream.close(8));
}

function probe(port: number, changes: Partial<GrpcSpec> = {}, destination = '127.0.0.1'): Probe {
  const spec: GrpcSpec = {
    type: 'grpc',
    port,
    service: '',
    authority: undefined,
    tls: undefined,
    sourceAddress: undefined,
    sourceInterface: undefined,
    ...changes,
  };
  const made = grpcProbe({ spec, destination, version: '1.2.3', clock: systemClock });
  probes.push(made);
  return made;
}

function attempt(target: Probe, timeoutMs = 2_000): Promise<ProbeOutcome> {
  return target.attempt(timeoutMs, new AbortController().signal);
}

function tlsSpec(changes: Partial<TlsSpec> = {}): TlsSpec {
  const ca = certificates.authority.cert;
  return { ca, cert: undefined, key: undefined, serverName: undefined, skipVerify: false, ...changes };
}

describe('the call', () => {
  test('asks for the service, within the time that is left, and says who asks', async () => {
    const { port, calls } = await answering(reply(SERVING));
    const outcome = await attempt(probe(port, { service: 'db' }));
    expect(outcome).toMatchObject({ ok: true, reason: 'passed', detail: undefined });
    expect(calls[0]?.body).toBe('00000000040a026462');
    const { 'grpc-timeout': timeout, ...headers } = calls[0]?.headers ?? {};
    expect(headers).toEqual({
      ':method': 'POST',
      ':scheme': 'http',
      ':path': '/grpc.health.v1.Health/Check',
      ':authority': `127.0.0.1:${port}`,
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'vpcast/1.2.3',
      [Object.getOwnPropertySymbols(headers)[0] ?? '']: expect.anything(),
    });
    expect(timeout).toMatch(/^(?:2000|1\d\d\d)m$/);
  });

  test('goes to the authority that is configured, from the source address, over IPv6', async () => {
    const sources: (string | undefined)[] = [];
    const { port, calls } = await answering((stream, headers) => {
      sources.push(stream.session?.socket.remoteAddress);
      reply(SERVING)(stream, headers);
    });
    await attempt(probe(port, { authority: 'db.internal', sourceAddress: '127.0.0.2' }));
    expect([calls[0]?.headers[':authority'], sources[0]]).toEqual(['db.internal', '127.0.0.2']);
    const over6 = await answering(reply(SERVING), { host: '::1' });
    expect((await attempt(probe(over6.port, {}, '::1'))).reason).toBe('passed');
    expect(over6.calls[0]?.headers[':authority']).toBe(`[::1]:${over6.port}`);
  });

  test.each([
    ['NOT_SERVING', reply(NOT_SERVING), 'not-serving'],
    ['another status', reply(Buffer.alloc(0), { 'grpc-status': '14' }), 'unexpected-status'],
    ['trailers only', headersOnly({ 'grpc-status': '5' }), 'unknown-service'],
    ['success in trailers only', headersOnly({ 'grpc-status': '0' }), 'protocol-error'],
    ['SERVING without trailers', withoutTrailers({}), 'protocol-error'],
    ['SERVING in a stream that breaks off', breakingOff, 'protocol-error'],
    ['a web page', withoutTrailers({ 'content-type': 'text/html' }), 'protocol-error'],
    ['an HTTP error', headersOnly({ ':status': 503 }), 'unexpected-status'],
    ['too much', reply(Buffer.alloc(100_000)), 'protocol-error'],
    ['a refused stream', (stream) => stream.close(7), 'refused'],
    ['an internal error', (stream) => stream.close(2), 'protocol-error'],
    ['a connection that is closed', (stream) => stream.session?.destroy(), 'closed'],
    [
      'a connection that is reset',
      (stream) => void (stream.session?.socket as Socket).resetAndDestroy(),
      'reset',
    ],
  ] satisfies [string, Answer, string][])('answered by %s fails', async (_, answer, reason) => {
    const { port, connections } = await answering(answer);
    const target = probe(port);
    expect((await attempt(target)).reason).toBe(reason);
    expect((await attempt(target)).reason).toBe(reason);
    await vi.waitFor(() => expect(connections()).toBe(0));
  });
});

describe('the connection', () => {
  test('is kept from pass to pass, and ends with the probe', async () => {
    const { port, calls, sessions, connections } = await answering(reply(SERVING));
    const target = probe(port);
    for (let n = 0; n < 20; n += 1) expect((await attempt(target)).reason).toBe('passed');
    expect([calls.length, sessions.length, connections()]).toEqual([20, 1, 1]);
    await target.close();
    await vi.waitFor(() => expect(connections()).toBe(0));
  });

  test('is made anew after a failure', async () => {
    const messages = [SERVING, NOT_SERVING, SERVING];
    const { port, sessions } = await answering((...args) => reply(messages.shift() ?? SERVING)(...args));
    const target = probe(port);
    const reasons = [await attempt(target), await attempt(target), await attempt(target)];
    expect(reasons.map(({ reason }) => reason)).toEqual(['passed', 'not-serving', 'passed']);
    expect(sessions.length).toBe(2);
  });

  test.each([
    ['with GOAWAY', (session: ServerHttp2Session) => session.goaway(0)],
    ['with GOAWAY for an error', (session: ServerHttp2Session) => session.goaway(11)],
    ['in good order', (session: ServerHttp2Session) => session.close()],
    ['at once', (session: ServerHttp2Session) => session.destroy()],
    ['by a reset', (session: ServerHttp2Session) => (session.socket as Socket).resetAndDestroy()],
  ])('that the server ends %s while it is idle, is made anew without a failure', async (_, end) => {
    const { port, sessions } = await answering(reply(SERVING));
    const target = probe(port);
    await attempt(target);
    for (const session of sessions) end(session);
    expect((await attempt(target)).reason).toBe('passed');
    expect((await attempt(target)).reason).toBe('passed');
    expect(sessions.length).toBe(2);
  });

  test.each([
    ['GOAWAY that leaves it out', (stream: ServerHttp2Stream) => stream.session?.goaway(0, 1)],
    ['a refusal', (stream: ServerHttp2Stream) => stream.close(7)],
    ['a closed connection', (stream: ServerHttp2Stream) => stream.session?.destroy()],
  ])('where a call meets %s is made anew once', async (_, refuse) => {
    const seen = new Set<unknown>();
    let isBroken = false;
    const { port, calls } = await answering((stream, headers) => {
      const isFirst = !seen.has(stream.session);
      seen.add(stream.session);
      if (isFirst && !isBroken) reply(SERVING)(stream, headers);
      else refuse(stream);
    });
    const target = probe(port);
    for (let n = 0; n < 3; n += 1) expect((await attempt(target)).reason).toBe('passed');
    isBroken = true;
    const before = calls.length;
    expect((await attempt(target, 500)).ok).toBe(false);
    expect(calls.length).toBe(before + 2);
  });

  test('is made anew when the server has been gone and is back', async () => {
    const first = await answering(reply(SERVING));
    const target = probe(first.port);
    await attempt(target);
    await open.pop()?.close();
    expect((await attempt(target)).reason).toBe('refused');
    await answering(reply(SERVING), { port: first.port });
    expect((await attempt(target)).reason).toBe('passed');
  });
});

describe('over TLS', () => {
  test('proves both sides', async () => {
    const { cert, key } = certificates.server;
    const options = {
      cert,
      key,
      ca: certificates.authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
    };
    const server = createSecureServer(options);
    server.on('stream', reply(SERVING)).on('sessionError', () => undefined);
    const { port } = await serve(server);
    const target = probe(port, { tls: tlsSpec(certificates.client) });
    expect([(await attempt(target)).reason, (await attempt(target)).reason]).toEqual(['passed', 'passed']);
    expect((await attempt(probe(port, { tls: tlsSpec() }))).reason).toBe('tls-failed');
    const other = tlsSpec({ ...certificates.client, ca: certificates.otherAuthority.cert });
    expect((await attempt(probe(port, { tls: other }))).reason).toBe('tls-failed');
    const named = { tls: tlsSpec(certificates.client), authority: 'web.test:443' };
    expect((await attempt(probe(port, named))).reason).toBe('passed');
    const misnamed = { tls: tlsSpec(certificates.client), authority: 'other.test' };
    expect((await attempt(probe(port, misnamed))).reason).toBe('tls-failed');
    expect((await attempt(probe(port))).ok).toBe(false);
  });

  test('a server that knows no HTTP/2 is told as such', async () => {
    const { port, connections } = await serve(
      createTlsServer(certificates.server, (socket) => void socket.resume()),
    );
    expect(await attempt(probe(port, { tls: tlsSpec() }))).toMatchObject({
      reason: 'protocol-error',
      detail: 'the server does not speak HTTP/2 here: it chose no h2 by ALPN',
    });
    await vi.waitFor(() => expect(connections()).toBe(0));
  });
});

describe('a server that fails', () => {
  test('is told by what is missing, in time, and nothing stays open', async () => {
    const silent = await serve(createTcpServer((socket) => void socket.resume()));
    const mute = await answering(() => undefined);
    const half = await answering((stream) =>
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }),
    );
    const cases = [
      [silent.port, undefined, 'no answer within 100 ms'],
      [silent.port, tlsSpec(), 'no TLS handshake within 100 ms'],
      [mute.port, undefined, 'no answer within 100 ms'],
      [half.port, undefined, 'no complete answer within 100 ms'],
    ] as const;
    const descriptors = readdirSync('/proc/self/fd').length;
    for (const [port, tls, detail] of cases) {
      const { outcome, lateMs } = await latenessOf(100, () => attempt(probe(port, { tls }), 100));
      expect(outcome).toMatchObject({ reason: 'timeout', detail });
      expect(lateMs).toBeLessThan(LATE_MS);
    }
    const left = () => [silent.connections(), mute.connections(), half.connections()];
    await vi.waitFor(() => expect(left()).toEqual([0, 0, 0]));
    await vi.waitFor(() => expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(descriptors));
  });

  test('after it has answered before is given up at the timeout, with its connection', async () => {
    let isMute = false;
    const { port, connections } = await answering((...args) => {
      if (!isMute) reply(SERVING)(...args);
    });
    const target = probe(port);
    await attempt(target);
    isMute = true;
    expect(await attempt(target, 100)).toMatchObject({
      reason: 'timeout',
      detail: 'no answer within 100 ms',
    });
    await vi.waitFor(() => expect(connections()).toBe(0));
    isMute = false;
    expect((await attempt(target)).reason).toBe('passed');
  });

  test.each([
    ['refuses', 1, '127.0.0.1', {}, 'refused'],
    ['has no address', 1, UNKNOWN, {}, 'resolve-failed'],
    ['is to be asked by no interface', 1, '127.0.0.1', { sourceInterface: 'nope0' }, 'unreachable'],
    ['is to be asked from no address', 1, '127.0.0.1', { sourceAddress: '192.0.2.1' }, 'unreachable'],
  ] as const)('%s', async (_, port, destination, changes, reason) => {
    const target = probe(port, changes, destination);
    expect((await attempt(target)).reason).toBe(reason);
    expect((await attempt(target)).reason).toBe(reason);
  });

  test('speaks HTTP/1 or closes at once', async () => {
    const web = await serve(createHttpServer((_, response) => response.end('hi')));
    expect((await attempt(probe(web.port))).reason).toBe('protocol-error');
    const door = await serve(createTcpServer((socket) => socket.end()));
    expect((await attempt(probe(door.port))).reason).toBe('closed');
  });

  test('and an attempt that is called off leave nothing behind', async () => {
    const { port, connections } = await answering(() => undefined);
    const stop = new AbortController();
    const outcome = probe(port).attempt(5_000, stop.signal);
    await vi.waitFor(() => expect(connections()).toBe(1));
    stop.abort();
    expect((await outcome).reason).toBe('killed');
    await vi.waitFor(() => expect(connections()).toBe(0));
  });
});
