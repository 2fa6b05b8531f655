import { createServer as createHttpServer, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, expect, it } from 'vitest';
import { AbruptHttpAgent, AbruptHttpsAgent } from '../../../src/aws/abrupt-agents.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { describeOnce, useHarness } from './harness.ts';

const { open } = useHarness();
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((closed) => server.close(closed));
});

/** A server that takes connections and never answers; `ended` says how the first of them came to its end. */
async function silentServer(make: (onSocket: (socket: Socket) => void) => Server) {
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const server = make((socket) => {
    socket.on('data', () => ask());
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    socket.on('end', () => {
      resolve('end');
      socket.end();
    });
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  return { port, ended, asked };
}

it('a call that ran out of time resets its connection: what is still on the way is never carried out', async () => {
  const { port, ended } = await silentServer(createServer);
  const ec2 = open({ endpoint: `http://127.0.0.1:${port}`, requestTimeoutMs: 100 });
  expect(await describeOnce(ec2)).toMatchObject({ ok: false, failure: { code: 'timeout' } });
  expect(await ended).toBe('ECONNRESET');
});

it('so does one over TLS, whose socket lies on another', async () => {
  const { authority, server } = await makeCertificates(['localhost']);
  const { cert, key } = server;
  const secured = await silentServer((onSocket) => createTlsServer({ cert, key }, onSocket));
  // Below TLS, where a connection's end can be seen for what it is.
  const { port, ended } = await silentServer((onSocket) =>
    createServer((socket) => {
      onSocket(socket);
      const inner = connect(secured.port, '127.0.0.1').on('error', () => undefined);
      socket.on('close', () => inner.destroy());
      socket.pipe(inner).pipe(socket);
    }),
  );
  const agent = new AbruptHttpsAgent({ keepAlive: true });
  const request = httpsRequest({
    host: '127.0.0.1',
    port,
    agent,
    ca: authority.cert,
    servername: 'localhost',
    method: 'POST',
  });
  request.on('error', () => undefined).end('x');
  await secured.asked;
  request.destroy();
  expect(await ended).toBe('ECONNRESET');
  agent.destroy();
});

it('a connection whose request was answered is kept for the next', async () => {
  let connections = 0;
  const server = createHttpServer((_request, response) => response.end('ok'));
  server.on('connection', () => {
    connections += 1;
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  const agent = new AbruptHttpAgent({ keepAlive: true });
  for (let round = 0; round < 3; round += 1) {
    await new Promise<void>((done, fail) => {
      const request = httpRequest({ host: '127.0.0.1', port, agent }, (response) => {
        response.resume().on('end', done);
      });
      request.on('error', fail).end();
    });
  }
  agent.destroy();
  expect(connections).toBe(1);
});

it('a connection that the server ends is closed to its end, and leaves no descriptor behind', async () => {
  const server = createHttpServer((_request, response) => response.end('ok'));
  server.on('connection', (socket) => socket.once('data', () => setImmediate(() => socket.end())));
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  const agent = new AbruptHttpAgent({ keepAlive: true });
  const closed = new Promise<void>((found, fail) => {
    const request = httpRequest({ host: '127.0.0.1', port, agent }, (response) => response.resume());
    request.on('socket', (socket) => socket.once('close', () => found())).on('error', fail);
    request.end();
  });
  await closed;
  agent.destroy();
});
