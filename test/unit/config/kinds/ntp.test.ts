import { describe, expect, it } from 'vitest';
import { loaded, problems } from '../source.ts';

const TABLES = 'routetables:\n  a:\n    find: { type: main }\n    manage_routes: [{ cidr: 10.9.9.9 }]\n';

function check(body: string) {
  return loaded(`healthchecks:\n  c: ${body}\n${TABLES}`).spec.checks[0];
}

describe('an ntp check', () => {
  it('needs a destination only, and asks no more than four times a minute by default', () => {
    expect(check('{ type: ntp, destination: time.example.com }')).toMatchObject({
      destination: 'time.example.com',
      everyMs: 16_000,
      timeoutMs: 10_000,
      probe: {
        type: 'ntp',
        port: 123,
        maxOffsetMs: undefined,
        maxStratum: 15,
        maxRootDistanceMs: undefined,
        sourceAddress: undefined,
        sourceInterface: undefined,
      },
    });
  });

  it('has limits and a source', () => {
    const body =
      '{ type: ntp, destination: 10.0.0.1, port: 1123, max_offset: 50ms, max_stratum: 3, max_root_distance: 1.5, ' +
      'source_address: 10.0.0.10, source_interface: eth0, every: 5s }';
    expect(check(body)).toMatchObject({
      everyMs: 5_000,
      probe: {
        port: 1123,
        maxOffsetMs: 50,
        maxStratum: 3,
        maxRootDistanceMs: 1500,
        sourceAddress: '10.0.0.10',
        sourceInterface: 'eth0',
      },
    });
  });

  it.each([
    ['169.254.169.123', '169.254.169.123', 123],
    ['169.254.169.123:1123', '169.254.169.123', 1123],
    ['time.example.com', 'time.example.com', 123],
    ['time.example.com:1', 'time.example.com', 1],
    ['fd00:ec2::123', 'fd00:ec2::123', 123],
    ['[fd00:ec2::123]', 'fd00:ec2::123', 123],
    ['[fd00:ec2::123]:65535', 'fd00:ec2::123', 65_535],
    ['[fe80::1%eth0]:123', 'fe80::1%eth0', 123],
  ])('reads the server %s', (server, destination, port) => {
    const read = check(`{ type: ntp, server: "${server}" }`);
    expect([read?.destination, read?.probe]).toMatchObject([destination, { port }]);
  });

  it.each([
    'a:b',
    'host:',
    ':123',
    'host:65536',
    'host:123456',
    '[10.0.0.1]:123',
    '[::1',
    '::1]:5',
    'a b',
    '1.2.3',
  ])('refuses the server %s', (server) => {
    const text = `healthchecks:\n  c: { type: ntp, server: "${server}" }\n${TABLES}`;
    expect(problems(text)).toEqual([expect.stringContaining('write a server such as 169.254.169.123')]);
  });

  it('may be a remote check, of whoever holds the route', () => {
    const text =
      'remote_healthchecks:\n  c: { type: ntp, port: 1123 }\nroutetables:\n  a:\n    find: { type: main }\n' +
      '    manage_routes: [{ cidr: 10.9.9.9, if_unhealthy: true, remote_healthcheck: c }]\n';
    expect(loaded(text).spec.remoteChecks[0]).toMatchObject({
      name: 'c',
      probe: { type: 'ntp', port: 1123 },
    });
  });
});
