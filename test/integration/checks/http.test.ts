import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { httpProbe } from '../../../src/checks/http.ts';
import type { HttpSpec, ProbeOutcome, TlsSpec } from '../../../src/checks/index.ts';
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

async function serve(server: TcpServer | Server, path?: string): Promise<number> {
  const listening = await listen(server, path === undefined ? {} : { path });
  open.push(listening);
  return listening.port;
}

/** A server that answers as it is told, and remembers what it was asked. */
async function answering(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  return { port: await serve(server), requests };
}

function tlsSpec(changes: Partial<TlsSpec> = {}): TlsSpec {
  const ca = certificates.authority.cert;
  return { ca, cert: undefined, key: undefined, serverName: undefined, skipVerify: false, ...changes };
}

function probe(
  port: number,
  changes: Partial<HttpSpec> = {},
  { destination = '127.0.0.1', timeoutMs = 2_000, signal = new AbortController().signal } = {},
): Promise<ProbeOutcome> {
  const spec: HttpSpec = {
    type: 'http',
    scheme: 'http',
    port,
    path: '/health',
    method: 'GET',
    headers: {},
    host: undefined,
    body: undefined,
    expectStatus: [{ from: 200, to: 299 }],
    expectBody: undefined,
    maxRedirects: 0,
    tls: undefined,
    sourceAddress: undefined,
    sourceInterface: undefined,
    unixSocket: undefined,
    ...changes,
  };
  return httpProbe({ spec, destination, clock: systemClock, version: '1.2.3' }).attempt(timeoutMs, signal);
}

function status(code: number, headers: Record<string, string> = {}) {
  return (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(code, headers).end();
  };
}

describe('the status', () => {
  test.each([
    [200, 'passed'],
    [299, 'passed'],
    [302, 'unexpected-status'],
    [404, 'passed'],
    [503, 'unexpected-status'],
  ])('%i is %s where 200–299 and 404 are expected', async (code, reason) => {
    const { port } = await answering(status(code, { location: '/' }));
    const expectStatus = [
      { from: 200, to: 299 },
      { from: 404, to: 404 },
    ];
    const outcome = await probe(port, { expectStatus });
    expect(outcome.reason).toBe(reason);
    expect(outcome.detail).toBe(reason === 'passed' ? undefined : `status ${code}`);
    expect(outcome.measurement).toEqual({ kind: 'http', status: code });
  });

  test('is judged when it comes, however long the body takes', async () => {
    const { port } = await answering((_request, response) => response.writeHead(200).flushHeaders());
    expect((await probe(port)).reason).toBe('passed');
  });

  test('101 of an upgrade is a status like others', async () => {
    const port = await serve(
      createTcpServer((socket) => {
        socket.once('data', () =>
          socket.write('HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
        );
      }),
    );
    expect(await probe(port)).toMatchObject({ reason: 'unexpected-status', detail: 'status 101' });
    await vi.waitFor(() => expect(open[0]?.connections()).toBe(0));
  });
});

describe('the request', () => {
  test('carries method, path, headers and body as they are configured, and says who asks', async () => {
    let body = '';
    const { port, requests } = await answering((request, response) => {
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => response.end());
    });
    const headers = { 'X-Probe': 'yes', accept: 'text/plain' };
    await probe(port, { method: 'PUT', path: '/a?b=c', headers, body: 'grün', host: 'www.example.com' });
    const [request] = requests;
    expect([request?.method, request?.url, body]).toEqual(['PUT', '/a?b=c', 'grün']);
    expect(request?.headers).toMatchObject({
      'x-probe': 'yes',
      accept: 'text/plain',
      host: 'www.example.com',
      'user-agent': 'vpcast/1.2.3',
      'content-length': '5',
      connection: 'close',
    });
  });

  test('may say that somebody else asks', async () => {
    const { port, requests } = await answering(status(200));
    await probe(port, { headers: { 'USER-AGENT': 'other' } });
    expect(requests[0]?.headers['user-agent']).toBe('other');
    expect(requests[0]?.headers.host).toBe(`127.0.0.1:${port}`);
  });

  test('leaves from the source address, on a connection of its own each time', async () => {
    const addresses: (string | undefined)[] = [];
    const ports = new Set<number | undefined>();
    const { port } = await answering(({ socket }, response) => {
      addresses.push(socket.remoteAddress);
      ports.add(socket.remotePort);
      response.end();
    });
    await probe(port, { sourceAddress: '127.0.0.42' });
    await probe(port, { sourceAddress: '127.0.0.42' });
    expect(addresses).toEqual(['127.0.0.42', '127.0.0.42']);
    expect(ports.size).toBe(2);
  });

  test('goes through a Unix socket', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'vpcast-http-'));
    const path = join(directory, 'socket');
    const hosts: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      hosts.push(request.headers.host);
      response.end();
    });
    await serve(server, path);
    expect((await probe(80, { unixSocket: path }, { destination: 'web.test' })).reason).toBe('passed');
    expect(hosts).toEqual(['web.test']);
    expect((await probe(80, { unixSocket: join(directory, 'none') })).reason).toBe('unreachable');
    rmSync(directory, { recursive: true });
  });
});

