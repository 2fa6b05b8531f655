import { execFileSync } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, TLSSocket, type TlsOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ProbeOutcome, TlsCertificateSpec, TlsSpec } from '../../../src/checks/index.ts';
import { tlsCertificateProbe } from '../../../src/checks/tls-certificate.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { type CertificateOptions, type Issued, makeCertificate } from '../../support/certificates.ts';
import { latenessOf } from '../../support/lateness.ts';
import { type Listening, listen } from '../../support/listen.ts';

const DAY_MS = 86_400_000;
const LATE_MS = 50;
const open: Listening[] = [];
let folder = '';

const root = await make('Root', { isAuthority: true });
const middle = await make('Middle', { isAuthority: true, issuer: root });
const leaf = await make('web.test', { issuer: middle });
const expired = await make('web.test', { issuer: middle, notAfterMs: Date.now() - DAY_MS / 2 });

function make(name: string, over: CertificateOptions = {}): Promise<Issued> {
  const names = { dnsNames: ['web.test'], ipAddresses: ['127.0.0.1', '::1'] };
  const ends = { notAfterMs: Date.now() + (over.isAuthority ? 100 : 60) * DAY_MS };
  return makeCertificate({ name, ...(over.isAuthority ? {} : names), ...ends, ...over });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vpcast-certificate-'));
});

afterAll(() => rm(folder, { recursive: true }));

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const pem = (...chain: readonly Issued[]) => chain.map(({ identity }) => identity.cert).join('\n');

function makeProbe(
  changes: Partial<TlsCertificateSpec> = {},
  tls: Partial<TlsSpec> = {},
  destination = '127.0.0.1',
) {
  const trust = { ca: pem(root), cert: undefined, key: undefined, serverName: undefined, skipVerify: false };
  const spec: TlsCertificateSpec = {
    type: 'tls_certificate',
    file: undefined,
    keyFile: undefined,
    port: 1,
    startTls: undefined,
    tls: { ...trust, ...tls },
    commonName: undefined,
    dnsNames: [],
    ipAddresses: [],
    issuer: undefined,
    minRemainingMs: undefined,
    warnRemainingMs: 14 * DAY_MS,
    sourceAddress: undefined,
    sourceInterface: undefined,
    ...changes,
  };
  return tlsCertificateProbe({ spec, destination, clock: systemClock });
}

function probe(...args: Parameters<typeof makeProbe>): Promise<ProbeOutcome> {
  return makeProbe(...args).attempt(2_000, new AbortController().signal);
}

async function serve(server: Server, host = '127.0.0.1'): Promise<{ port: number }> {
  const listening = await listen(server, { host });
  open.push(listening);
  return { port: listening.port };
}

function serveTls(
  chain: readonly Issued[],
  over: TlsOptions & { host?: string } = {},
): Promise<{ port: number }> {
  const key = chain[0]?.identity.key;
  const server = createTlsServer({ cert: pem(...chain), key, ...over }, (socket) =>
    socket.on('error', () => {}),
  );
  return serve(server.on('tlsClientError', () => {}) as unknown as Server, over.host);
}

const ends = (issued: Issued, isExpiringSoon = false) => ({
  kind: 'tls_certificate',
  notAfterMs: Math.floor(issued.certificate.notAfter.getTime() / 1000) * 1000,
  isExpiringSoon,
});

