import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_CERTIFICATES, readCertificates } from '../../../src/checks/certificate.ts';
import { CertificateChain } from '../../../src/checks/certificate-chain.ts';
import { judgeFileChain } from '../../../src/checks/certificate-file-rules.ts';
import { type CertificateRules, judgeCertificate } from '../../../src/checks/certificate-rules.ts';
import type { Verdict } from '../../../src/checks/verdict.ts';
import { type CertificateOptions, type Issued, makeCertificate } from '../../support/certificates.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 0, 15);
const at = (days: number) => NOW_MS + days * DAY_MS;

const RULES: CertificateRules = {
  commonName: undefined,
  dnsNames: [],
  ipAddresses: [],
  issuer: undefined,
  minRemainingMs: undefined,
  warnRemainingMs: 14 * DAY_MS,
};

/** Valid from ten days ago, for so many days from now. */
function make(name: string, days: number, over: CertificateOptions = {}): Promise<Issued> {
  return makeCertificate({ name, notBeforeMs: at(-10), notAfterMs: at(days), ...over });
}

const root = await make('Root', 3_000, { isAuthority: true });
const middle = await make('Middle', 1_000, { isAuthority: true, issuer: root });
const leaf = await make('web.test', 60, {
  issuer: middle,
  dnsNames: ['web.test', '*.wild.test'],
  ipAddresses: ['192.0.2.1', '2001:db8::1'],
});
const other = await make('Other root', 3_000, { isAuthority: true });

interface Facts {
  readonly rules?: Partial<CertificateRules>;
  readonly trusted?: readonly Issued[];
  readonly isVerified?: boolean;
  readonly key?: string;
}

const pemOf = (chain: readonly Issued[]) => chain.map(({ identity }) => `${identity.cert}\n`).join('');

/** The verdict on a file of these certificates. */
function judgeText(pem: string, { rules, trusted = [root], isVerified = false, key }: Facts = {}): Verdict {
  const read = readCertificates(pem);
  if (!read.ok) return { reason: read.reason, detail: read.detail };
  const chain = new CertificateChain(read.certificates, () => trusted.map(({ identity }) => identity.cert));
  const tls = { ca: undefined, cert: undefined, key: undefined, serverName: undefined };
  const spec = { ...RULES, ...rules, tls: { ...tls, skipVerify: !isVerified } };
  const keyPem = key === undefined ? undefined : ({ ok: true, text: key } as const);
  return judgeFileChain(chain, { spec, keyPem, nowMs: NOW_MS });
}

function judge(chain: readonly Issued[], facts: Facts = {}): Verdict {
  return judgeText(pemOf(chain), facts);
}