describe('the body', () => {
  test.each([
    [/"status":\s*"up"/, 'passed'],
    [/^\{.*\}$/s, 'passed'],
    [/UP/gi, 'passed'],
    [/down/, 'unexpected-answer'],
  ])('is asked for %s: %s', async (expectBody, reason) => {
    const { port } = await answering((_request, response) => {
      response.write('{"status": ');
      setImmediate(() => response.end('"up"}'));
    });
    expect((await probe(port, { expectBody })).reason).toBe(reason);
    expect((await probe(port, { expectBody })).reason).toBe(reason);
  });

  test('is shown where it does not match', async () => {
    const { port } = await answering((_request, response) => response.end('starting\n'));
    expect((await probe(port, { expectBody: /ready/ })).detail).toBe(
      'no /ready/ in a body that begins "starting\\n"',
    );
  });

  test('is looked at up to 1 MiB, and the rest is not waited for', async () => {
    const { port } = await answering((_request, response) => {
      response.write(Buffer.alloc(1_048_576 - 3, '-'));
      response.write('end, and more');
    });
    expect((await probe(port, { expectBody: /end$/ })).reason).toBe('passed');
    expect((await probe(port, { expectBody: /more/ })).reason).toBe('unexpected-answer');
  });

  test('that trickles is given up in time', async () => {
    const { port } = await answering((_request, response) => {
      const timer = setInterval(() => response.write('.'), 5);
      response.once('close', () => clearInterval(timer));
    });
    const wait = () => probe(port, { expectBody: /ready/ }, { timeoutMs: 300 });
    const { outcome, lateMs } = await latenessOf(300, wait);
    expect(outcome).toMatchObject({ reason: 'timeout', detail: 'no complete body within 300 ms' });
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(LATE_MS);
    await vi.waitFor(() => expect(open[0]?.connections()).toBe(0));
  });

  test('that is cut off does not pass, though what came would match', async () => {
    const { port } = await answering((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('ready', () => response.destroy());
    });
    expect((await probe(port, { expectBody: /ready/ })).reason).toBe('reset');
  });
});

describe('redirects', () => {
  const chain = (request: IncomingMessage, response: ServerResponse): void => {
    const step = Number(request.url?.slice(1) || '0');
    if (step >= 3) response.end('there');
    else response.writeHead(302, { location: `/${step + 1}` }).end();
  };

  test('are judged as they are unless they may be followed', async () => {
    const { port } = await answering(chain);
    expect(await probe(port, { path: '/0' })).toMatchObject({
      reason: 'unexpected-status',
      detail: 'status 302',
    });
    const expectStatus = [{ from: 302, to: 302 }];
    expect((await probe(port, { path: '/0', expectStatus })).reason).toBe('passed');
  });

  test('are followed as often as is allowed', async () => {
    const { port, requests } = await answering(chain);
    expect((await probe(port, { path: '/0', maxRedirects: 3, expectBody: /there/ })).reason).toBe('passed');
    expect(requests.map(({ url }) => url)).toEqual(['/0', '/1', '/2', '/3']);
    expect((await probe(port, { path: '/0', maxRedirects: 2 })).reason).toBe('unexpected-status');
  });

  test('to the host that was asked for stay at the destination', async () => {
    const { port, requests } = await answering((request, response) => {
      if (request.url === '/') response.end();
      else response.writeHead(301, { location: 'http://no.such.host.invalid/' }).end();
    });
    const outcome = await probe(port, { host: 'no.such.host.invalid', maxRedirects: 1 });
    expect(outcome.reason).toBe('passed');
    expect(requests.map(({ headers }) => headers.host)).toEqual([
      'no.such.host.invalid',
      'no.such.host.invalid',
    ]);
  });

  test('to another host do not carry our headers there', async () => {
    const other = await answering(status(200));
    const { port } = await answering(status(307, { location: `http://127.0.0.2:${other.port}/x` }));
    const otherOn2 = createServer(status(200));
    const seen: IncomingMessage[] = [];
    otherOn2.on('request', (request) => seen.push(request));
    open.push(await listen(otherOn2, { host: '127.0.0.2', port: other.port }));
    const headers = { authorization: 'secret' };
    expect((await probe(port, { headers, maxRedirects: 1 })).reason).toBe('passed');
    expect(seen.map((request) => [request.url, request.headers.authorization])).toEqual([['/x', undefined]]);
  });

  test('that never end are cut by the timeout of the whole', async () => {
    const { port } = await answering((_request, response) => {
      setTimeout(() => response.writeHead(302, { location: '/' }).end(), 20);
    });
    const follow = () => probe(port, { maxRedirects: 1_000 }, { timeoutMs: 150 });
    const { outcome, lateMs } = await latenessOf(150, follow);
    expect(outcome.reason).toBe('timeout');
    expect(lateMs).toBeLessThan(LATE_MS);
  });
});

