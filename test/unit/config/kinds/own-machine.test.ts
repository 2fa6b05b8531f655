import { describe, expect, it } from 'vitest';
import { loaded } from '../source.ts';

const TABLES = 'routetables:\n  a:\n    find: { type: main }\n    manage_routes: [{ cidr: 10.9.9.9 }]\n';

function check(body: string) {
  return loaded(`healthchecks:\n  c: ${body}\n${TABLES}`).spec.checks[0];
}

describe('an assigned_address check', () => {
  it('needs an address only; one probe decides, as the kernel knows', () => {
    expect(check('{ type: assigned_address, address: 10.0.0.5 }')).toMatchObject({
      destination: '',
      rise: 1,
      fall: 1,
      everyMs: 1_000,
      probe: { type: 'assigned_address', address: '10.0.0.5', interface: undefined, linkUp: false },
    });
  });

  it('has an interface and a link, and an IPv6 address in any spelling', () => {
    const body =
      '{ type: assigned_address, address: "2001:DB8:0::53", interface: ens5.100, link_up: true, rise: 3, fall: 2 }';
    expect(check(body)).toMatchObject({
      rise: 3,
      fall: 2,
      probe: { address: '2001:db8::53', interface: 'ens5.100', linkUp: true },
    });
  });
});

describe('a file check', () => {
  it('needs a path only; one probe decides, as the kernel knows', () => {
    expect(check('{ type: file, path: /run/ready }')).toMatchObject({
      rise: 1,
      fall: 1,
      probe: {
        type: 'file',
        path: '/run/ready',
        state: 'exists',
        contains: undefined,
        minAgeMs: undefined,
        maxAgeMs: undefined,
      },
    });
  });

  it('has a state, a text and ages, which may be the same', () => {
    expect(check('{ type: file, path: /run/maintenance, state: absent }')).toMatchObject({
      probe: { state: 'absent' },
    });
    const body = '{ type: file, path: /run/beat, contains: "ok\\n", min_age: 5, max_age: 5s }';
    expect(check(body)).toMatchObject({ probe: { contains: 'ok\n', minAgeMs: 5_000, maxAgeMs: 5_000 } });
  });
});

describe('a systemd check', () => {
  it.each([
    ['nginx', 'nginx.service'],
    ['nginx.service', 'nginx.service'],
    ['getty@tty1', 'getty@tty1.service'],
    ['php8.2-fpm', 'php8.2-fpm.service'],
    ['dbus.socket', 'dbus.socket'],
    ['dev-disk-by\\x2duuid.device', 'dev-disk-by\\x2duuid.device'],
  ])('of %s asks for %s', (unit, name) => {
    expect(check(`{ type: systemd, unit: '${unit}' }`)).toMatchObject({
      everyMs: 5_000,
      rise: 2,
      probe: { type: 'systemd', unit: name, state: 'active' },
    });
  });

  it('may want another state', () => {
    expect(check('{ type: systemd, unit: x, state: failed, every: 1s }')).toMatchObject({
      everyMs: 1_000,
      probe: { state: 'failed' },
    });
  });
});

describe('a conntrack check', () => {
  it.each([
    ['', 90],
    [', max_used: 75%', 75],
    [', max_used: "99.5 %"', 99.5],
    [', max_used: 100', 100],
    [', max_used: 0.5', 0.5],
    [', max_used: "12"', 12],
  ])('with %j is full from %d percent on', (key, maxUsedPercent) => {
    expect(check(`{ type: conntrack${key} }`)).toMatchObject({
      everyMs: 5_000,
      probe: { type: 'conntrack', maxUsedPercent },
    });
  });
});

describe('a nat check', () => {
  it('wants all of IPv4 by default', () => {
    expect(check('{ type: nat }')).toMatchObject({
      everyMs: 5_000,
      probe: { type: 'nat', families: ['ipv4'], masquerade: true, sourceDestCheckOff: true },
    });
  });

  it('may want both families, each once, and forwarding only', () => {
    const body =
      '{ type: nat, families: [ipv6, ipv4, ipv6], masquerade: false, source_dest_check_off: false }';
    expect(check(body)).toMatchObject({
      probe: { families: ['ipv6', 'ipv4'], masquerade: false, sourceDestCheckOff: false },
    });
  });
});
