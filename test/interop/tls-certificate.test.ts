import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ProbeOutcome, TlsCertificateSpec, TlsSpec } from '../../src/checks/index.ts';
import { type CertificateOptions, type Issued, makeCertificate } from '../support/certificates.ts';
import { runScript, unshareCommand } from '../support/network-namespace.ts';
import type { CertificateCase, CertificateReport, CertificateTask } from './tls-certificate-child.ts';

const DAY_MS = 86_400_000;
const PAST_MS = Date.now() - DAY_MS / 2;

// What is sent to 127.0.0.2 and fd00:99::2 is lost, and at port 450 all data: a connection stands there, and no more comes.
const SETUP = `
  ip link set lo up
  ip address add fd00:99::2/128 dev lo
  nft -f - <<END
    table inet filter {
      chain input {
        type filter hook input priority 0
        ip daddr 127.0.0.2 drop
        ip6 daddr fd00:99::2 drop
        tcp dport 450 tcp flags & psh == psh drop
      }
    }
END
`;

function make(name: string, over: CertificateOptions = {}): Promise<Issued> {
  const names = { dnsNames: ['web.test'], ipAddresses: ['127.0.0.1', '127.0.0.2', '::1', 'fd00:99::2'] };
  const ends = { notAfterMs: Date.now() + (over.isAuthority ? 100 : 60) * DAY_MS };
  return makeCertificate({ name, ...(over.isAuthority ? {} : names), ...ends, ...over });
}

const root = await make('Root', { isAuthority: true });
const foreign = await make('Foreign', { isAuthority: true });
const middle = await make('Middle', { isAuthority: true, issuer: root });
const impostor = await make('Middle', { isAuthority: true, issuer: root });
const oldMiddle = await make('Old middle', { isAuthority: true, issuer: root, notAfterMs: PAST_MS });
const plain = await make('Plain', { issuer: root });
const cross = await make('Root', {
  isAuthority: true,
  keys: root.keys,
  issuer: foreign,
  notAfterMs: PAST_MS,
});
const leaf = await make('web.test', { issuer: middle });
const other = await make('other.test', { issuer: middle, dnsNames: ['other.test'] });
const own = await make('web.test', { isAuthority: true, dnsNames: ['web.test'], ipAddresses: ['127.0.0.1'] });
const keys = leaf.keys;

/** Chains by the name of their file, and whether a client that trusts the root has to take them. */
const CHAINS: Readonly<Record<string, readonly [readonly Issued[], boolean]>> = {
  full: [[leaf, middle], true],
  whole: [[leaf, middle, root], true],
  disordered: [[leaf, root, middle], true],
  crossed: [[leaf, middle, cross], true],
  missing: [[leaf], false],
  wrong: [[leaf, impostor], false],
  expired: [[await make('web.test', { issuer: middle, keys, notAfterMs: PAST_MS }), middle], false],
  early: [
    [await make('web.test', { issuer: middle, keys, notBeforeMs: Date.now() + DAY_MS }), middle],
    false,
  ],
  old: [[await make('web.test', { issuer: oldMiddle, keys }), oldMiddle], false],
  forged: [[await make('web.test', { issuer: plain, keys }), plain], false],
  client: [
    [await make('web.test', { issuer: middle, keys, uses: ['1.3.6.1.5.5.7.3.2'] as never }), middle],
    false,
  ],
  foreign: [[await make('web.test', { issuer: foreign, keys }), foreign], false],
  own: [[own], false],
};

const SERVED = ['full', 'missing', 'disordered', 'crossed', 'expired', 'old', 'both', 'foreign'] as const;
const portOf = (chain: (typeof SERVED)[number]) => 8_440 + SERVED.indexOf(chain);

const tlsServer = (port: number, chain: string, more = '') => `
  server {
    listen 127.0.0.1:${port} ssl; listen [::1]:${port} ssl;
    ssl_certificate %FOLDER%/${chain}.pem; ssl_certificate_key %FOLDER%/${chain === 'own' ? 'own' : 'leaf'}.key;
    ${more}
  }`;