describe('HTTPS', () => {
  const secure = (options = {}): Server =>
    createHttpsServer({ ...certificates.server, ...options }, (_request, response) => response.end('ok'));

  test('passes with the right authority, by address and by name', async () => {
    const port = await serve(secure());
    expect((await probe(port, { scheme: 'https', tls: tlsSpec() })).reason).toBe('passed');
    expect((await probe(port, { scheme: 'https', tls: tlsSpec(), host: 'web.test' })).reason).toBe('passed');
  });

  test('fails with another name, another authority, or none of its own', async () => {
    const port = await serve(secure());
    const reasons = [
      await probe(port, { scheme: 'https', tls: tlsSpec(), host: 'other.test' }),
      await probe(port, { scheme: 'https', tls: tlsSpec({ ca: certificates.otherAuthority.cert }) }),
      await probe(port, { scheme: 'https' }),
    ].map(({ reason }) => reason);
    expect(reasons).toEqual(['tls-failed', 'tls-failed', 'tls-failed']);
  });

  test('passes with anything where verification is off', async () => {
    const port = await serve(secure());
    const tls = tlsSpec({ ca: undefined, skipVerify: true });
    expect((await probe(port, { scheme: 'https', tls, host: 'other.test' })).reason).toBe('passed');
  });

  test('shows a client certificate', async () => {
    const ca = certificates.authority.cert;
    const port = await serve(secure({ requestCert: true, rejectUnauthorized: true, ca }));
    const { cert, key } = certificates.client;
    expect((await probe(port, { scheme: 'https', tls: tlsSpec({ cert, key }) })).reason).toBe('passed');
    expect((await probe(port, { scheme: 'https', tls: tlsSpec() })).reason).toBe('tls-failed');
  });
});

describe('a server that is not well', () => {
  test.each([
    ['speaks something else', 'SSH-2.0-x\r\n', 'protocol-error'],
    ['closes without a word', '', 'reset'],
  ])('and %s fails', async (_name, answer, reason) => {
    const port = await serve(createTcpServer((socket) => socket.once('data', () => socket.end(answer))));
    expect((await probe(port)).reason).toBe(reason);
  });

  test('and hangs is given up in time, and let go of', async () => {
    const port = await serve(createTcpServer((socket) => socket.resume()));
    const hang = () => probe(port, {}, { timeoutMs: 150 });
    const { outcome, lateMs } = await latenessOf(150, hang);
    expect(outcome).toMatchObject({ reason: 'timeout', detail: 'no answer within 150 ms' });
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(LATE_MS);
    await vi.waitFor(() => expect(open[0]?.connections()).toBe(0));
  });

  test('and is not there is refused, or not found', async () => {
    const gone = await listen(createTcpServer());
    await gone.close();
    expect((await probe(gone.port)).reason).toBe('refused');
    expect((await probe(80, {}, { destination: UNKNOWN })).reason).toBe('resolve-failed');
  });

  test('is let go of when the attempt is called off', async () => {
    const port = await serve(createTcpServer((socket) => socket.resume()));
    const abort = new AbortController();
    const outcome = probe(port, {}, { timeoutMs: 60_000, signal: abort.signal });
    abort.abort();
    expect((await outcome).reason).toBe('killed');
    await vi.waitFor(() => expect(open[0]?.connections()).toBe(0));
  });
});
