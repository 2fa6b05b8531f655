import { describe, expect, it } from 'vitest';
import { CERTIFICATE, loaded, PRIVATE_KEY, problems } from '../source.ts';

const DAY_MS = 86_400_000;
const TABLES = 'routetables:\n  a:\n    find: { type: main }\n    manage_routes: [{ cidr: 10.9.9.9 }]\n';
const HOOK = 'run_on_healthy: [x]';

function load(options: string) {
  const { spec, warnings } = loaded(
    `healthchecks:\n  c: { type: tls_certificate, ${HOOK}, ${options} }\n${TABLES}`,
  );
  return { check: spec.checks[0], warnings };
}

function check(options: string) {
  const { check, warnings } = load(options);
  expect(warnings).toEqual([]);
  return check;
}

function told(options: string): readonly string[] {
  const text = `healthchecks:\n  c: { type: tls_certificate, ${HOOK}, ${options} }\n${TABLES}`;
  return problems(text).map((line) => line.replace(/^config\.yaml:\d+:\d+ healthchecks\.c\.?/, ''));
}

const TLS = { ca: undefined, cert: undefined, key: undefined, serverName: undefined, skipVerify: false };

describe('a tls_certificate check of a server', () => {
  it('needs no more than a destination', () => {
    expect(check('destination: web.test')).toMatchObject({
      destination: 'web.test',
      everyMs: 60_000,
      timeoutMs: 10_000,
      rise: 1,
      fall: 2,
      probe: {
        type: 'tls_certificate',
        file: undefined,
        keyFile: undefined,
        port: 443,
        startTls: undefined,
        tls: TLS,
        commonName: undefined,
        dnsNames: [],
        ipAddresses: [],
        issuer: undefined,
        minRemainingMs: undefined,
        warnRemainingMs: 14 * DAY_MS,
        sourceAddress: undefined,
        sourceInterface: undefined,
      },
    });
  });

  it('takes every option', () => {
    const names = 'common_name: web, dns_names: ["*.web.test", web.test], ip_addresses: [192.0.2.1, "::1"]';
    const dates = 'issuer: R3, min_remaining: 3d, warn_remaining: 30d, every: 5m, rise: 3, fall: 4';
    const from = 'server_name: sni.test, verify: false, source_address: 192.0.2.2, source_interface: eth1';
    expect(check(`destination: 192.0.2.9, port: 8443, ${names}, ${dates}, ${from}`)).toMatchObject({
      everyMs: 300_000,
      rise: 3,
      fall: 4,
      probe: {
        port: 8443,
        tls: { ...TLS, serverName: 'sni.test', skipVerify: true },
        commonName: 'web',
        dnsNames: ['*.web.test', 'web.test'],
        ipAddresses: ['192.0.2.1', '::1'],
        issuer: 'R3',
        minRemainingMs: 3 * DAY_MS,
        warnRemainingMs: 30 * DAY_MS,
        sourceAddress: '192.0.2.2',
        sourceInterface: 'eth1',
      },
    });
  });

  it.each([
    ['web.test', 'web.test', 443],
    ['web.test:8443', 'web.test', 8443],
    ['192.0.2.1:1', '192.0.2.1', 1],
    ['"2001:db8::1"', '2001:db8::1', 443],
    ['"[2001:db8::1]:993"', '2001:db8::1', 993],
  ])('takes %s as a server', (written, destination, port) => {
    expect(check(`server: ${written}`)).toMatchObject({ destination, probe: { port } });
  });

  it.each([
    ['smtp', 25],
    ['imap', 143],
    ['postgres', 5432],
  ])('has the usual port with starttls: %s', (startTls, port) => {
    expect(check(`server: h.test, starttls: ${startTls}`)?.probe).toMatchObject({ startTls, port });
    expect(check(`server: "h.test:7", starttls: ${startTls}`)?.probe).toMatchObject({ port: 7 });
    expect(check(`destination: h.test, port: 8, starttls: ${startTls}`)?.probe).toMatchObject({ port: 8 });
  });

  it('takes authorities and a client certificate under tls', () => {
    const tls = 'tls: { ca_file: /certs/ca.pem, cert_file: /certs/client.pem, key_file: /certs/key.pem }';
    expect(check(`destination: h.test, ${tls}`)?.probe).toMatchObject({
      tls: { ...TLS, ca: CERTIFICATE, cert: CERTIFICATE, key: PRIVATE_KEY },
    });
  });

  it('may be a remote check', () => {
    const template = `remote_healthchecks:\n  r: { type: tls_certificate, server_name: web.test }\n`;
    const { spec } = loaded(template + TABLES);
    expect(spec.remoteChecks[0]?.probe).toMatchObject({ port: 443, tls: { serverName: 'web.test' } });
  });

  it('tells of a server that is none', () => {
    for (const wrong of ['a b', 'web.test:0', 'web.test:65536', '[web.test]:443', 'https://web.test']) {
      expect(told(`server: "${wrong}"`)).toEqual([
        `server: got "${wrong}"; write a server such as web.example.com:443, 10.0.0.5 or [2001:db8::5]:443`,
      ]);
    }
  });

  it.each([
    '10.0.0.1',
    'a..b',
    '*',
    'a.*.test',
    '.test',
    'www*.test',
    'a b',
  ])('refuses %s as a name', (name) => {
    expect(told(`destination: h.test, dns_names: ["${name}"]`)).toEqual([
      `dns_names[0]: got "${name}"; write a host name such as www.example.com or *.example.com`,
    ]);
  });
});

describe('a tls_certificate check of a file', () => {
  it('has no destination, and verifies only where that is said', () => {
    expect(check('file: /etc/ssl/web.pem')).toMatchObject({
      destination: '',
      probe: { file: '/etc/ssl/web.pem', keyFile: undefined, tls: { ...TLS, skipVerify: true } },
    });
    expect(
      check('file: /a, key_file: /k, verify: true, tls: { ca_file: /certs/ca.pem }')?.probe,
    ).toMatchObject({
      keyFile: '/k',
      tls: { ...TLS, ca: CERTIFICATE },
    });
  });

  it('warns of authorities that are not heeded', () => {
    expect(load('file: /a, tls: { ca_file: /certs/ca.pem }').warnings).toEqual([
      expect.stringContaining('tls.ca_file: has no effect without verify: true; write that, or leave it out'),
    ]);
  });
});
