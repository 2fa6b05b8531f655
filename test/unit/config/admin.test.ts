import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../../src/config/index.ts';
import { load } from './source.ts';

const TABLES = 'routetables: { a: { find: { type: main }, manage_routes: [{ cidr: 10.9.9.9/32 }] } }\n';

function read(admin: string) {
  return load(`${TABLES}${admin}\n`, 'c.yaml');
}

/** The one thing that is said of it. */
function said(admin: string): string {
  const result = read(admin);
  return [...(result.ok ? [] : result.problems), ...result.warnings].map(formatProblem).join('\n');
}

describe('admin', () => {
  it.each([
    ['admin: { address: "127.0.0.1:9551" }', { host: '127.0.0.1', port: 9551 }],
    ['admin: { address: 127.0.0.1:9551 }', { host: '127.0.0.1', port: 9551 }],
    ['admin: { address: "[::1]:9551" }', { host: '::1', port: 9551 }],
    ['admin: { address: "[fe80::1%eth0]:1" }', { host: 'fe80::1%eth0', port: 1 }],
    ['admin: { address: ":65535" }', { host: undefined, port: 65535 }],
    ['admin: { address: "${local_ipv4}:9551" }', { host: '10.0.0.10', port: 9551 }],
  ])('%s is where it listens', (text, admin) => {
    expect(read(text)).toMatchObject({ ok: true, admin, warnings: [] });
  });

  it.each(['', 'admin: {}', 'admin:'])('nothing listens with "%s"', (text) => {
    const result = read(text);
    expect(result).toMatchObject({ ok: true, warnings: [] });
    expect(result.ok && result.admin).toBeUndefined();
  });

  it.each([
    ['9551', 'got 9551; write an IP address and a port, such as 127.0.0.1:9551, [::1]:9551 or :9551'],
    [
      '127.0.0.1',
      'got "127.0.0.1"; write an IP address and a port, such as 127.0.0.1:9551, [::1]:9551 or :9551',
    ],
    [
      '"::1:9551"',
      'got "::1:9551"; write an IP address and a port, such as 127.0.0.1:9551, [::1]:9551 or :9551',
    ],
    [
      'http://127.0.0.1:9551',
      'got "http://127.0.0.1:9551"; write an IP address and a port, such as 127.0.0.1:9551, [::1]:9551 or :9551',
    ],
    [
      'localhost:9551',
      'got "localhost:9551"; write an IP address before the port, such as 127.0.0.1:9551, [::1]:9551 or :9551',
    ],
    [
      '127.1:9551',
      'got "127.1:9551"; write an IP address before the port, such as 127.0.0.1:9551, [::1]:9551 or :9551',
    ],
    ['"[127.0.0.1]:9551"', 'got "[127.0.0.1]:9551"; write an IPv6 address in the brackets'],
    ['"[]:9551"', 'got "[]:9551"; write an IPv6 address in the brackets'],
    ['127.0.0.1:0', 'got "127.0.0.1:0"; write a port from 1 to 65535'],
    ['127.0.0.1:65536', 'got "127.0.0.1:65536"; write a port from 1 to 65535'],
    ['[]', 'got a list; write an IP address and a port, such as 127.0.0.1:9551, [::1]:9551 or :9551'],
    ['', 'has no value; write an IP address and a port, such as 127.0.0.1:9551, [::1]:9551 or :9551'],
  ])('address: %s is refused, with what would be right', (address, message) => {
    expect(said(`admin:\n  address: ${address}`)).toMatch(/^c\.yaml:3:\d+ admin\.address: /);
    expect(said(`admin:\n  address: ${address}`)).toContain(message);
  });

  it('the control socket is known, and warned of', () => {
    expect(said('admin: { socket: /run/v.sock, address: "127.0.0.1:9551" }')).toBe(
      'c.yaml:2:10 admin.socket: this version has no control socket yet; the rest of the config has its effect',
    );
    expect(read('admin: { socket: /run/v.sock, address: "127.0.0.1:9551" }')).toMatchObject({
      ok: true,
      admin: { host: '127.0.0.1', port: 9551 },
    });
  });
});