const mailServer = (port: number, protocol: string, startTls: string) => `
  server { listen 127.0.0.1:${port}; listen [::1]:${port}; protocol ${protocol}; starttls ${startTls}; }`;

const NGINX = `
load_module /usr/lib/nginx/modules/ngx_mail_module.so;
pid %FOLDER%/nginx.pid;
error_log stderr crit;
worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path %FOLDER%/b; proxy_temp_path %FOLDER%/p; fastcgi_temp_path %FOLDER%/f;
  uwsgi_temp_path %FOLDER%/u; scgi_temp_path %FOLDER%/s;
  ${tlsServer(443, 'full', 'server_name web.test;')}
  server {
    listen 127.0.0.1:443 ssl; server_name other.test;
    ssl_certificate %FOLDER%/other.pem; ssl_certificate_key %FOLDER%/other.key;
  }
  ${SERVED.map((chain) => tlsServer(portOf(chain), chain)).join('')}
  ${tlsServer(8_460, 'own')}
  ${tlsServer(8_461, 'full', 'ssl_protocols TLSv1.2;')}
  server { listen 127.0.0.1:8462 ssl; ssl_reject_handshake on; }
  server { listen 127.0.0.1:80; listen 127.0.0.1:450; }
}
mail {
  server_name mail.test;
  auth_http 127.0.0.1:80;
  ssl_certificate %FOLDER%/full.pem; ssl_certificate_key %FOLDER%/leaf.key;
  ${mailServer(25, 'smtp', 'on')}${mailServer(26, 'smtp', 'off')}${mailServer(27, 'smtp', 'only')}
  ${mailServer(143, 'imap', 'on')}${mailServer(144, 'imap', 'off')}
}
`;

const pgbouncer = (port: number, more: string) => `
[databases]
[pgbouncer]
listen_addr = 127.0.0.1,::1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = %FOLDER%/users
${more}
`;

const FILES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(CHAINS).map(([name, [chain]]) => [`${name}.pem`, pemOf(...chain)])),
  'root.pem': pemOf(root),
  'both.pem': pemOf(leaf, impostor, middle),
  'other.pem': pemOf(other, middle),
  'leaf.key': leaf.identity.key,
  'other.key': other.identity.key,
  'own.key': own.identity.key,
  // As the OpenSSL of other days writes keys, and as it writes certificates for people.
  'sec1.key': `${openssl(['ecparam', '-name', 'prime256v1'])}${openssl(['pkey', '-traditional'], leaf.identity.key)}`,
  'locked.key': openssl(['pkey', '-aes128', '-passout', 'pass:secret'], leaf.identity.key),
  'text.pem': `${openssl(['x509', '-text'], pemOf(leaf))}${openssl(['x509', '-trustout'], pemOf(middle))}`,
  'nginx.conf': NGINX,
  users: '"x" ""\n',
  'pgbouncer.ini': pgbouncer(
    5432,
    'client_tls_sslmode = require\nclient_tls_key_file = %FOLDER%/leaf.key\nclient_tls_cert_file = %FOLDER%/full.pem',
  ),
  'pgbouncer-plain.ini': pgbouncer(5433, ''),
};

function pemOf(...chain: readonly Issued[]): string {
  return chain.map(({ identity }) => `${identity.cert}\n`).join('');
}

function openssl(args: readonly string[], input = ''): string {
  return execFileSync('openssl', args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });
}

interface Over {
  readonly tls?: Partial<TlsSpec>;
  readonly destination?: string;
  readonly timeoutMs?: number;
}

function to(
  spec: Partial<TlsCertificateSpec>,
  { tls = {}, destination = '127.0.0.1', timeoutMs = 5_000 }: Over = {},
): CertificateCase {
  return { destination, spec, tls, timeoutMs };
}