describe('the dates', () => {
  test('of a path that is valid pass, and its earliest end is measured', () => {
    expect(judge([leaf, middle, root])).toEqual({
      reason: 'passed',
      measurement: { kind: 'tls_certificate', notAfterMs: at(60), isExpiringSoon: false },
    });
  });

  test('of a certificate that has expired fail, with its name and the date', async () => {
    const old = await make('web.test', -1, { issuer: middle });
    expect(judge([old, middle])).toEqual({
      reason: 'expired',
      detail: 'CN=web.test expired on 2026-01-14T00:00:00Z',
      measurement: { kind: 'tls_certificate', notAfterMs: at(-1), isExpiringSoon: true },
    });
  });

  test('of a certificate that begins later fail', async () => {
    const young = await make('web.test', 60, { issuer: middle, notBeforeMs: at(1) });
    const detail = 'CN=web.test is valid only from 2026-01-16T00:00:00Z';
    expect(judge([young, middle])).toMatchObject({ reason: 'not-yet-valid', detail });
  });

  test.each([
    false,
    true,
  ])('of an intermediate that has expired fail like the leaf (verify: %s)', async (isVerified) => {
    const oldMiddle = await make('Middle', -3, { isAuthority: true, issuer: root });
    const below = await make('web.test', 60, { issuer: oldMiddle });
    const detail = 'CN=Middle, above CN=web.test, expired on 2026-01-12T00:00:00Z';
    expect(judge([below, oldMiddle], { isVerified })).toMatchObject({ reason: 'expired', detail });
  });

  test('of an expired cross-signed copy of a trusted root do no harm, sent or not', async () => {
    const options = { subject: 'CN=Root', isAuthority: true, keys: root.keys };
    const cross = await make('', -100, { ...options, issuer: other });
    for (const isVerified of [false, true]) {
      expect(judge([leaf, middle, cross], { isVerified })).toMatchObject({
        reason: 'passed',
        measurement: { notAfterMs: at(60) },
      });
    }
    // Whom nobody trusts, nobody stands in for.
    expect(judge([leaf, middle, cross], { trusted: [] }).reason).toBe('expired');
    expect(judge([leaf, middle, cross], { trusted: [other] }).reason).toBe('expired');
  });

  test('of certificates beside the path do not count', async () => {
    const stray = await make('Stray', -100, { isAuthority: true });
    expect(judge([leaf, middle, stray, root]).reason).toBe('passed');
  });

  test('of two ways up are those of the one that lasts longer', async () => {
    const options = { subject: 'CN=Middle', isAuthority: true, keys: middle.keys };
    const short = await make('', 5, { ...options, issuer: other });
    for (const chain of [
      [leaf, short, middle],
      [leaf, middle, short],
    ]) {
      expect(judge(chain).measurement).toMatchObject({ notAfterMs: at(60) });
      expect(judge(chain, { isVerified: true, trusted: [other] }).measurement).toMatchObject({
        notAfterMs: at(5),
        isExpiringSoon: true,
      });
    }
  });

  test('fail by what remains only where that is asked for', async () => {
    const soon = await make('web.test', 5, { issuer: middle });
    expect(judge([soon, middle])).toMatchObject({
      reason: 'passed',
      measurement: { notAfterMs: at(5), isExpiringSoon: true },
    });
    expect(judge([soon, middle], { rules: { minRemainingMs: 5 * DAY_MS } }).reason).toBe('passed');
    expect(judge([soon, middle], { rules: { minRemainingMs: 6 * DAY_MS } })).toMatchObject({
      reason: 'expires-soon',
      detail: 'CN=web.test expires on 2026-01-20T00:00:00Z, less than 6d from now',
    });
    const calm = { warnRemainingMs: 4 * DAY_MS };
    expect(judge([soon, middle], { rules: calm }).measurement).toMatchObject({ isExpiringSoon: false });
  });
});

describe('the names', () => {
  test.each<[Partial<CertificateRules>, string | undefined]>([
    [{ commonName: 'web.test', issuer: 'Middle' }, undefined],
    [{ dnsNames: ['WEB.test', 'a.wild.test', '*.wild.test', 'web.test.'] }, undefined],
    [{ ipAddresses: ['192.0.2.1', '2001:DB8:0::1'] }, undefined],
    [{ commonName: 'eb.test' }, 'name-mismatch: the common name is web.test, not eb.test'],
    [{ issuer: 'Root' }, 'issuer-mismatch: the issuer of CN=web.test is Middle, not Root'],
    [{ dnsNames: ['wild.test'] }, 'name-mismatch: CN=web.test is not for wild.test; its names: NAMES'],
    [
      { dnsNames: ['a.b.wild.test'] },
      'name-mismatch: CN=web.test is not for a.b.wild.test; its names: NAMES',
    ],
    [{ dnsNames: ['*.web.test'] }, 'name-mismatch: CN=web.test is not for *.web.test; its names: NAMES'],
    [{ dnsNames: ['.wild.test'] }, 'name-mismatch: CN=web.test is not for .wild.test; its names: NAMES'],
    [{ ipAddresses: ['192.0.2.2'] }, 'name-mismatch: CN=web.test is not for 192.0.2.2; its names: NAMES'],
  ])('%j: %s', (rules, expected) => {
    const { reason, detail } = judge([leaf, middle], { rules });
    const names = 'web.test, *.wild.test, 192.0.2.1, 2001:db8:0:0:0:0:0:1';
    expect(reason === 'passed' ? undefined : `${reason}: ${detail}`).toBe(expected?.replace('NAMES', names));
  });

  test('do not count where only the common name has them', async () => {
    const bare = await make('bare.test', 60);
    const detail = 'CN=bare.test is not for bare.test; its names: none (the common name does not count)';
    expect(judge([bare], { rules: { dnsNames: ['bare.test'] } })).toMatchObject({
      reason: 'name-mismatch',
      detail,
    });
  });

  test('are told up to five', async () => {
    const names = Array.from({ length: 9 }, (_, index) => `n${index}.test`);
    const many = await make('many', 60, { dnsNames: names });
    expect(judge([many], { rules: { dnsNames: ['x.test'] } }).detail).toMatch(
      /n0\.test, .*n4\.test and 4 more$/,
    );
  });

  test('of a host that is asked are judged as those that are wanted', () => {
    const read = readCertificates(leaf.identity.cert);
    if (!read.ok) throw new Error(read.detail);
    const facts = { path: read.certificates, rules: RULES, nowMs: NOW_MS, fault: undefined };
    for (const host of ['web.test', 'x.wild.test', '192.0.2.1', '2001:db8::1']) {
      expect(judgeCertificate({ ...facts, host }).reason).toBe('passed');
    }
    for (const host of ['wild.test', 'web', '192.0.2.9', '2001:db8::2']) {
      expect(judgeCertificate({ ...facts, host }).reason).toBe('name-mismatch');
    }
  });

  test('of a subject with odd letters are read and shown on one line', async () => {
    const odd = await make('', 60, { subject: 'O=Acme\\, Inc. \\+ Söhne, CN=one\\, two' });
    expect(judge([odd], { rules: { commonName: 'one, two' } }).reason).toBe('passed');
    const { detail } = judge([odd], { rules: { dnsNames: ['x.test'] } });
    expect(detail).toMatch(/^O=Acme\\, Inc\. \\\+ Söhne, CN=one\\, two is not for x\.test/);
  });
});

