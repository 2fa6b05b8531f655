import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type AdminServer, type AdminSources, type AdminSpec, openAdmin } from '../../../src/admin/index.ts';
import { askHttp } from '../../support/ask-http.ts';
import { listen } from '../../support/listen.ts';

const LOOPBACK: AdminSpec = { host: '127.0.0.1', port: 0 };
const undo: (() => unknown)[] = [];
const errors: unknown[] = [];

afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
  errors.length = 0;
});

function sourcesWith(over: Partial<AdminSources>): AdminSources {
  const metrics = async () => ({ contentType: 'text/plain; version=0.0.4', body: Buffer.from('up 1\n') });
  return { metrics, isAlive: () => true, notReady: () => undefined, ...over };
}

async function open(over: Partial<AdminSources> = {}, spec = LOOPBACK): Promise<AdminServer> {
  const onError = (error: unknown) => errors.push(error);
  const opened = await openAdmin(spec, { sources: sourcesWith(over), onError });
  if (!opened.ok) throw new Error(opened.why);
  undo.push(() => opened.server.close());
  return opened.server;
}

function ask(port: number, path: string, method = 'GET', body?: string) {
  return askHttp({ port }, path, body === undefined ? { method } : { method, body });
}

/** A bare connection; `ended` resolves with what it was sent, when it was ended. */
function dial(port: number): Promise<{ readonly socket: Socket; readonly ended: Promise<string> }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    const ended = new Promise<string>((end) => socket.once('close', () => end(text)));
    socket.once('connect', () => resolve({ socket, ended }));
    socket.on('error', reject);
    undo.push(() => socket.destroy());
  });
}