const named = { tls: { serverName: 'other.test' } };
const loose = { tls: { skipVerify: true } };
const LEAF_MS = Math.floor(leaf.certificate.notAfter.getTime() / 1000) * 1000;

/** The reason that has to come of it, and part of the detail. */
const CASES: Readonly<Record<string, readonly [CertificateCase, string, string?]>> = {
  'nginx passes': [to({}), 'passed'],
  'nginx passes over IPv6': [to({}, { destination: '::1' }), 'passed'],
  'nginx passes with TLS 1.2': [to({ port: 8_461 }), 'passed'],
  'nginx has another certificate for another name': [to({ dnsNames: ['other.test'] }, named), 'passed'],
  'nginx has one name for all over IPv6': [
    to({}, { ...named, destination: '::1' }),
    'name-mismatch',
    'is not for other.test; its names: web.test',
  ],
  'nginx with the wrong order after the leaf passes': [to({ port: portOf('disordered') }), 'passed'],
  'nginx with an expired cross-signed root passes': [to({ port: portOf('crossed') }), 'passed'],
  'the same passes unverified': [to({ port: portOf('crossed') }, loose), 'passed'],
  // OpenSSL looks no further than the first certificate of a name; in a file any will do.
  'nginx with a false intermediate before the true one is not trusted': [
    to({ port: portOf('both') }),
    'untrusted',
  ],
  'a file with a false intermediate before the true one passes': [to({ file: 'both.pem' }), 'passed'],
  'nginx without the intermediate is not trusted': [
    to({ port: portOf('missing') }),
    'untrusted',
    'its issuer was not sent',
  ],
  'the same passes unverified, too': [to({ port: portOf('missing') }, loose), 'passed'],
  'nginx under another authority is not trusted': [to({ port: portOf('foreign') }), 'untrusted'],
  'nginx with what it signed itself is not trusted': [to({ port: 8_460 }), 'untrusted', 'signed by itself'],
  'the same is trusted where that is said': [to({ port: 8_460 }, { tls: { ca: pemOf(own) } }), 'passed'],
  'nginx with an expired certificate is told': [
    to({ port: portOf('expired') }),
    'expired',
    'CN=web.test expired',
  ],
  'nginx with an expired intermediate is told': [
    to({ port: portOf('old') }, loose),
    'expired',
    'CN=Old middle, above CN=web.test, expired',
  ],
  'nginx that rejects the handshake is told': [to({ port: 8_462 }), 'tls-failed', 'unrecognized name'],
  'nginx without TLS is told': [to({ port: 80 }), 'tls-failed', 'wrong version number'],
  'nginx passes with SMTP': [to({ port: 25, startTls: 'smtp' }), 'passed'],
  'nginx passes with SMTP over IPv6': [to({ port: 25, startTls: 'smtp' }, { destination: '::1' }), 'passed'],
  'nginx passes with SMTP that demands TLS': [to({ port: 27, startTls: 'smtp' }), 'passed'],
  'nginx that offers no STARTTLS in SMTP is told': [
    to({ port: 26, startTls: 'smtp' }),
    'tls-failed',
    'does not offer STARTTLS',
  ],
  'nginx passes with IMAP': [to({ port: 143, startTls: 'imap' }), 'passed'],
  'nginx that refuses STARTTLS in IMAP is told': [
    to({ port: 144, startTls: 'imap' }),
    'tls-failed',
    'a1 BAD',
  ],
  'IMAP where SMTP is spoken is told': [
    to({ port: 25, startTls: 'imap' }),
    'protocol-error',
    '220 mail.test',
  ],
  'SMTP where IMAP is spoken is told': [to({ port: 143, startTls: 'smtp' }), 'protocol-error', '* OK'],
  'TLS where SMTP is spoken is told': [to({ port: 25 }), 'tls-failed'],
  'pgbouncer passes': [to({ port: 5432, startTls: 'postgres' }), 'passed'],
  'pgbouncer passes over IPv6': [to({ port: 5432, startTls: 'postgres' }, { destination: '::1' }), 'passed'],
  'pgbouncer without TLS is told': [
    to({ port: 5433, startTls: 'postgres' }),
    'tls-failed',
    'TLS switched off',
  ],
  'PostgreSQL where SMTP is spoken is told': [to({ port: 25, startTls: 'postgres' }), 'protocol-error'],
  'nobody is told': [to({ port: 444 }), 'refused'],
  'nobody is told over IPv6': [to({ port: 444 }, { destination: '::1' }), 'refused'],
  'lost packets are told': [
    to({}, { destination: '127.0.0.2', timeoutMs: 300 }),
    'timeout',
    'no connection within 300 ms',
  ],
  'lost packets are told over IPv6': [
    to({}, { destination: 'fd00:99::2', timeoutMs: 300 }),
    'timeout',
    'no connection within 300 ms',
  ],
  'a connection that goes dead is told': [
    to({ port: 450 }, { timeoutMs: 300 }),
    'timeout',
    'no TLS handshake within 300 ms',
  ],
  'a key as OpenSSL wrote it long ago passes': [to({ file: 'full.pem', keyFile: 'sec1.key' }), 'passed'],
  'a key with a passphrase is told': [
    to({ file: 'full.pem', keyFile: 'locked.key' }),
    'key-mismatch',
    'passphrase',
  ],
  'a key of another is told': [to({ file: 'full.pem', keyFile: 'other.key' }), 'key-mismatch'],
  'certificates among text, and with trust settings, pass': [to({ file: 'text.pem' }), 'passed'],
};