describe('verification', () => {
  test('passes where a trusted authority stands above, sent or not, in any order', () => {
    for (const chain of [
      [leaf, middle],
      [leaf, middle, root],
      [leaf, root, middle],
      [leaf, middle, middle],
    ]) {
      expect(judge(chain, { isVerified: true }).reason).toBe('passed');
    }
  });

  test('fails where an intermediate is missing, saying whose', () => {
    expect(judge([leaf], { isVerified: true })).toMatchObject({
      reason: 'untrusted',
      detail: 'no trusted authority above CN=web.test, which says that CN=Middle issued it',
      measurement: { notAfterMs: at(60) },
    });
  });

  test('fails where the authority is another, or an intermediate is all that is trusted', () => {
    const detail = 'no trusted authority above CN=Root, which says that CN=Root issued it';
    expect(judge([leaf, middle, root], { isVerified: true, trusted: [other] })).toMatchObject({
      reason: 'untrusted',
      detail,
    });
    expect(judge([leaf, middle], { isVerified: true, trusted: [middle] }).reason).toBe('untrusted');
    expect(judge([leaf], { isVerified: true, trusted: [middle, root] }).reason).toBe('passed');
  });

  test('fails where the issuer has the right name and another key', async () => {
    const impostor = await make('Middle', 1_000, { isAuthority: true, issuer: root });
    expect(judge([leaf, impostor], { isVerified: true }).reason).toBe('untrusted');
    const fakeRoot = await make('Root', 3_000, { isAuthority: true });
    expect(judge([leaf, middle], { isVerified: true, trusted: [fakeRoot] }).reason).toBe('untrusted');
  });

  test('fails where the issuer is no authority', async () => {
    const plain = await make('Plain', 1_000, { issuer: root });
    const below = await make('web.test', 60, { issuer: plain });
    expect(judge([below, plain], { isVerified: true }).reason).toBe('untrusted');
  });

  test('fails where the certificate is for clients only', async () => {
    const uses = ['1.3.6.1.5.5.7.3.2'] as never;
    const client = await make('client', 60, { issuer: root, uses });
    expect(judge([client], { isVerified: true })).toMatchObject({
      reason: 'untrusted',
      detail: 'CN=client may not be used for a server',
    });
  });

  test('passes for a certificate signed by itself that is trusted, an authority or not', async () => {
    for (const isAuthority of [true, false]) {
      const own = await make('own.test', 60, { isAuthority, dnsNames: ['own.test'] });
      expect(judge([own], { isVerified: true, trusted: [own] }).reason).toBe('passed');
      expect(judge([own], { isVerified: true }).reason).toBe('untrusted');
      expect(judge([own]).reason).toBe('passed');
    }
  });

  test('says first that it has expired', async () => {
    const old = await make('web.test', -1, { issuer: other });
    expect(judge([old], { isVerified: true }).reason).toBe('expired');
  });

  test('has an end where authorities have signed each other', async () => {
    const [one, two] = [await make('One', 100, { isAuthority: true }), await make('Two', 100)];
    const keys = { one: one.keys, two: two.keys };
    const oneByTwo = await make('', 50, {
      subject: 'CN=One',
      isAuthority: true,
      keys: keys.one,
      issuer: { ...two, keys: keys.two },
    });
    const twoByOne = await make('', 40, {
      subject: 'CN=Two',
      isAuthority: true,
      keys: keys.two,
      issuer: one,
    });
    const below = await make('web.test', 60, { issuer: one });
    expect(judge([below, oneByTwo, twoByOne], { isVerified: true }).reason).toBe('untrusted');
    expect(judge([below, oneByTwo, twoByOne]).measurement).toMatchObject({ notAfterMs: at(40) });
    expect(
      judge([below, oneByTwo, twoByOne], { isVerified: true, trusted: [one] }).measurement,
    ).toMatchObject({ notAfterMs: at(60) });
  });
});