describe('a server', () => {
  test('with a whole chain passes, with its end measured', async () => {
    const at = await serveTls([leaf, middle]);
    const outcome = { ok: true, reason: 'passed', detail: undefined, measurement: ends(leaf) };
    expect(await probe(at)).toMatchObject(outcome);
    expect(await probe(at, { serverName: 'web.test' })).toMatchObject(outcome);
  });

  test('passes over IPv6, by name and from a source address', async () => {
    const six = await serveTls([leaf, middle], { host: '::1' });
    expect((await probe(six, {}, '::1')).reason).toBe('passed');
    const four = await serveTls([leaf, middle]);
    expect((await probe(four, { serverName: 'web.test' }, 'localhost')).reason).toBe('passed');
    expect((await probe({ ...four, sourceAddress: '127.0.0.9' })).reason).toBe('passed');
  });

  test('that has expired is told from one that is foreign, both measured', async () => {
    expect(await probe(await serveTls([expired, middle]))).toMatchObject({
      ok: false,
      reason: 'expired',
      detail: expect.stringMatching(/^CN=web\.test expired on \d{4}-/),
      measurement: ends(expired, true),
    });
    const at = await serveTls([leaf]);
    expect(await probe(at)).toMatchObject({
      reason: 'untrusted',
      detail:
        'CN=web.test, issued by CN=Middle: its issuer was not sent and is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
      measurement: ends(leaf),
    });
    const foreign = await make('Foreign', { isAuthority: true });
    expect(await probe(await serveTls([leaf, middle]), { ca: pem(foreign) })).toMatchObject({
      reason: 'untrusted',
      measurement: ends(leaf),
    });
  });

  test.each([
    true,
    false,
  ])('with an expired intermediate fails, naming it (verify: %s)', async (isVerified) => {
    const old = await make('Middle', {
      isAuthority: true,
      issuer: root,
      notAfterMs: Date.now() - DAY_MS / 2,
    });
    const below = await make('web.test', { issuer: old });
    const outcome = await probe(await serveTls([below, old]), { skipVerify: !isVerified });
    expect(outcome).toMatchObject({
      reason: 'expired',
      detail: expect.stringMatching(/^CN=Middle, above CN=web\.test, expired on /),
      measurement: ends(old, true),
    });
  });

  test('that sends an expired cross-signed root beside a good way passes', async () => {
    const foreign = await make('Foreign', { isAuthority: true });
    const cross = await make('Root', {
      isAuthority: true,
      keys: root.keys,
      issuer: foreign,
      notAfterMs: Date.now() - DAY_MS / 2,
    });
    const at = await serveTls([leaf, middle, cross]);
    expect(await probe(at)).toMatchObject({ reason: 'passed', measurement: ends(leaf) });
    expect(await probe(at, { skipVerify: true })).toMatchObject({
      reason: 'passed',
      measurement: ends(leaf),
    });
  });

  test('for another name fails, unless nothing is verified', async () => {
    const at = await serveTls([leaf, middle]);
    expect(await probe(at, { serverName: 'other.test' })).toMatchObject({
      reason: 'name-mismatch',
      detail: 'CN=web.test is not for other.test; its names: web.test, 127.0.0.1, 0:0:0:0:0:0:0:1',
      measurement: ends(leaf),
    });
    expect((await probe(at, { serverName: 'other.test', skipVerify: true })).reason).toBe('passed');
    expect((await probe({ ...at, dnsNames: ['other.test'] }, { skipVerify: true })).reason).toBe(
      'name-mismatch',
    );
    expect((await probe({ ...at, issuer: 'Root' })).reason).toBe('issuer-mismatch');
    expect((await probe({ ...at, minRemainingMs: 61 * DAY_MS })).reason).toBe('expires-soon');
  });

  test('with a certificate signed by itself, an authority even, is judged like any', async () => {
    const own = await make('own.test', {
      isAuthority: true,
      dnsNames: ['own.test'],
      ipAddresses: ['127.0.0.1'],
    });
    const at = await serveTls([own]);
    expect((await probe(at, { ca: pem(own) })).reason).toBe('passed');
    expect((await probe(at, { skipVerify: true })).reason).toBe('passed');
    expect(await probe(at)).toMatchObject({
      reason: 'untrusted',
      detail:
        'CN=own.test, issued by CN=own.test: signed by itself, and not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)',
    });
  });

  test('shows the certificate of the name that is asked for', async () => {
    let asked = '';
    const at = await serveTls([leaf, middle], {
      SNICallback: (name, done) => {
        asked = name;
        done(null);
      },
    });
    await probe(at, { serverName: 'web.test' });
    expect(asked).toBe('web.test');
  });

  test('that wants a client certificate gets it; without, what it showed is measured', async () => {
    const client = await make('client', { issuer: root });
    const at = await serveTls([leaf, middle], {
      requestCert: true,
      rejectUnauthorized: true,
      ca: pem(root),
      maxVersion: 'TLSv1.2',
    });
    expect((await probe(at, client.identity)).reason).toBe('passed');
    expect(await probe(at)).toMatchObject({
      reason: 'tls-failed',
      detail: expect.stringMatching(/^TLS: .*alert/),
      measurement: ends(leaf),
    });
  });

  test('that speaks no TLS, refuses, closes or resets has a reason of its own', async () => {
    const noTls = await serve(createServer((socket) => socket.end('SSH-2.0-x\r\n')));
    expect(await probe(noTls)).toMatchObject({ reason: 'tls-failed', detail: 'TLS: wrong version number' });
    const closing = await serve(createServer((socket) => socket.once('data', () => socket.end())));
    expect((await probe(closing)).reason).toMatch(/^(?:closed|reset)$/);
    const resetting = await serve(
      createServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
    );
    expect((await probe(resetting)).reason).toBe('reset');
    const { port } = await serve(createServer());
    await open.pop()?.close();
    expect((await probe({ port })).reason).toBe('refused');
    expect((await probe({ port }, {}, `${'x'.repeat(64)}.test`)).reason).toBe('resolve-failed');
  });

  test.each([
    undefined,
    'smtp',
    'imap',
    'postgres',
  ] as const)('that stays silent ends by the timeout, and no connection is left (starttls: %s)', async (startTls) => {
    const silent = await serve(createServer());
    const silentProbe = makeProbe({ ...silent, startTls });
    const { outcome, lateMs } = await latenessOf(60, () =>
      silentProbe.attempt(60, new AbortController().signal),
    );
    const awaited = startTls === undefined ? 'TLS handshake' : 'consent to STARTTLS';
    expect(outcome).toMatchObject({ reason: 'timeout', detail: `no ${awaited} within 60 ms` });
    expect(lateMs).toBeLessThan(LATE_MS);
    await vi.waitFor(() => expect(open[0]?.connections()).toBe(0));
  });

  test('that is closing just when the attempt is called off keeps no socket open', async () => {
    const socketsOpen = () =>
      process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
    const abort = new AbortController();
    const conversations: Socket[] = [];
    const at = await serve(createServer((socket) => conversations.push(socket)));
    // What comes here is read in the same turn of the loop as the end of the probe's connection, after that.
    const bell = connect(at.port, '127.0.0.1').on('data', () => abort.abort());
    await vi.waitFor(() => expect(conversations).toHaveLength(1));
    const before = socketsOpen();
    const left = makeProbe({ ...at, startTls: 'smtp' }).attempt(10_000, abort.signal);
    await vi.waitFor(() => expect(conversations).toHaveLength(2));
    conversations[1]?.once('finish', () => conversations[0]?.write('now')).end();
    expect((await left).reason).toBe('killed');
    await vi.waitFor(() => expect(socketsOpen()).toBeLessThanOrEqual(before));
    bell.destroy();
  });

  test('is left at once when the attempt is called off', async () => {
    const at = await serve(createServer());
    const abort = new AbortController();
    const attempt = makeProbe(at).attempt(5_000, abort.signal);
    await vi.waitFor(() => expect(open[0]?.connections()).toBe(1));
    abort.abort();
    expect((await attempt).reason).toBe('killed');
    await vi.waitFor(() => expect(open[0]?.connections()).toBe(0));
  });
});

