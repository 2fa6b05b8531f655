import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { TlsCertificateSpec } from '../../../src/checks/index.ts';
import { fileCertificateProbe } from '../../../src/checks/tls-certificate-file.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { makeCertificate } from '../../support/certificates.ts';

const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'vpcast-pem-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a file that stays as it is expires all the same, and is read anew where it was not to be read', async () => {
  const { identity } = await makeCertificate({ name: 'web.test', notAfterMs: Date.now() + 60 * DAY_MS });
  const file = join(folder, 'one.pem');
  const spec: TlsCertificateSpec = {
    type: 'tls_certificate',
    file,
    keyFile: undefined,
    port: 1,
    startTls: undefined,
    tls: { ca: undefined, cert: undefined, key: undefined, serverName: undefined, skipVerify: true },
    commonName: undefined,
    dnsNames: [],
    ipAddresses: [],
    issuer: undefined,
    minRemainingMs: undefined,
    warnRemainingMs: 14 * DAY_MS,
    sourceAddress: undefined,
    sourceInterface: undefined,
  };
  let laterMs = 0;
  const clock = { ...systemClock, wallNow: () => Date.now() + laterMs };
  const probe = fileCertificateProbe({ spec, file, readAuthorities: () => [], clock });
  const attempt = async () => (await probe.attempt(5_000, new AbortController().signal)).reason;
  writeFileSync(file, identity.cert);
  expect([await attempt(), await attempt()]).toEqual(['passed', 'passed']);
  laterMs = 61 * DAY_MS;
  expect(await attempt()).toBe('expired');
  writeFileSync(file, 'no certificate');
  expect([await attempt(), await attempt()]).toEqual(['content-mismatch', 'content-mismatch']);
  laterMs = 0;
  writeFileSync(file, identity.cert);
  expect(await attempt()).toBe('passed');
});
