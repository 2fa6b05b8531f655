import { describe, expect, it } from 'vitest';
import { CERTIFICATE, loaded, PRIVATE_KEY, problems } from '../source.ts';

const TABLES = 'routetables:\n  a:\n    find: { type: main }\n    manage_routes: [{ cidr: 10.9.9.9 }]\n';

function check(body: string) {
  return loaded(`healthchecks:\n  web: ${body}\n${TABLES}`).spec.checks[0];
}

describe('a cabourotte check', () => {
  it('needs nothing: it asks on this machine for the check of its own name', () => {
    expect(check('{ type: cabourotte }')).toEqual({
      name: 'web',
      destination: '127.0.0.1',
      rise: 2,
      fall: 3,
      everyMs: 5_000,
      timeoutMs: 5_000,
      tries: 1,
      triesIntervalMs: 0,
      runOnHealthy: undefined,
      runOnUnhealthy: undefined,
      probe: {
        type: 'cabourotte',
        url: 'http://127.0.0.1:9013/',
        name: 'web',
        basicAuth: undefined,
        tls: undefined,
        maxAgeMs: 60_000,
        sourceAddress: undefined,
        sourceInterface: undefined,
      },
    });
  });

  it('has a server, credentials, a client certificate and a source', () => {
    const tls = '{ ca_file: /certs/ca.pem, cert_file: /certs/client.pem, key_file: /certs/key.pem }';
    const body =
      `{ type: cabourotte, url: "https://[2001:db8::1]:9013/api/v1/", name: ns/pod, max_age: 25s, tls: ${tls}, ` +
      'basic_auth: { username: me, password: 0123 }, source_address: "2001:db8::2", source_interface: eth0 }';
    expect(check(body)).toMatchObject({
      destination: '2001:db8::1',
      probe: {
        url: 'https://[2001:db8::1]:9013/api/v1/',
        name: 'ns/pod',
        // A password is its letters, whatever number YAML would see in it.
        basicAuth: { username: 'me', password: '0123' },
        tls: { ca: CERTIFICATE, cert: CERTIFICATE, key: PRIVATE_KEY, skipVerify: false },
        maxAgeMs: 25_000,
        sourceAddress: '2001:db8::2',
        sourceInterface: 'eth0',
      },
    });
  });

  it('has TLS with https, and with nothing else', () => {
    const https = check('{ type: cabourotte, url: https://cabourotte.internal }');
    expect(https).toMatchObject({ destination: 'cabourotte.internal', probe: { tls: { ca: undefined } } });
    expect(check('{ type: cabourotte, tls: false }')?.probe).toMatchObject({ tls: undefined });
  });

  it('takes a password from the environment, and never shows it', () => {
    const body = (password: string) =>
      `{ type: cabourotte, basic_auth: { username: me, password: ${password} } }`;
    const password = check(body('"${env:SECRET}"'))?.probe;
    expect(password).toMatchObject({ basicAuth: { password: 'hunter2' } });
    const told = problems(`healthchecks:\n  web: ${body('["${env:SECRET}"]')}\n${TABLES}`);
    expect(told.join()).toContain('not one line of text');
    expect(told.join()).not.toContain('hunter2');
  });
});