/** A server that answers each line, or each piece, with the next of its answers, and then begins TLS. */
function plainServer(answers: readonly string[], greets: boolean): Server {
  return createServer({ noDelay: true }, (socket: Socket) => {
    const left = [...answers];
    const next = (): void => {
      const answer = left.shift();
      if (answer !== undefined) socket.write(answer);
      if (left.length > 0) return;
      socket.off('data', next);
      const secure = new TLSSocket(socket, {
        isServer: true,
        cert: pem(leaf, middle),
        key: leaf.identity.key,
      });
      secure.on('error', () => undefined);
    };
    socket.on('data', next);
    if (greets) next();
  });
}

const good = {
  smtp: ['220 hi\r\n', '250-me\r\n250 STARTTLS\r\n', '220 go\r\n'],
  imap: ['* OK hi\r\n', 'a1 OK go\r\n'],
  postgres: ['S'],
} as const;

describe('STARTTLS', () => {
  test.each(['smtp', 'imap', 'postgres'] as const)('with %s comes to the certificate', async (startTls) => {
    const at = await serve(plainServer(good[startTls], startTls !== 'postgres'));
    expect(await probe({ ...at, startTls })).toMatchObject({
      ok: true,
      reason: 'passed',
      measurement: ends(leaf),
    });
  });

  test.each([
    ['smtp', ['220 hi\r\n', '250 me\r\n', ''], 'tls-failed'],
    ['smtp', ['220 hi\r\n', '250 STARTTLS\r\n', '220 go\r\n250 injected\r\n'], 'protocol-error'],
    ['imap', ['* PREAUTH\r\n', ''], 'tls-failed'],
    ['imap', ['* OK\r\n', 'a1 OK\r\n* injected\r\n'], 'protocol-error'],
    ['postgres', ['N'], 'tls-failed'],
    ['postgres', ['SE'], 'protocol-error'],
  ] as const)('with %s that says %j fails', async (startTls, answers, reason) => {
    const at = await serve(plainServer(answers, startTls !== 'postgres'));
    expect(await probe({ ...at, startTls })).toMatchObject({ ok: false, reason });
    await vi.waitFor(() => expect(open[0]?.connections()).toBe(0));
  });

  test('fails where the server closes', async () => {
    const at = await serve(createServer((socket) => socket.end('220 hi\r\n')));
    expect((await probe({ ...at, startTls: 'smtp' })).reason).toMatch(/^(?:closed|reset)$/);
  });
});

