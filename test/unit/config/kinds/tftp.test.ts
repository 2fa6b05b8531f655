import { describe, expect, it } from 'vitest';
import { loaded, problems } from '../source.ts';

const TABLES = 'routetables:\n  a:\n    find: { type: main }\n    manage_routes: [{ cidr: 10.9.9.9 }]\n';
const SHA = 'ABCDEF0123456789'.repeat(4);

function check(body: string) {
  return loaded(`healthchecks:\n  c: ${body}\n${TABLES}`).spec.checks[0];
}

describe('a tftp check', () => {
  it('needs a destination and a path', () => {
    expect(check('{ type: tftp, destination: 10.0.0.1, path: pxelinux.0 }')).toMatchObject({
      destination: '10.0.0.1',
      everyMs: 10_000,
      timeoutMs: 10_000,
      probe: {
        type: 'tftp',
        port: 69,
        path: 'pxelinux.0',
        blockBytes: 1428,
        sha256: undefined,
        maxBytes: 67_108_864,
        sourceAddress: undefined,
        sourceInterface: undefined,
      },
    });
  });

  it('has limits, a hash in small letters and a source', () => {
    const body =
      `{ type: tftp, destination: 10.0.0.1, port: 1069, path: 'a b/%41', sha256: ${SHA}, max_size: 2MiB, ` +
      'block_bytes: 512, source_address: 10.0.0.10 }';
    expect(check(body)?.probe).toMatchObject({
      port: 1069,
      path: 'a b/%41',
      sha256: SHA.toLowerCase(),
      maxBytes: 2_097_152,
      blockBytes: 512,
      sourceAddress: '10.0.0.10',
    });
  });

  it.each([
    ['tftp://10.0.0.1/pxelinux.0', '10.0.0.1', 69, '/pxelinux.0'],
    ['tftp://boot.example.com:1069//a/../b', 'boot.example.com', 1069, '//a/../b'],
    ['TFTP://[2001:db8::1]:69/x%20y?a=b#c;mode=octet', '2001:db8::1', 69, '/x%20y?a=b#c;mode=octet'],
    ['tftp://[2001:db8::1]/Ä b', '2001:db8::1', 69, '/Ä b'],
  ])('reads the URL %s, and sends its path as it is', (url, destination, port, path) => {
    const read = check(`{ type: tftp, url: "${url}" }`);
    expect([read?.destination, read?.probe]).toMatchObject([destination, { port, path }]);
  });

  it.each([
    'tftp://10.0.0.1/',
    'tftp:///a',
    'tftp://user@10.0.0.1/a',
    '10.0.0.1/a',
    'tftp://10.0.0.1:0/a',
  ])('refuses the URL %s', (url) => {
    const text = `healthchecks:\n  c: { type: tftp, url: "${url}" }\n${TABLES}`;
    expect(problems(text)).toEqual([expect.stringContaining('write a URL such as tftp://10.0.0.5/')]);
  });

  it.each([
    ['1', 1],
    ['"4096"', 4096],
    ['512KiB', 524_288],
    ['64 MiB', 67_108_864],
    ['4GiB', 4_294_967_296],
  ])('reads the size %s', (written, maxBytes) => {
    const body = `{ type: tftp, destination: 10.0.0.1, path: a, max_size: ${written} }`;
    expect(check(body)?.probe).toMatchObject({ maxBytes });
  });

  it.each(['0', '-1', '1.5', '64MB', '64mib', 'MiB', '5GiB', 'true'])('refuses the size %s', (written) => {
    const body = `{ type: tftp, destination: 10.0.0.1, path: a, max_size: ${written} }`;
    expect(problems(`healthchecks:\n  c: ${body}\n${TABLES}`)).toEqual([
      expect.stringContaining('write a size such as 512KiB or 64MiB, from 1 to 4294967296 bytes'),
    ]);
  });

  it('counts the bytes of a path, not its letters', () => {
    const body = (path: string) => `{ type: tftp, destination: 10.0.0.1, path: "${path}" }`;
    expect(check(body('ä'.repeat(225)))?.probe).toMatchObject({ type: 'tftp' });
    const text = `healthchecks:\n  c: ${body('ä'.repeat(226))}\n${TABLES}`;
    expect(problems(text)).toEqual([expect.stringContaining('at most 450 bytes')]);
  });

  it('may be a remote check, of whoever holds the route', () => {
    const text =
      'remote_healthchecks:\n  c: { type: tftp, path: /a }\nroutetables:\n  a:\n    find: { type: main }\n' +
      '    manage_routes: [{ cidr: 10.9.9.9, if_unhealthy: true, remote_healthcheck: c }]\n';
    expect(loaded(text).spec.remoteChecks[0]).toMatchObject({ name: 'c', probe: { port: 69, path: '/a' } });
  });
});