describe('certificates', () => {
  let report: CertificateReport = { outcomes: {}, trusted: {} };

  beforeAll(async () => {
    const unshare = unshareCommand();
    expect(unshare, 'a network namespace').toBeDefined();
    const files = Object.keys(CHAINS).map((name) => [`file ${name}`, to({ file: `${name}.pem` })] as const);
    const cases = Object.fromEntries([
      ...Object.entries(CASES).map(([name, [it]]) => [name, it] as const),
      ...files,
    ]);
    const chains = Object.keys(CHAINS).map((name) => `${name}.pem`);
    const argument: CertificateTask = { files: FILES, ca: pemOf(root), cases, chains };
    const script = join(import.meta.dirname, 'tls-certificate-child.ts');
    report = JSON.parse(await runScript({ unshare, setup: SETUP, script, argument, timeoutMs: 30_000 }));
  }, 40_000);

  it.each(Object.keys(CASES))('of a server or file: %s', (name) => {
    const [, reason, detail = ''] = CASES[name] ?? [];
    const outcome: ProbeOutcome | undefined = report.outcomes[name];
    expect(outcome).toMatchObject({ ok: reason === 'passed', reason });
    expect(outcome?.detail ?? '').toContain(detail);
    const isSeen = !['timeout', 'refused', 'tls-failed', 'protocol-error'].includes(reason ?? '');
    expect(outcome?.measurement !== undefined).toBe(isSeen);
  });

  it('are measured by what nginx sends, whatever else it sends', () => {
    for (const name of [
      'nginx passes',
      'the same passes unverified',
      'pgbouncer passes',
      'nginx passes with IMAP',
    ]) {
      const measurement = { kind: 'tls_certificate', notAfterMs: LEAF_MS, isExpiringSoon: false };
      expect(report.outcomes[name]?.measurement).toEqual(measurement);
    }
  });

  it.each(Object.keys(CHAINS))('in a file are trusted where OpenSSL trusts them: %s', (name) => {
    const expected = CHAINS[name]?.[1];
    expect(report.trusted[`${name}.pem`]).toBe(expected);
    expect(report.outcomes[`file ${name}`]).toMatchObject({ ok: expected });
  });
});
