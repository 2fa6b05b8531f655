import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { cabourotteProbe } from '../../../src/checks/cabourotte.ts';
import type { CabourotteServer } from '../../../src/checks/cabourotte-server.ts';
import type { CabourotteSpec, Probe, ProbeOutcome, TlsSpec } from '../../../src/checks/index.ts';
import { Shared } from '../../../src/lib/shared.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { latenessOf } from '../../support/lateness.ts';
import { type Listening, listen } from '../../support/listen.ts';

const LATE_MS = 50;
const UNKNOWN = `${'x'.repeat(64)}.test`;
const certificates = await makeCertificates();
const open: Listening[] = [];
const probes: Probe[] = [];

afterEach(async () => {
  await Promise.all(probes.splice(0).map((probe) => probe.close()));
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function serve(server: Server, port = 0): Promise<Listening> {
  const listening = await listen(server, { port });
  open.push(listening);
  return listening;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that answers as it is told, and counts what comes. */
async function answering(answer: Answer, port = 0) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  let opened = 0;
  server.on('connection', () => {
    opened += 1;
  });
  const { port: at, connections } = await serve(server, port);
  return { url: `http://127.0.0.1:${at}`, port: at, requests, connections, opened: () => opened };
}

function resultOf(name: string, changes: object = {}): string {
  const seconds = Math.floor(Date.now() / 1_000);
  return `${JSON.stringify({ name, success: true, 'healthcheck-timestamp': seconds, message: 'success', ...changes })}\n`;
}

/** Answers as Cabourotte does that has a result of each name asked for, but `none`. */
function cabourotte(prefix: '' | '/api/v1', latencyMs = 0): Answer {
  return async ({ url = '' }, response) => {
    await after(latencyMs);
    const name = decodeURIComponent(url.slice(`${prefix}/result/`.length));
    const isFound = url.startsWith(`${prefix}/result/`) && name !== 'none';
    const missing = name === 'none' ? `result not found for healthcheck ${name}` : 'Not found';
    response.writeHead(isFound ? 200 : 404, { 'content-type': 'application/json' });
    response.end(isFound ? resultOf(name) : JSON.stringify({ messages: [missing] }));
  };
}

function probe(
  url: string,
  changes: Partial<CabourotteSpec> = {},
  servers?: Shared<CabourotteServer>,
): Probe {
  const spec: CabourotteSpec = {
    type: 'cabourotte',
    url,
    name: 'web',
    basicAuth: undefined,
    tls: undefined,
    maxAgeMs: 60_000,
    sourceAddress: undefined,
    sourceInterface: undefined,
    ...changes,
  };
  const made = cabourotteProbe({ spec, version: '1.2.3', clock: systemClock, servers });
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

describe('the version of the API', () => {
  test.each([
    ['2', '', '/api/v1', ['/api/v1/result/web', '/api/v1/result/web']],
    ['2', '/api/v1/', '/api/v1', ['/api/v1/result/web', '/api/v1/result/web']],
    ['1', '', '', ['/api/v1/result/web', '/result/web', '/result/web']],
    ['1', '/api/v1', '', ['/api/v1/result/web', '/result/web', '/result/web']],
  ] as const)('%s is found by asking, with a URL that ends with "%s"', async (_, end, prefix, asked) => {
    const { url, requests, opened } = await answering(cabourotte(prefix));
    const target = probe(`${url}${end}`);
    expect([await attempt(target), await attempt(target)]).toMatchObject([
      { ok: true, reason: 'passed', measurement: { kind: 'cabourotte' } },
      { ok: true },
    ]);
    expect(requests.map((request) => request.url)).toEqual(asked);
    expect(opened()).toBe(1);
  });

  test('may change', async () => {
    let prefix: '' | '/api/v1' = '';
    const { url, requests } = await answering((...args) => cabourotte(prefix)(...args));
    const target = probe(url);
    for (let n = 0; n < 2; n += 1) expect((await attempt(target)).reason).toBe('passed');
    prefix = '/api/v1';
    for (let n = 0; n < 2; n += 1) expect((await attempt(target)).reason).toBe('passed');
    expect(requests.map((request) => request.url)).toEqual([
      '/api/v1/result/web',
      '/result/web',
      '/result/web',
      '/result/web',
      '/api/v1/result/web',
      '/api/v1/result/web',
    ]);
  });

  test.each(['', '/api/v1'] as const)('is known from a missing result too (%s)', async (prefix) => {
    const { url, requests } = await answering(cabourotte(prefix));
    const target = probe(url, { name: 'none' });
    await attempt(target);
    const before = requests.length;
    expect((await attempt(target)).reason).toBe('no-result');
    expect(requests.length).toBe(before + 1);
  });

  test('is neither where something else answers', async () => {
    const { url, requests } = await answering((_, response) => response.writeHead(404).end('no such page'));
    expect(await attempt(probe(url))).toMatchObject({
      reason: 'unexpected-status',
      detail: 'status 404 for /api/v1/result and /result: no Cabourotte, or its result API is disabled',
    });
    expect(requests.length).toBe(2);
  });
});

describe('the request', () => {
  test('says who asks, with the credentials and from the source address', async () => {
    const addresses: (string | undefined)[] = [];
    const { url, requests } = await answering((request, response) => {
      addresses.push(request.socket.remoteAddress);
      cabourotte('/api/v1')(request, response);
    });
    const basicAuth = { username: 'grün', password: 'a:b' };
    await attempt(probe(url, { basicAuth, sourceAddress: '127.0.0.2' }));
    expect(requests[0]?.headers).toEqual({
      host: url.slice('http://'.length),
      accept: 'application/json',
      'user-agent': 'vpcast/1.2.3',
      authorization: `Basic ${Buffer.from('grün:a:b').toString('base64')}`,
      connection: 'keep-alive',
    });
    expect(addresses).toEqual(['127.0.0.2']);
  });

  test.each([
    [200, resultOf('web', { success: false, message: 'HTTP request failed' }), 'check-failed'],
    [200, resultOf('web', { 'healthcheck-timestamp': 1 }), 'stale'],
    [200, resultOf('other'), 'protocol-error'],
    [200, 'ok', 'protocol-error'],
    [401, '{"messages":["Unauthorized"]}', 'not-permitted'],
    [500, '{"messages":["Internal error"]}', 'unexpected-status'],
    [302, '', 'unexpected-status'],
  ])('is answered by %i %s: %s', async (status, body, reason) => {
    const { url, opened } = await answering((_, response) => response.writeHead(status).end(body));
    const target = probe(url);
    expect((await attempt(target)).reason).toBe(reason);
    expect((await attempt(target)).reason).toBe(reason);
    expect(opened()).toBe(1); // a whole answer, whatever it says, leaves the connection as it is
  });

  test('goes over IPv6, and over TLS with a client certificate', async () => {
    const { cert, key } = certificates.server;
    const options = { cert, key, ca: certificates.authority.cert, requestCert: true };
    const { port } = await serve(createHttpsServer(options, cabourotte('/api/v1')));
    const url = `https://127.0.0.1:${port}`;
    const own = tlsSpec(certificates.client);
    const target = probe(url, { tls: own });
    expect([(await attempt(target)).reason, (await attempt(target)).reason]).toEqual(['passed', 'passed']);
    expect((await attempt(probe(url, { tls: tlsSpec() }))).reason).toBe('tls-failed');
    const stranger = { ...own, ca: certificates.otherAuthority.cert };
    expect((await attempt(probe(url, { tls: stranger }))).reason).toBe('tls-failed');

    const over6 = await listen(createServer(cabourotte('')), { host: '::1' });
    open.push(over6);
    expect((await attempt(probe(`http://[::1]:${over6.port}`))).reason).toBe('passed');
  });
});

describe('checks of one server', () => {
  test('share one connection, and end it with the last of them', async () => {
    const { url, requests, opened, connections } = await answering(cabourotte('/api/v1', 1));
    const servers = new Shared<CabourotteServer>();
    const names = Array.from({ length: 20 }, (_, index) => `check-${index}`);
    const targets = names.map((name, index) => probe(`${url}${index % 2 ? '' : '/'}`, { name }, servers));
    for (let round = 0; round < 3; round += 1) {
      const outcomes = await Promise.all(targets.map((target) => attempt(target)));
      expect(outcomes.map(({ reason }) => reason)).toEqual(names.map(() => 'passed'));
    }
    expect([requests.length, opened(), connections()]).toEqual([60, 1, 1]);
    await Promise.all(targets.slice(1).map((target) => target.close()));
    expect((await attempt(targets[0] ?? probe(url))).reason).toBe('passed');
    expect(opened()).toBe(1);
    await targets[0]?.close();
    await vi.waitFor(() => expect(connections()).toBe(0));
  });

  test('with other credentials have a connection of their own', async () => {
    const { url, opened } = await answering(cabourotte('/api/v1'));
    const servers = new Shared<CabourotteServer>();
    await attempt(probe(url, {}, servers));
    await attempt(probe(url, { basicAuth: { username: 'a', password: 'b' } }, servers));
    expect(opened()).toBe(2);
  });

  test('do not wait for one whose answer does not come', async () => {
    const { url, connections } = await answering((request, response) => {
      if (request.url?.endsWith('hangs') !== true) cabourotte('/api/v1')(request, response);
    });
    const servers = new Shared<CabourotteServer>();
    const hanging = probe(url, { name: 'hangs' }, servers);
    const others = ['a', 'b', 'c'].map((name) => probe(url, { name }, servers));
    const [stuck, ...passed] = await Promise.all([hanging, ...others].map((target) => attempt(target, 300)));
    expect(stuck).toMatchObject({ reason: 'timeout', detail: 'no answer within 300 ms' });
    expect(passed.map(({ reason }) => reason)).toEqual(['passed', 'passed', 'passed']);
    await vi.waitFor(() => expect(connections()).toBeLessThanOrEqual(1));
  });
});

describe('a kept connection', () => {
  test('that the server has closed meanwhile is made anew at once', async () => {
    const sockets: Socket[] = [];
    const { url, opened } = await answering((request, response) => {
      // The second request on a connection is not read any more: as if it had been closed a moment before.
      if (sockets.includes(request.socket)) request.socket.destroy();
      else cabourotte('/api/v1')(request, response);
      sockets.push(request.socket);
    });
    const target = probe(url);
    for (let n = 0; n < 3; n += 1) expect((await attempt(target)).reason).toBe('passed');
    expect(opened()).toBe(3);
  });

  test('is tried anew once, not for ever', async () => {
    const { url, requests } = await answering((request, response) => {
      if (requests.length > 1) request.socket.destroy();
      else cabourotte('/api/v1')(request, response);
    });
    const target = probe(url);
    await attempt(target);
    expect((await attempt(target)).reason).toBe('reset');
    expect(requests.length).toBe(3);
  });

  test('may be gone with its server, which comes back', async () => {
    const first = await answering(cabourotte('/api/v1'));
    const target = probe(first.url);
    await attempt(target);
    await open.pop()?.close();
    expect((await attempt(target)).reason).toBe('refused');
    await answering(cabourotte('/api/v1'), first.port);
    expect((await attempt(target)).reason).toBe('passed');
  });
});

describe('a server that fails', () => {
  test('is told by what is missing, in time, and nothing stays open', async () => {
    const silent = await serve(createTcpServer((socket) => void socket.resume()));
    const half = await answering((_, response) => response.writeHead(200).write('{"name":'));
    const cases = [
      [`http://127.0.0.1:${silent.port}`, undefined, 'no answer within 100 ms'],
      [`https://127.0.0.1:${silent.port}`, tlsSpec(), 'no TLS handshake within 100 ms'],
      [half.url, undefined, 'no complete answer within 100 ms'],
    ] as const;
    for (const [url, tls, detail] of cases) {
      const target = probe(url, { tls });
      const { outcome, lateMs } = await latenessOf(100, () => attempt(target, 100));
      expect(outcome).toMatchObject({ reason: 'timeout', detail });
      expect(lateMs).toBeLessThan(LATE_MS);
    }
    await vi.waitFor(() => expect([silent.connections(), half.connections()]).toEqual([0, 0]));
  });

  test.each([
    ['refuses', 'http://127.0.0.1:1', {}, 'refused'],
    ['has no address', `http://${UNKNOWN}:9013`, {}, 'resolve-failed'],
    ['is to be asked by no interface', 'http://127.0.0.1:1', { sourceInterface: 'nope0' }, 'unreachable'],
  ] as const)('%s', async (_, url, changes, reason) => {
    const target = probe(url, changes);
    expect((await attempt(target)).reason).toBe(reason);
    expect((await attempt(target)).reason).toBe(reason);
  });

  test.each([
    ['closes without an answer', '', 'reset'],
    ['speaks no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'protocol-error'],
    ['breaks off', 'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{', 'reset'],
    ['sends headers without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}`, 'protocol-error'],
    ['answers too much', `HTTP/1.1 200 OK\r\n\r\n${' '.repeat(70_000)}`, 'protocol-error'],
    ['upgrades', 'HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n', 'unexpected-status'],
  ])('%s', async (_, text, reason) => {
    const server = createTcpServer((socket) => socket.once('data', () => socket.end(text)));
    const { port, connections } = await serve(server);
    expect((await attempt(probe(`http://127.0.0.1:${port}`))).reason).toBe(reason);
    await vi.waitFor(() => expect(connections()).toBe(0));
  });

  test('and an attempt that is called off leave nothing behind', async () => {
    const { port, connections } = await serve(createTcpServer((socket) => void socket.resume()));
    const stop = new AbortController();
    const outcome = probe(`http://127.0.0.1:${port}`).attempt(5_000, stop.signal);
    await vi.waitFor(() => expect(connections()).toBe(1));
    stop.abort();
    expect((await outcome).reason).toBe('killed');
    await vi.waitFor(() => expect(connections()).toBe(0));
  });

  test('in random ways is an outcome with a reason every time, and never a pass', async () => {
    let next = Buffer.alloc(0);
    const server = createTcpServer((socket) => socket.once('data', () => socket.end(next)));
    const { port } = await serve(server);
    const target = probe(`http://127.0.0.1:${port}`);
    const body = resultOf('web', { success: false });
    const real = Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n${body}`);
    const mutated = fc
      .array(fc.record({ at: fc.nat(real.length - 1), byte: fc.nat(255) }), { minLength: 1, maxLength: 6 })
      .map((changes) =>
        changes.reduce((bytes, { at, byte }) => bytes.fill(byte, at, at + 1), Buffer.from(real)),
      );
    const random = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutated, random), async (bytes) => {
        next = bytes;
        const outcome = await attempt(target);
        expect(outcome.ok).toBe(false);
        expect(['internal-error', 'timeout']).not.toContain(outcome.reason);
      }),
      { seed: 1, numRuns: 150 },
    );
  });
});
