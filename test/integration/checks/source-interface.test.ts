import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { type CheckSpec, makeProbe, type ProbeOutcome, type ProbeSpec } from '../../../src/checks/index.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { type Listening, listen } from '../../support/listen.ts';
import { isPossible, runScript, unshareCommand } from '../../support/network-namespace.ts';

const certificates = await makeCertificates();
const open: Listening[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function ask(probe: ProbeSpec, destination: string): Promise<ProbeOutcome> {
  const check: CheckSpec = {
    name: 'sourced',
    probe,
    destination,
    rise: 1,
    fall: 1,
    everyMs: 5_000,
    timeoutMs: 5_000,
    tries: 1,
    triesIntervalMs: 0,
    runOnHealthy: undefined,
    runOnUnhealthy: undefined,
  };
  const made = makeProbe(check, { clock: systemClock, version: '0' });
  try {
    return await made.attempt(check.timeoutMs, new AbortController().signal);
  } finally {
    await made.close();
  }
}

function tcp(port: number, sourceInterface: string, more: Partial<ProbeSpec> = {}): ProbeSpec {
  const plain = { type: 'tcp', send: undefined, expect: undefined, tls: undefined } as const;
  return { ...plain, port, sourceAddress: undefined, sourceInterface, ...more } as ProbeSpec;
}

function http(port: number, changes: Partial<ProbeSpec>): ProbeSpec {
  return {
    type: 'http',
    scheme: 'http',
    port,
    path: '/',
    method: 'GET',
    headers: {},
    host: undefined,
    body: undefined,
    expectStatus: [{ from: 200, to: 299 }],
    expectBody: undefined,
    maxRedirects: 0,
    tls: undefined,
    unixSocket: undefined,
    sourceAddress: undefined,
    sourceInterface: 'lo',
    ...changes,
  } as ProbeSpec;
}

const tls = {
  ca: certificates.authority.cert,
  cert: undefined,
  key: undefined,
  serverName: 'web.test',
  skipVerify: false,
};

describe('through the loopback interface', () => {
  test.each(['127.0.0.1', 'localhost'])('a tcp check passes for %s', async (destination) => {
    // Of both families: which address of a name comes first is the host's to say.
    const server = await listen(createServer(), { host: '::' });
    open.push(server);
    for (let round = 0; round < 20; round += 1) {
      expect(await ask(tcp(server.port, 'lo'), destination)).toMatchObject({ reason: 'passed' });
    }
  });

  test('a tcp check passes for ::1, from a source address as well', async () => {
    const server = await listen(createServer(), { host: '::1' });
    open.push(server);
    expect(await ask(tcp(server.port, 'lo', { sourceAddress: '::1' }), '::1')).toMatchObject({ ok: true });
  });

  test('a tcp check with TLS passes', async () => {
    const { cert, key } = certificates.server;
    const server = await listen(createTlsServer({ cert, key }));
    open.push(server);
    expect(await ask(tcp(server.port, 'lo', { tls }), '127.0.0.1')).toMatchObject({ reason: 'passed' });
  });

  test('an http check passes, and is judged as ever', async () => {
    const server = await listen(
      createHttpServer((request, response) => response.writeHead(request.url === '/' ? 200 : 404).end()),
      { host: '::' },
    );
    open.push(server);
    expect(await ask(http(server.port, {}), 'localhost')).toMatchObject({ reason: 'passed' });
    const lost = await ask(http(server.port, { path: '/lost' }), '127.0.0.1');
    expect(lost).toMatchObject({ reason: 'unexpected-status', detail: 'status 404' });
  });

  test('a refused connection is refused', async () => {
    const server = await listen(createServer());
    await server.close();
    expect(await ask(tcp(server.port, 'lo'), '127.0.0.1')).toMatchObject({ reason: 'refused' });
  });
});

test('an interface that is not there makes the target unreachable, and is named', async () => {
  const outcome = await ask(tcp(9, 'none0'), '127.0.0.1');
  expect(outcome).toMatchObject({ ok: false, reason: 'unreachable' });
  expect(outcome.detail).toContain('none0');
});

const unshare = unshareCommand();
const SETUP = `ip link set lo up
ip link add other0 type veth peer name other1
ip link set other0 up
ip link set other1 up
ip address add 10.8.0.1/24 dev other0
echo '0 2147483647' > /proc/sys/net/ipv4/ping_group_range`;
const ways = unshare !== undefined && isPossible(unshare, SETUP) ? [unshare] : [];

describe.each(ways)('in a namespace (by %s)', (...way) => {
  test('tcp and ping reach an address by the interface that leads there, and by no other', async () => {
    const printed = await runScript({
      unshare: way,
      setup: SETUP,
      script: `${import.meta.dirname}/source-interface-child.ts`,
      argument: { address: '127.0.0.1', interfaces: ['lo', 'other0'] },
      timeoutMs: 15_000,
    });
    expect(JSON.parse(printed)).toEqual({
      lo: { tcp: true, ping: true },
      other0: { tcp: false, ping: false },
    });
  });
});
