import { afterEach, describe, expect, it } from 'vitest';
import { createImds, type Imds, type ImdsOptions } from '../../../src/aws/index.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { type LocalServer, type Received, type Responder, startServer } from './local-server.ts';

const { signal } = new AbortController();
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Metadata {
  readonly server: LocalServer;
  readonly imds: Imds;
}

async function open(respond: Responder, options: Partial<ImdsOptions> = {}): Promise<Metadata> {
  const server = await startServer(respond);
  const imds = createImds({ endpoint: server.url, clock: systemClock, ...options });
  closers.push(server.close, imds.close);
  return { server, imds };
}

/** IMDSv2 as AWS has it: tokens are counted, and only the newest is good. */
function metadata(get: Responder = (request, response) => response.end(`value of ${request.path}`)) {
  const state = { tokens: 0 };
  const respond: Responder = (request, response) => {
    if (request.method === 'PUT') {
      state.tokens += 1;
      response.end(`token-${state.tokens}`);
    } else if (request.headers['x-aws-ec2-metadata-token'] !== `token-${state.tokens}`) {
      response.writeHead(401).end();
    } else {
      get(request, response);
    }
  };
  return { state, respond };
}

const lines = (server: LocalServer) =>
  server.received.map(({ method, path }: Received) => `${method} ${path}`);

describe('instance metadata', () => {
  it('is read with one token, over one connection', async () => {
    const { server, imds } = await open(metadata().respond);
    expect(await imds.get('/latest/meta-data/mac', signal)).toEqual({
      ok: true,
      value: 'value of /latest/meta-data/mac',
    });
    await imds.get('/latest/meta-data/local-ipv4', signal);
    expect(lines(server)).toEqual([
      'PUT /latest/api/token',
      'GET /latest/meta-data/mac',
      'GET /latest/meta-data/local-ipv4',
    ]);
    expect(server.received[0]?.headers['x-aws-ec2-metadata-token-ttl-seconds']).toBe('21600');
    expect(server.connections()).toBe(1);
  });

  it('has no value for what is not there', async () => {
    const { imds } = await open(metadata((_, response) => response.writeHead(404).end('no')).respond);
    expect(await imds.get('/latest/meta-data/spot/instance-action', signal)).toEqual({
      ok: true,
      value: undefined,
    });
  });

  it('is read with one token by all that ask at the same time, a refused one replaced once', async () => {
    const { state, respond } = metadata();
    const { server, imds } = await open(respond);
    const ids = ['a', 'b', 'c'];
    const readAll = () => Promise.all(ids.map(() => imds.get('/latest/meta-data/instance-id', signal)));
    const tokens = () => lines(server).filter((line) => line.startsWith('PUT')).length;
    await readAll();
    expect(tokens()).toBe(1);
    state.tokens = 7;
    for (const result of await readAll()) expect(result).toMatchObject({ ok: true });
    expect(tokens()).toBe(2);
  });

  it('is read with a new token where the old one is refused', async () => {
    const { state, respond } = metadata();
    const { server, imds } = await open(respond);
    await imds.get('/a', signal);
    state.tokens = 7;
    expect(await imds.get('/b', signal)).toEqual({ ok: true, value: 'value of /b' });
    expect(lines(server)).toEqual([
      'PUT /latest/api/token',
      'GET /a',
      'GET /b',
      'PUT /latest/api/token',
      'GET /b',
    ]);
  });

  it('is read with a new token before the old one ends', async () => {
    let nowMs = 0;
    const { server, imds } = await open(metadata().respond, { clock: { ...systemClock, now: () => nowMs } });
    await imds.get('/a', signal);
    nowMs = 21_500_000;
    await imds.get('/a', signal);
    expect(lines(server).filter((line) => line.startsWith('PUT'))).toHaveLength(1);
    nowMs = 21_545_000;
    await imds.get('/a', signal);
    expect(lines(server).filter((line) => line.startsWith('PUT'))).toHaveLength(2);
  });

  it('is asked again where the kept connection turns out to be closed', async () => {
    const { respond } = metadata();
    let isFirst = true;
    const { server, imds } = await open((request, response) => {
      if (request.path === '/b' && isFirst) {
        isFirst = false;
        response.socket?.resetAndDestroy();
      } else {
        respond(request, response);
      }
    });
    await imds.get('/a', signal);
    expect(await imds.get('/b', signal)).toMatchObject({ ok: true });
    expect(server.connections()).toBe(2);
  });
});

describe('metadata that cannot be read', () => {
  it.each([
    403, 404, 405,
  ])('never falls back to IMDSv1 where the token is refused with %i', async (status) => {
    const { server, imds } = await open((_, response) => response.writeHead(status).end());
    expect(await imds.get('/a', signal)).toMatchObject({ ok: false, failure: { code: `http-${status}` } });
    expect(await imds.get('/a', signal)).toMatchObject({ ok: false });
    expect(lines(server)).toEqual(['PUT /latest/api/token', 'PUT /latest/api/token']);
  });

  it.each([
    [403, 'unauthorized'],
    [429, 'throttled'],
    [500, 'transient'],
    [503, 'transient'],
    [301, 'invalid'],
  ])('for status %i is %s', async (status, kind) => {
    const { imds } = await open(metadata((_, response) => response.writeHead(status).end()).respond);
    expect(await imds.get('/a', signal)).toMatchObject({ ok: false, failure: { api: 'Imds', kind } });
  });

  it('fails where even a new token is refused', async () => {
    const { imds } = await open((request, response) =>
      request.method === 'PUT' ? response.end('t') : response.writeHead(401).end(),
    );
    expect(await imds.get('/a', signal)).toMatchObject({ ok: false, failure: { kind: 'unauthorized' } });
  });

  it('fails in time where nobody answers, says what that often is, and works again later', async () => {
    const { respond } = metadata();
    let isStuck = true;
    const { imds } = await open((request, response) => isStuck || respond(request, response), {
      timeoutMs: 400,
    });
    const result = await imds.get('/a', signal);
    expect(result).toMatchObject({ ok: false, failure: { kind: 'transient', code: 'timeout' } });
    expect(!result.ok && result.failure.message).toContain('hop limit');
    isStuck = false;
    expect(await imds.get('/a', signal)).toMatchObject({ ok: true });
  });

  it('fails in time where an answer never ends', async () => {
    const { imds } = await open(metadata((_, response) => response.write('half')).respond, { timeoutMs: 80 });
    expect(await imds.get('/a', signal)).toMatchObject({ ok: false, failure: { code: 'timeout' } });
  });

  it('does not take an answer without end', async () => {
    const { imds } = await open(metadata((_, response) => response.end('x'.repeat(70_000))).respond);
    expect(await imds.get('/a', signal)).toMatchObject({ ok: false, failure: { kind: 'transient' } });
  });

  it('is given up with the caller, and with the client', async () => {
    const giveUp = new AbortController();
    const { imds } = await open(() => giveUp.abort());
    const aborted = { ok: false, failure: { code: 'aborted' } };
    expect(await imds.get('/a', giveUp.signal)).toMatchObject(aborted);
    await imds.close();
    expect(await imds.get('/a', signal)).toMatchObject(aborted);
  });

  it('says so where there is nothing at the endpoint', async () => {
    const server = await startServer(() => undefined);
    await server.close();
    const imds = createImds({ endpoint: server.url, clock: systemClock });
    expect(await imds.get('/a', signal)).toMatchObject({ ok: false, failure: { code: 'ECONNREFUSED' } });
    await imds.close();
  });
});