describe('a file', () => {
  async function write(name: string, text: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
    return path;
  }

  test('passes, and is read anew each time', async () => {
    const file = await write('renewed.pem', pem(leaf, middle));
    const keyFile = await write('renewed.key', leaf.identity.key);
    const one = makeProbe({ file, keyFile });
    const attempt = () => one.attempt(2_000, new AbortController().signal);
    expect(await attempt()).toMatchObject({ ok: true, reason: 'passed', measurement: ends(leaf) });
    await write('renewed.pem', pem(expired, middle));
    expect(await attempt()).toMatchObject({ reason: 'expired', measurement: ends(expired, true) });
    await write('renewed.key', expired.identity.key);
    await write('renewed.pem', pem(leaf, middle));
    expect(await attempt()).toMatchObject({ reason: 'key-mismatch', measurement: ends(leaf) });
    await write('renewed.key', leaf.identity.key);
    expect((await attempt()).reason).toBe('passed');
    await rm(file);
    expect(await attempt()).toMatchObject({ reason: 'not-found', detail: `${file} does not exist` });
  });

  test('is verified by the authorities of the system where none is given', async () => {
    const file = await write('system.pem', pem(leaf, middle));
    expect((await probe({ file }, { ca: undefined })).reason).toBe('untrusted');
    expect((await probe({ file }, { ca: undefined, skipVerify: true })).reason).toBe('passed');
  });

  test('that is none has a reason: a folder, a pipe, too large, no text', async () => {
    expect((await probe({ file: folder })).reason).toBe('unreadable');
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(await probe({ file: pipe })).toMatchObject({
      reason: 'unreadable',
      detail: `${pipe} is no file`,
    });
    expect((await probe({ file: await write('large.pem', 'x'.repeat(1_048_577)) })).reason).toBe('too-large');
    expect((await probe({ file: await write('full.pem', 'x'.repeat(1_048_576)) })).reason).toBe(
      'content-mismatch',
    );
    expect((await probe({ file: await write('empty.pem', '') })).reason).toBe('content-mismatch');
    expect((await probe({ file: join(folder, 'empty.pem', 'below') })).reason).toBe('not-found');
    const file = await write('keyless.pem', pem(leaf, middle));
    expect(await probe({ file, keyFile: join(folder, 'none.key') })).toMatchObject({
      reason: 'not-found',
      measurement: ends(leaf),
    });
  });

  test('of a system that has no size is read to its end', async () => {
    expect((await probe({ file: '/proc/self/status' })).reason).toBe('content-mismatch');
  });
});
