import { describe, expect, test } from 'vitest';
import { firstTarget, type HttpTarget, redirectTarget } from '../../../src/checks/http-target.ts';
import type { HttpSpec, TlsSpec } from '../../../src/checks/index.ts';

const tls: TlsSpec = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  serverName: undefined,
  skipVerify: false,
};

function httpSpec(changes: Partial<HttpSpec> = {}): HttpSpec {
  return {
    type: 'http',
    scheme: 'http',
    port: 80,
    path: '/health',
    method: 'GET',
    headers: {},
    host: undefined,
    body: undefined,
    expectStatus: [{ from: 200, to: 299 }],
    expectBody: undefined,
    maxRedirects: 3,
    tls: undefined,
    sourceAddress: undefined,
    sourceInterface: undefined,
    unixSocket: undefined,
    ...changes,
  };
}

describe('the first request', () => {
  test.each([
    ['192.0.2.1', 80, '192.0.2.1'],
    ['192.0.2.1', 8080, '192.0.2.1:8080'],
    ['2001:db8::1', 80, '[2001:db8::1]'],
    ['fe80::1%eth0', 8080, '[fe80::1]:8080'],
    ['web.internal', 80, 'web.internal'],
  ])('to %s port %i has the Host header %s', (destination, port, host) => {
    expect(firstTarget(httpSpec({ port }), destination).host).toBe(host);
  });

  test('proves the name that is configured: for TLS, else the Host header, else the destination', () => {
    const nameOf = (changes: Partial<HttpSpec>): string =>
      firstTarget(httpSpec({ scheme: 'https', ...changes }), '192.0.2.1').serverName;
    expect(nameOf({ tls: { ...tls, serverName: 'tls.example' }, host: 'web.example' })).toBe('tls.example');
    expect(nameOf({ host: 'web.example:8443' })).toBe('web.example');
    expect(nameOf({ headers: { HOST: 'header.example' } })).toBe('header.example');
    expect(nameOf({})).toBe('192.0.2.1');
  });
});

describe('a redirect', () => {
  const from = firstTarget(
    httpSpec({ host: 'www.example.com', port: 8080, body: 'x', method: 'POST' }),
    '192.0.2.1',
  );
  const follow = (location: string, status = 307, source: HttpTarget = from) =>
    redirectTarget(source, { status, location });

  test('to a path stays on the same connection target', () => {
    expect(follow('/login?a=b')).toMatchObject({
      connectTo: '192.0.2.1',
      port: 8080,
      host: 'www.example.com',
      path: '/login?a=b',
      method: 'POST',
      hasBody: true,
      isConfiguredHost: true,
    });
  });

  test('to the host that was asked for stays at the destination, whatever DNS says of that name', () => {
    expect(follow('https://www.example.com/')).toMatchObject({
      scheme: 'https',
      connectTo: '192.0.2.1',
      port: 443,
      serverName: 'www.example.com',
    });
  });

  test('to another host goes there, without our headers and body', () => {
    expect(follow('https://other.example:8443/x')).toMatchObject({
      connectTo: 'other.example',
      port: 8443,
      host: 'other.example:8443',
      serverName: 'other.example',
      isConfiguredHost: false,
      hasBody: false,
    });
  });

  test('back from another host does not bring our headers back', () => {
    const away = follow('http://other.example/');
    expect(away && follow('http://www.example.com/', 307, away)).toMatchObject({ isConfiguredHost: false });
  });

  test('to an IPv6 address is taken out of its brackets', () => {
    expect(follow('http://[2001:db8::2]:81/')).toMatchObject({ connectTo: '2001:db8::2', port: 81 });
  });

  test.each([
    [301, 'POST', 'GET', false],
    [302, 'POST', 'GET', false],
    [303, 'POST', 'GET', false],
    [303, 'HEAD', 'HEAD', true],
    [301, 'HEAD', 'HEAD', true],
    [307, 'POST', 'POST', true],
    [308, 'PUT', 'PUT', true],
  ])('with status %i of a %s asks with %s', (status, method, next, hasBody) => {
    expect(follow('/', status, { ...from, method })).toMatchObject({ method: next, hasBody });
  });

  test.each([
    ['a status that is no redirect', 200, '/'],
    ['304', 304, '/'],
    ['another scheme', 302, 'ftp://www.example.com/'],
    ['no location', 302, undefined],
    ['nonsense', 302, 'http://['],
  ])('is not followed for %s', (_name, status, location) => {
    expect(redirectTarget(from, { status, location })).toBeUndefined();
  });
});
