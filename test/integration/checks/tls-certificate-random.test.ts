import { createServer } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tlsCertificateProbe } from '../../../src/checks/tls-certificate.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { listen } from '../../support/listen.ts';

/** What leads to TLS. */
const CONSENTS = {
  none: '',
  smtp: '220 hi\r\n250 STARTTLS\r\n220 go\r\n',
  imap: '* OK hi\r\na1 OK go\r\n',
  postgres: 'S',
} as const;

const REASONS = ['tls-failed', 'protocol-error', 'unexpected-answer', 'closed', 'reset'];

const answers = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  // The head of a TLS record, of a handshake or an alert, and then anything.
  fc.uint8Array({ minLength: 2, maxLength: 60 }).map((rest) => Uint8Array.from([22, 3, 3, 0, ...rest])),
  fc.uint8Array({ minLength: 2, maxLength: 2 }).map((rest) => Uint8Array.from([21, 3, 3, 0, 2, ...rest])),
);

test.each([
  undefined,
  'smtp',
  'imap',
  'postgres',
] as const)('random bytes never make a probe pass or throw (starttls: %s)', async (startTls) => {
  const consent = CONSENTS[startTls ?? 'none'];
  const left = fc.sample(answers, { numRuns: 30, seed: 4 });
  const count = left.length;
  const server = createServer((socket) => {
    const answer = left.pop() ?? Uint8Array.of();
    const before = consent.slice(0, answer.length % (consent.length + 1));
    socket.resume().end(Buffer.concat([Buffer.from(before), answer]));
  });
  const listening = await listen(server);
  const probe = tlsCertificateProbe({
    spec: {
      type: 'tls_certificate',
      file: undefined,
      keyFile: undefined,
      port: listening.port,
      startTls,
      tls: { ca: undefined, cert: undefined, key: undefined, serverName: undefined, skipVerify: true },
      commonName: undefined,
      dnsNames: [],
      ipAddresses: [],
      issuer: undefined,
      minRemainingMs: undefined,
      warnRemainingMs: 0,
      sourceAddress: undefined,
      sourceInterface: undefined,
    },
    destination: '127.0.0.1',
    clock: systemClock,
  });
  for (let run = 0; run < count; run++) {
    const outcome = await probe.attempt(2_000, new AbortController().signal);
    expect(outcome).toMatchObject({ ok: false, detail: expect.any(String) });
    expect(REASONS).toContain(outcome.reason);
  }
  expect(left).toEqual([]);
  await listening.close();
});