describe('the admin server', () => {
  it('gives the metrics as their source has them, uncached', async () => {
    const { port } = await open();
    const { status, headers, body } = await ask(port, '/metrics');
    expect([status, headers['content-type'], body]).toEqual([200, 'text/plain; version=0.0.4', 'up 1\n']);
    expect([headers['content-length'], headers['cache-control']]).toEqual(['5', 'no-store']);
    expect((await ask(port, '/metrics?name=x')).body).toBe('up 1\n');
  });

  it('answers a HEAD as the GET, without the body', async () => {
    const { port } = await open();
    const { status, headers, body } = await ask(port, '/metrics', 'HEAD');
    expect([status, headers['content-length'], body]).toEqual([200, '5', '']);
  });

  it('is alive and ready as the agent is, and says why not', async () => {
    let isAlive = true;
    let why: string | undefined = 'checks that have not settled yet: dns';
    const { port } = await open({ isAlive: () => isAlive, notReady: () => why });
    const got = async (path: string) => {
      const { status, body } = await ask(port, path);
      return [status, body];
    };
    expect(await got('/healthz')).toEqual([200, 'alive\n']);
    expect(await got('/readyz')).toEqual([503, 'not ready: checks that have not settled yet: dns\n']);
    [isAlive, why] = [false, undefined];
    expect(await got('/readyz')).toEqual([200, 'ready\n']);
    expect(await got('/healthz')).toEqual([503, expect.stringMatching(/^not alive: /)]);
  });

  it.each([
    '/',
    '/metrics/',
    '/Metrics',
    '//metrics',
    '/..%2fmetrics',
    '*',
    'http://x/metrics',
  ])('has nothing at %s, and says what there is', async (path) => {
    const { port } = await open();
    const { status, body } = await ask(port, path);
    expect([status, body]).toEqual([404, 'nothing is here; there are: /metrics, /healthz, /readyz\n']);
  });

  it.each([
    'POST',
    'PUT',
    'DELETE',
    'OPTIONS',
    'PATCH',
  ])('refuses %s, and says what would do', async (method) => {
    const { port } = await open();
    const { status, headers, body } = await ask(port, '/metrics', method, 'x'.repeat(100_000));
    expect([status, headers.allow, body]).toEqual([405, 'GET, HEAD', '/metrics is only read: GET, HEAD\n']);
    expect(headers.connection).toBe('close');
  });

  it('answers 500 where a source throws, and tells of it', async () => {
    const { port } = await open({ metrics: () => Promise.reject(new Error('a bug')) });
    expect((await ask(port, '/metrics')).status).toBe(500);
    expect(errors).toEqual([new Error('a bug')]);
    expect((await ask(port, '/healthz')).status).toBe(200);
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n', /^HTTP\/1\.1 400 /],
    [
      'headers without end',
      `GET /metrics HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(20_000)}`,
      /^HTTP\/1\.1 431 /,
    ],
    [
      'two lengths',
      'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
  ])('refuses %s and ends the connection', async (_, sent, wanted) => {
    const { port } = await open();
    const { socket, ended } = await dial(port);
    socket.write(sent);
    expect(await ended).toMatch(wanted);
    expect((await ask(port, '/healthz')).status).toBe(200);
  });

  it('serves several requests on one connection', async () => {
    const { port } = await open();
    const { socket, ended } = await dial(port);
    const get = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
    socket.write(get + get + get.replace('Host', 'Connection: close\r\nHost'));
    expect((await ended).match(/^HTTP\/1\.1 200 OK/gm)).toHaveLength(3);
  });

  it('ends a connection with more than 16 requests in waiting, and turns its address away for a while', async () => {
    let asked = 0;
    const { port } = await open({
      notReady: () => {
        asked += 1;
        return undefined;
      },
    });
    const beside = await dial(port);
    const { socket } = await dial(port);
    socket.on('error', () => undefined);
    socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1_000));
    expect(await beside.ended).toBe('');
    expect(asked).toBe(16);
    await expect(ask(port, '/healthz')).rejects.toThrow();
    await expect
      .poll(() => ask(port, '/healthz').catch(() => undefined), { timeout: 10_000 })
      .toMatchObject({ status: 200 });
    expect(errors).toEqual([]);
  });

  it('answers as many requests on a connection as come one after the other', async () => {
    const { port } = await open();
    const { socket } = await dial(port);
    for (let turn = 0; turn < 40; turn += 1) {
      const answered = new Promise((resolve) => socket.once('data', resolve));
      socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
      await answered;
    }
    expect(socket.destroyed).toBe(false);
  });

  it('turns away more than 64 connections, and serves again when they are gone', async () => {
    const { port } = await open();
    const held = await Promise.all(Array.from({ length: 64 }, () => dial(port)));
    const { ended } = await dial(port);
    expect(await ended).toBe('');
    for (const { socket } of held) socket.destroy();
    await Promise.all(held.map((one) => one.ended));
    await expect.poll(() => ask(port, '/healthz').catch(() => undefined)).toMatchObject({ status: 200 });
  });

  it('is closed at once whatever its clients do, and leaves the port free', async () => {
    let release = (): void => {};
    const waits = new Promise<void>((resolve) => {
      release = resolve;
    });
    const asked = Promise.withResolvers<void>();
    const metrics = async () => {
      asked.resolve();
      await waits;
      return { contentType: 'text/plain', body: Buffer.from('late\n') };
    };
    const server = await open({ metrics });
    const silent = await dial(server.port);
    const half = await dial(server.port);
    half.socket.write('GET /metrics HTTP/1.1\r\n');
    const waiting = await dial(server.port);
    waiting.socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    await asked.promise;
    await server.close();
    expect(await Promise.all([silent.ended, half.ended, waiting.ended])).toEqual(['', '', '']);
    release();
    await open({}, { host: '127.0.0.1', port: server.port });
    await server.close();
    expect(errors).toEqual([]);
  });
});

describe('an address that can not be had', () => {
  it('is told with what is in the way and what to do', async () => {
    const taken = await listen(createServer());
    undo.push(() => taken.close());
    const sources = sourcesWith({});
    const why = async (spec: AdminSpec): Promise<string> => {
      const opened = await openAdmin(spec, { sources, onError: () => {} });
      if (opened.ok) await opened.server.close();
      return opened.ok ? 'opened' : `${opened.code}: ${opened.why}`;
    };
    expect(await why({ host: '127.0.0.1', port: taken.port })).toBe(
      `EADDRINUSE: admin.address 127.0.0.1:${taken.port}: another process listens there (ss -ltnp shows which); ` +
        'end it, or choose another port',
    );
    expect(await why({ host: '192.0.2.1', port: 9551 })).toBe(
      'EADDRNOTAVAIL: admin.address 192.0.2.1:9551: this machine has no such address; choose one of its own ' +
        '(ip address shows them)',
    );
    expect(await why({ host: '2001:db8::1', port: 9551 })).toMatch(/admin\.address \[2001:db8::1\]:9551: /);
    expect(await why({ host: '127.0.0.1', port: taken.port })).toMatch(/^EADDRINUSE/);
  });

  it('is had on every address where no host is given', async () => {
    const { port } = await open({}, { host: undefined, port: 0 });
    expect((await ask(port, '/healthz')).status).toBe(200);
  });
});
