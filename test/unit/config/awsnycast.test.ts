import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CheckTemplate, ProbeSpec } from '../../../src/checks/index.ts';
import type { Finder, RouteSpec } from '../../../src/core/index.ts';
import { FIXTURES, loaded, CERTIFICATE as PEM } from './source.ts';

const WEB: ProbeSpec = {
  type: 'tcp',
  port: 80,
  send: 'HEAD / HTTP/1.0',
  expect: '200 OK',
  tls: undefined,
  sourceAddress: undefined,
  sourceInterface: undefined,
};
const PING: ProbeSpec = {
  type: 'ping',
  payloadBytes: 56,
  sourceAddress: undefined,
  sourceInterface: undefined,
};
const NO_CHECK = { kind: 'all', of: [] } as const;

function template(name: string, probe: ProbeSpec, own: Partial<CheckTemplate>): CheckTemplate {
  const common = { rise: 2, fall: 3, everyMs: 1000, timeoutMs: 1000, tries: 1, triesIntervalMs: 0 };
  return { name, probe, ...common, runOnHealthy: undefined, runOnUnhealthy: undefined, ...own };
}

function check(name: string, destination: string, probe: ProbeSpec, own: Partial<CheckTemplate>) {
  return { ...template(name, probe, own), destination };
}

function route(cidr: string, own: Partial<RouteSpec>): RouteSpec {
  return {
    destination: { kind: 'ipv4', cidr },
    target: { instance: 'SELF', interface: undefined },
    health: NO_CHECK,
    remoteCheck: undefined,
    ifUnhealthy: false,
    neverDelete: false,
    fallback: undefined,
    preemptDelayMs: 0,
    hooks: {},
    ...own,
  };
}

function group(name: string, find: Finder, routes: readonly RouteSpec[], noResultsOk = false) {
  return { name, find, noResultsOk, vpc: 'own', assumeRole: undefined, routes };
}

const on = (name: string) => ({ kind: 'check', name }) as const;
const tag = (key: string, value: string, not = false): Finder => ({ kind: 'by-tag', key, value, not });
const both = (...of: readonly Finder[]): Finder => ({ kind: 'and', of, not: false });

function fixture(name: string) {
  return loaded(readFileSync(new URL(`awsnycast/${name}.yaml`, FIXTURES), 'utf8'));
}

describe('a config of AWSnycast runs unchanged', () => {
  it('in the form of its README, without a warning', () => {
    const { spec, warnings } = fixture('readme-forms');
    const half = { everyMs: 30_000, timeoutMs: 10_000 };
    expect(warnings).toEqual([]);
    expect(spec.pollMs).toBe(300_000);
    expect(spec.checks).toEqual([
      check('uplink', '198.51.100.7', PING, { fall: 10 }),
      check('web', '192.168.44.1', WEB, { fall: 2, ...half }),
    ]);
    expect(spec.remoteChecks).toEqual([template('web_far', WEB, { rise: 20, fall: 20, ...half })]);
    const web = { health: on('web'), remoteCheck: 'web_far' };
    expect(spec.tableGroups).toEqual([
      group('own_zone', both(tag('az', 'eu-central-1a'), tag('type', 'private')), [
        route('0.0.0.0/0', { health: on('uplink'), neverDelete: true }),
        route('192.168.44.1/32', web),
      ]),
      group(
        'other_zones',
        both(tag('az', 'eu-central-1a', true), tag('type', 'private')),
        [route('0.0.0.0/0', { ifUnhealthy: true }), route('192.168.44.1/32', { ...web, ifUnhealthy: true })],
        true,
      ),
    ]);
  });

  it('in the form of its own test config, with a warning of the template that nothing uses', () => {
    const { spec, warnings } = fixture('test-suite-forms');
    expect(warnings).toEqual([
      'config.yaml:17:5 remote_healthchecks.there: no route uses this check; name it in a remote_healthcheck, or leave it out',
    ]);
    expect(spec.pollMs).toBe(40_000);
    expect(spec.checks).toEqual([
      check('outside', '203.0.113.9', PING, { fall: 10 }),
      check('here', '127.0.0.1', PING, { rise: 10, fall: 10 }),
    ]);
    expect(spec.remoteChecks).toEqual([template('there', PING, { rise: 3, fall: 20 })]);
    const outside = { health: on('outside'), neverDelete: true };
    expect(spec.tableGroups).toEqual([
      group('first', tag('Name', 'private first'), [
        route('0.0.0.0/0', outside),
        route('192.168.44.1/32', { health: on('here') }),
      ]),
      group('second', both(tag('az', 'eu-central-1', true), tag('type', 'private')), [
        route('0.0.0.0/0', { ...outside, ifUnhealthy: true }),
        route('192.168.44.1/32', { health: on('here'), ifUnhealthy: true }),
      ]),
    ]);
  });

  it('in its oldest form, with one warning for each old spelling', () => {
    const { spec, warnings } = fixture('older-forms');
    expect(warnings).toEqual([
      'config.yaml:3:1 healthcheck: an old spelling; write healthchecks',
      'config.yaml:26:9 routetables.a.upsert_routes: an old spelling; write manage_routes',
      'config.yaml:33:9 routetables.a.delete_routes_if_unhealthy: never did anything in AWSnycast, and does nothing here; leave it out',
      'config.yaml:41:9 routetables.b.upsert_routes: an old spelling; write manage_routes',
    ]);
    const service = { fall: 2, everyMs: 30_000, timeoutMs: 10_000 };
    expect(spec.checks).toEqual([
      check('outside', '203.0.113.9', PING, { fall: 10 }),
      check('service', '192.168.44.1', WEB, service),
    ]);
    expect(spec.tableGroups).toEqual([
      group('a', tag('Name', 'private a'), [
        route('0.0.0.0/0', { health: on('outside') }),
        route('192.168.44.1/32', { health: on('service') }),
      ]),
      group('b', tag('Name', 'private b'), [
        route('192.168.44.1/32', { health: on('service'), ifUnhealthy: true }),
      ]),
    ]);
  });
});