describe('a file', () => {
  test('with a key passes where it is that of the first certificate', () => {
    expect(judge([leaf, middle], { key: leaf.identity.key }).reason).toBe('passed');
    expect(judge([leaf, middle], { key: `${pemOf([leaf])}${leaf.identity.key}` }).reason).toBe('passed');
    expect(judge([leaf, middle], { key: middle.identity.key })).toMatchObject({
      reason: 'key-mismatch',
      detail: 'the key in key_file is not that of CN=web.test',
    });
    expect(judge([leaf, middle], { key: 'nonsense' }).detail).toBe(
      'no private key without a passphrase in key_file',
    );
  });

  test('in the wrong order fails, saying what stands where', () => {
    expect(judge([middle, leaf])).toMatchObject({
      reason: 'content-mismatch',
      detail: 'the first certificate, CN=Middle, issued CN=web.test, which has to stand before it',
    });
  });

  test('may hold text and other blocks', () => {
    const pem = `the chain\r\n${leaf.identity.key}\n${pemOf([leaf])}above:\n${pemOf([middle])}`;
    expect(judgeText(pem.replaceAll('\n', '\r\n')).reason).toBe('passed');
  });

  test.each<[string, string, string]>([
    [
      pemOf([leaf, middle]).replace(/-\n-/, '--'),
      'content-mismatch',
      'certificate 1 of 1 in it cannot be parsed',
    ],
    ['', 'content-mismatch', 'no PEM certificate in it'],
    [leaf.identity.key, 'content-mismatch', 'no PEM certificate in it'],
    [
      '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----',
      'content-mismatch',
      'certificate 1 of 1 in it cannot be parsed',
    ],
    [
      `${pemOf([leaf])}-----BEGIN CERTIFICATE-----\nMII`,
      'content-mismatch',
      'certificate 2 of 2 in it cannot be parsed',
    ],
    [
      pemOf(Array.from({ length: MAX_CERTIFICATES + 1 }, () => leaf)),
      'too-large',
      '17 certificates in it, at most 16 are read',
    ],
  ])('%#: that cannot be read says so', (pem, reason, detail) => {
    expect(judgeText(pem)).toEqual({ reason, detail });
  });
});

describe('damaged files', () => {
  const rules = { dnsNames: ['web.test'], issuer: 'Middle', commonName: 'web.test' };
  const strict: Facts = { rules, isVerified: true, key: leaf.identity.key };
  const good = [leaf, middle].map(({ certificate }) => Buffer.from(certificate.rawData));
  const armour = (ders: readonly Buffer[]) =>
    ders.map((der) => `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`);

  test('pass undamaged', () => {
    expect(judgeText(armour(good).join(''), strict).reason).toBe('passed');
  });

  test('never pass, and never make it throw, with a byte of a certificate changed', () => {
    const damage = fc.record({ which: fc.nat(1), at: fc.nat(), by: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(damage, ({ which, at: place, by }) => {
        const ders = good.map((der) => Buffer.from(der));
        const der = ders[which] ?? Buffer.alloc(0);
        const index = place % der.length;
        der[index] = (der[index] ?? 0) ^ by;
        expect(judgeText(armour(ders).join(''), strict).reason).not.toBe('passed');
      }),
      { numRuns: 100 },
    );
  });

  test('never pass where they are cut off', () => {
    const pem = armour(good).join('');
    for (let length = 0; length < pem.length - 25; length += 23) {
      const { reason, detail } = judgeText(pem.slice(0, length), strict);
      expect([reason, typeof detail]).not.toContain('passed');
    }
  });

  test('of any text have an outcome', () => {
    const part = fc.constantFrom(
      ...['-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----', '\n', 'MIIB', '-', '-----BEGIN X509 '],
      ...armour(good),
    );
    const text = fc.array(fc.oneof(part, fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 8 });
    fc.assert(
      fc.property(text, (parts) => {
        const { reason, detail } = judgeText(parts.join(''), { ...strict, trusted: [other] });
        expect(reason).not.toBe('passed');
        expect(detail).not.toBe('');
      }),
      { numRuns: 60 },
    );
  });
});