describe('every other option of AWSnycast', () => {
  const { spec, warnings } = fixture('every-option');
  const probes = new Map(spec.checks.map((one) => [one.name, one.probe]));

  it('TLS options become TLS, and only with ssl', () => {
    const tls = { cert: undefined, key: undefined };
    expect(probes.get('tls_file')).toMatchObject({
      port: 443,
      tls: { ...tls, ca: PEM, serverName: 'api.example.com', skipVerify: false },
    });
    expect(probes.get('tls_text')).toMatchObject({
      port: 8443,
      tls: { ...tls, ca: PEM.replace('AA==', 'AAAA'), serverName: undefined, skipVerify: true },
    });
    expect(probes.get('without_ssl')).toMatchObject({ port: 80, tls: undefined });
  });

  it('command and arguments become one argv, numbers as they are written', () => {
    expect(probes.get('pinger')).toEqual({ type: 'command', argv: ['ping', '-c', '1', '%DESTINATION%'] });
    expect(probes.get('quoted')).toEqual({ type: 'command', argv: ['/opt/check', '--port', '80'] });
    const pinger = spec.checks.find((one) => one.name === 'pinger');
    expect(pinger?.runOnHealthy).toEqual(['/usr/bin/logger', 'up']);
    expect(pinger?.runOnUnhealthy).toEqual(['/usr/bin/logger', 'down', '1.50']);
  });

  it('all six hooks and a named instance are kept', () => {
    expect(spec.tableGroups[0]?.routes).toEqual([
      route('10.20.0.0/16', {
        target: { instance: 'i-0a1b2c3d', interface: undefined },
        health: on('tls_file'),
        hooks: {
          run_before_add_route: ['/opt/hook', 'before-add'],
          run_after_add_route: ['/opt/hook', 'after-add'],
          run_before_replace_route: ['/opt/hook', 'before-replace'],
          run_after_replace_route: ['/opt/hook', 'after-replace'],
          run_before_delete_route: ['/opt/hook', 'before-delete'],
          run_after_delete_route: ['/opt/hook', 'after-delete'],
        },
      }),
    ]);
  });

  it('all finders are read, Go regular expressions translated', () => {
    expect(spec.tableGroups[0]?.find).toEqual({ kind: 'main', not: false });
    expect(spec.tableGroups[1]).toMatchObject({ noResultsOk: true });
    expect(spec.tableGroups[1]?.find).toEqual({
      kind: 'or',
      not: false,
      of: [
        { kind: 'by-tag-regexp', key: 'Name', pattern: /^(?<zone>eu|us)-[0-9]+/u, not: false },
        { kind: 'by-tag-regexp', key: 'Name', pattern: /PUBLIC/iu, not: true },
        { kind: 'subnet', subnetId: 'subnet-0a', not: false },
        { kind: 'has-route-to', destination: '10.0.0.0/8', not: false },
        { kind: 'and', of: [{ kind: 'main', not: false }], not: false },
      ],
    });
  });

  it('an address is a host route, and host bits are cut off with a warning', () => {
    expect(spec.tableGroups[1]?.routes.slice(0, 2)).toEqual([
      route('10.20.0.7/32', { health: on('pinger'), remoteCheck: 'far', ifUnhealthy: true }),
      route('10.20.0.0/16', { health: on('tls_text') }),
    ]);
    expect(warnings).toContain(
      'config.yaml:67:17 route_tables.mixed.manage_routes[1].cidr: has bits beyond its length; EC2 reads it as 10.20.0.0/16',
    );
  });

  it('each old spelling and each old boolean has one warning, at its place', () => {
    const places = warnings.map((line) => line.replace(/^config\.yaml:(\S+) (\S+): .*$/, '$1 $2'));
    expect(places).toEqual([
      '8:28 healthchecks.tls_file.config.ssl',
      '8:39 healthchecks.tls_file.config.certPath',
      '8:64 healthchecks.tls_file.config.serverName',
      '15:7 healthchecks.tls_text.config.ssl',
      '15:12 healthchecks.tls_text.config.ssl',
      '16:7 healthchecks.tls_text.config.skipVerify',
      '16:19 healthchecks.tls_text.config.skipVerify',
      '17:7 healthchecks.tls_text.config.cert',
      '25:25 healthchecks.without_ssl.config.ssl',
      '25:30 healthchecks.without_ssl.config.ssl',
      '25:35 healthchecks.without_ssl.config.skipVerify',
      '25:35 healthchecks.without_ssl.config.skipVerify',
      '37:47 healthchecks.quoted.config.arguments',
      '38:1 remote_healthcheck',
      '40:1 route_tables',
      '56:22 route_tables.mixed.find.no_results_ok',
      '60:41 route_tables.mixed.find.config.filters[1].not',
      '66:88 route_tables.mixed.manage_routes[0].if_unhealthy',
      '67:17 route_tables.mixed.manage_routes[1].cidr',
      '67:68 route_tables.mixed.manage_routes[1].never_delete',
    ]);
  });
});
