import { describe, expect, it } from 'vitest';
import { CERTIFICATE, loaded, PRIVATE_KEY, problems } from './source.ts';

const TABLES = 'routetables:\n  a:\n    find: { type: main }\n    manage_routes: [{ cidr: 10.9.9.9 }]\n';

function check(body: string) {
  return loaded(`healthchecks:\n  c: ${body}\n${TABLES}`).spec.checks[0];
}

function probe(body: string): unknown {
  return check(body)?.probe;
}

function route(body: string) {
  const checks = ['x', 'y', 'z'].map((name) => `  ${name}: { type: ping, destination: 10.0.0.1 }\n`).join('');
  const find = 'find: { type: main }';
  const text = `healthchecks:\n${checks}routetables:\n  a:\n    ${find}\n    manage_routes: [${body}]\n`;
  const { spec, warnings } = loaded(text);
  const real = warnings.filter((line) => !line.includes('no route uses'));
  return { spec: spec.tableGroups[0]?.routes[0], warnings: real };
}

function find(body: string) {
  return loaded(`routetables:\n  a:\n    find: ${body}\n    manage_routes: [{ cidr: 10.9.9.9 }]\n`);
}

describe('defaults', () => {
  it('are all in the spec of the shortest config', () => {
    const { spec, warnings } = loaded(TABLES);
    expect(warnings).toEqual([]);
    expect(spec).toMatchObject({
      pollMs: 40_000,
      checks: [],
      remoteChecks: [],
      manageSourceDestCheck: false,
    });
    expect(spec).toMatchObject({ onExit: 'keep', drainOn: [] });
    expect(spec.aws).toEqual({
      region: undefined,
      endpoint: undefined,
      requestTimeoutMs: 5000,
      mutationBurst: 40,
      mutationRate: 4,
      mutationsInFlight: 8,
    });
  });

  it('hold for sections left empty', () => {
    const { spec } = loaded(`healthchecks:\nremote_healthchecks:\naws:\n${TABLES}`);
    expect(spec.checks).toEqual([]);
    expect(spec.aws.mutationBurst).toBe(40);
  });

  it('a timeout is as long as every, at most ten seconds', () => {
    expect(check('{ type: ping, destination: h, every: 250ms }')?.timeoutMs).toBe(250);
    expect(check('{ type: ping, destination: h, every: 1m }')?.timeoutMs).toBe(10_000);
    expect(check('{ type: ping, destination: h, every: 1m, timeout: 30s }')?.timeoutMs).toBe(30_000);
    expect(check('{ type: ping, destination: h }')?.everyMs).toBe(1000);
  });
});

describe('the top level', () => {
  it('is read in full', () => {
    const { spec, warnings } = loaded(
      `poll_time: 1m\non_exit: release\ndrain_on: [spot, lifecycle, spot]\nmanage_source_dest_check: true\n` +
        'aws: { region: us-gov-west-1, endpoint: http://127.0.0.1:4566, request_timeout: 2s, mutation_burst: 10, ' +
        `mutation_rate: 0.5, mutations_in_flight: 2 }\n${TABLES}`,
    );
    expect(warnings).toEqual([]);
    expect(spec).toMatchObject({ pollMs: 60_000, onExit: 'release', drainOn: ['spot', 'lifecycle'] });
    expect(spec.manageSourceDestCheck).toBe(true);
    expect(spec.aws).toEqual({
      region: 'us-gov-west-1',
      endpoint: 'http://127.0.0.1:4566',
      requestTimeoutMs: 2000,
      mutationBurst: 10,
      mutationRate: 0.5,
      mutationsInFlight: 2,
    });
  });

  it('JSON, anchors, aliases and merge keys are read', () => {
    const json = '{"routetables":{"a":{"find":{"type":"main"},"manage_routes":[{"cidr":"10.9.9.9/32"}]}}}';
    expect(loaded(json).spec.tableGroups).toEqual(loaded(TABLES).spec.tableGroups);
    const { spec } = loaded(
      'healthchecks:\n  a: &base { type: tcp, destination: 10.0.0.1, port: 80, fall: 7 }\n' +
        '  b: { <<: *base, port: 81, run_on_healthy: [x] }\n  c: { <<: [{ fall: 9 }, *base], run_on_healthy: [x] }\n' +
        TABLES,
    );
    const facts = spec.checks.map((one) => [one.probe.type === 'tcp' && one.probe.port, one.fall]);
    expect(facts).toEqual([
      [80, 7],
      [81, 7],
      [80, 9],
    ]);
  });

  it('%YAML 1.1 changes nothing, and a byte order mark or CRLF does no harm', () => {
    const text = `\uFEFFpoll_time: 5\r\n${TABLES.replaceAll('\n', '\r\n')}`;
    expect(loaded(text).spec.pollMs).toBe(5000);
    expect(loaded(`%YAML 1.1\n---\n${TABLES}`).spec.tableGroups).toHaveLength(1);
  });
});

describe('warnings', () => {
  it('tell of checks that nothing uses, but not of those with hooks', () => {
    const { warnings } = loaded(
      `healthchecks:\n  a: { type: ping, destination: h }\n  b: { type: ping, destination: h, run_on_healthy: [x] }\n${TABLES}`,
    );
    expect(warnings).toEqual([
      'config.yaml:2:3 healthchecks.a: no route uses this check; name it in a healthcheck, or leave it out',
    ]);
  });

  it('tell of options without effect', () => {
    const { warnings } = loaded(
      'healthchecks:\n  a: { type: command, command: x y, every: 1s, timeout: 2s, interval: 1s, run_on_healthy: [x] }\n' +
        'routetables:\n  a:\n    find: { type: and, filters: [{ type: main, no_results_ok: true }] }\n    manage_routes:\n' +
        '      - { cidr: 10.9.9.1, never_delete: true, fallback: { gateway: igw-1 } }\n' +
        '      - { cidr: 10.9.9.2, if_unhealthy: true, preempt_delay: 5s, healthcheck: [a, a] }\n',
    );
    const places = warnings.map((line) => line.replace(/^config\.yaml:(\S+) (\S+): .*$/, '$1 $2'));
    expect(places).toEqual([
      '2:32 healthchecks.a.command',
      '2:57 healthchecks.a.timeout',
      '2:61 healthchecks.a.interval',
      '5:48 routetables.a.find.filters[0].no_results_ok',
      '7:27 routetables.a.manage_routes[0].never_delete',
      '8:47 routetables.a.manage_routes[1].preempt_delay',
      '8:83 routetables.a.manage_routes[1].healthcheck[1]',
    ]);
  });
});

describe('checks', () => {
  it('ping', () => {
    expect(
      probe('{ type: ping, destination: "fe80::1%eth0", payload_bytes: 1000, source_address: "FE80::2" }'),
    ).toEqual({ type: 'ping', payloadBytes: 1000, sourceAddress: 'fe80::2' });
  });

  it('tcp: escapes are YAML’s, a number is its letters, empty texts are none', () => {
    const tcp = {
      type: 'tcp',
      port: 80,
      tls: undefined,
      sourceAddress: undefined,
      sourceInterface: undefined,
    };
    const at = 'type: tcp, destination: h, port: "80"';
    const send = 'HEAD / HTTP/1.0\r\n\r\n';
    expect(probe(`{ ${at}, send: "HEAD / HTTP/1.0\\r\\n\\r\\n", expect: 200 }`)).toEqual({
      ...tcp,
      send,
      expect: '200',
    });
    expect(probe(`{ ${at}, send: 'a\\r\\n', expect: 1.50 }`)).toEqual({
      ...tcp,
      send: 'a\\r\\n',
      expect: '1.50',
    });
    expect(probe(`{ ${at}, send: "", expect: "" }`)).toEqual({ ...tcp, send: undefined, expect: undefined });
  });

  it('tcp with TLS: true, false, or a map whose files are read', () => {
    const plain = {
      ca: undefined,
      cert: undefined,
      key: undefined,
      serverName: undefined,
      skipVerify: false,
    };
    const at = 'type: tcp, destination: h, port: 443';
    expect(probe(`{ ${at}, tls: true }`)).toMatchObject({ tls: plain });
    expect(probe(`{ ${at}, tls: false }`)).toMatchObject({ tls: undefined });
    expect(probe(`{ ${at}, tls: {} }`)).toMatchObject({ tls: plain });
    const files = 'ca_file: /certs/ca.pem, cert_file: /certs/client.pem, key_file: /certs/key.pem';
    expect(probe(`{ ${at}, tls: { ${files}, server_name: s, skip_verify: true } }`)).toMatchObject({
      tls: { ca: CERTIFICATE, cert: CERTIFICATE, key: PRIVATE_KEY, serverName: 's', skipVerify: true },
    });
  });

  it('http: defaults', () => {
    expect(probe('{ type: http, destination: h }')).toEqual({
      type: 'http',
      scheme: 'http',
      port: 80,
      path: '/',
      method: 'GET',
      headers: {},
      host: undefined,
      body: undefined,
      expectStatus: [{ from: 200, to: 200 }],
      expectBody: undefined,
      maxRedirects: 0,
      tls: undefined,
      sourceAddress: undefined,
      sourceInterface: undefined,
      unixSocket: undefined,
    });
  });

  it('http: every option', () => {
    expect(
      probe(
        '{ type: http, destination: h, scheme: https, port: 8443, path: "/a?b=c", method: post, body: "{}", host: "v:1", ' +
          'headers: { X-Num: 5, Accept: text/plain }, expect_status: [204, 3xx, "400-404"], expect_body: "^ok", ' +
          'redirects: 3, tls: { skip_verify: true }, unix_socket: /run/s, source_address: 10.0.0.1 }',
      ),
    ).toMatchObject({
      scheme: 'https',
      port: 8443,
      path: '/a?b=c',
      method: 'POST',
      headers: { 'X-Num': '5', Accept: 'text/plain' },
      host: 'v:1',
      body: '{}',
      expectStatus: [
        { from: 204, to: 204 },
        { from: 300, to: 399 },
        { from: 400, to: 404 },
      ],
      expectBody: /^ok/u,
      maxRedirects: 3,
      tls: { skipVerify: true },
      unixSocket: '/run/s',
      sourceAddress: '10.0.0.1',
    });
  });

  it.each([
    ['http://10.0.0.5/', { scheme: 'http', port: 80, path: '/' }, '10.0.0.5'],
    ['https://api.example.com/x?y=z', { scheme: 'https', port: 443, path: '/x?y=z' }, 'api.example.com'],
    ['http://[2001:db8::1]:8080', { scheme: 'http', port: 8080, path: '/' }, '2001:db8::1'],
  ])('http: url %s', (url, address, destination) => {
    const read = check(`{ type: http, url: "${url}" }`);
    expect(read?.probe).toMatchObject(address);
    expect(read?.destination).toBe(destination);
  });

  it('http: TLS options alone mean https, and https alone has plain TLS', () => {
    expect(probe('{ type: http, destination: h, tls: true }')).toMatchObject({ scheme: 'https', port: 443 });
    expect(probe('{ type: http, destination: h, scheme: https }')).toMatchObject({
      tls: { skipVerify: false },
    });
    expect(probe('{ type: http, destination: h, redirects: true }')).toMatchObject({ maxRedirects: 5 });
  });

  it('http on a Unix socket and command need no destination', () => {
    expect(check('{ type: http, unix_socket: /run/s }')?.destination).toBe('');
    expect(check('{ type: command, argv: [x] }')?.destination).toBe('');
  });

  it('tries and interval', () => {
    const at = 'type: ping, destination: h, tries: 3';
    expect(check(`{ ${at}, interval: 100ms }`)).toMatchObject({ tries: 3, triesIntervalMs: 100 });
    expect(check(`{ ${at}, tries_interval: 0.2 }`)).toMatchObject({ triesIntervalMs: 200 });
    expect(check('{ type: ping, destination: h, run_on_healthy: [] }')?.runOnHealthy).toBeUndefined();
  });

  it('an empty config, as AWSnycast demands for some types, is none', () => {
    expect(probe('{ type: ping, destination: h, config: }')).toMatchObject({ type: 'ping' });
    expect(probe('{ type: ping, destination: h, config: {} }')).toMatchObject({ type: 'ping' });
  });
});

describe('routes', () => {
  it('destinations are canonical', () => {
    expect(route('{ cidr: "2001:DB8:0::1" }').spec?.destination).toEqual({
      kind: 'ipv6',
      cidr: '2001:db8::1/128',
    });
    expect(route('{ prefix_list: pl-0a }').spec?.destination).toEqual({ kind: 'prefix-list', id: 'pl-0a' });
    expect(route('{ cidr: 0.0.0.0/0 }').spec?.destination).toEqual({ kind: 'ipv4', cidr: '0.0.0.0/0' });
  });

  it('just outside of what EC2 forbids is allowed', () => {
    expect(route('{ cidr: 169.254.0.0/16 }').spec?.destination).toMatchObject({ cidr: '169.254.0.0/16' });
    expect(route('{ cidr: "fd00:ec3::/32" }').spec?.destination).toMatchObject({ cidr: 'fd00:ec3::/32' });
  });

  it.each<[string, string | number | undefined]>([
    ['eni-0a', 'eni-0a'],
    ['0', 0],
    ['"1"', 1],
  ])('interface %s', (text, value) => {
    expect(route(`{ cidr: 10.9.9.9, interface: ${text} }`).spec?.target.interface).toBe(value);
  });

  it.each([
    ['nat_gateway: nat-1', 'nat-gateway'],
    ['gateway: igw-1', 'gateway'],
    ['gateway: vgw-1', 'gateway'],
    ['transit_gateway: tgw-1', 'transit-gateway'],
    ['network_interface: eni-1', 'network-interface'],
    ['vpc_endpoint: vpce-1', 'vpc-endpoint'],
    ['vpc_peering_connection: pcx-1', 'vpc-peering-connection'],
    ['local_gateway: lgw-1', 'local-gateway'],
    ['carrier_gateway: cagw-1', 'carrier-gateway'],
    ['core_network: "arn:aws:networkmanager::123456789012:core-network/core-network-1"', 'core-network'],
    ['odb_network: "arn:aws:odb:us-east-1:123456789012:odb-network/odbnet-1"', 'odb-network'],
  ])('fallback %s', (text, kind) => {
    const id = text.replace(/^\w+: /, '').replaceAll('"', '');
    expect(route(`{ cidr: 10.9.9.9, fallback: { ${text} } }`).spec?.fallback).toEqual({ kind, id });
  });

  it('an egress-only internet gateway is a fallback for IPv6', () => {
    const { spec } = route('{ cidr: "::/0", fallback: { egress_only_internet_gateway: eigw-1 } }');
    expect(spec?.fallback).toEqual({ kind: 'egress-only-internet-gateway', id: 'eigw-1' });
  });

  it.each<[string, unknown]>([
    ['x', { kind: 'check', name: 'x' }],
    [
      '[x, y]',
      {
        kind: 'all',
        of: [
          { kind: 'check', name: 'x' },
          { kind: 'check', name: 'y' },
        ],
      },
    ],
    ['{ all: [x] }', { kind: 'all', of: [{ kind: 'check', name: 'x' }] }],
    [
      '{ any: [x, [y, z]] }',
      {
        kind: 'any',
        of: [
          { kind: 'check', name: 'x' },
          {
            kind: 'all',
            of: [
              { kind: 'check', name: 'y' },
              { kind: 'check', name: 'z' },
            ],
          },
        ],
      },
    ],
    [
      '{ at_least: 2, of: [x, y, { any: [z] }] }',
      {
        kind: 'at-least',
        count: 2,
        of: [
          { kind: 'check', name: 'x' },
          { kind: 'check', name: 'y' },
          { kind: 'any', of: [{ kind: 'check', name: 'z' }] },
        ],
      },
    ],
  ])('healthcheck %s', (text, expression) => {
    const { spec, warnings } = route(`{ cidr: 10.9.9.9, healthcheck: ${text} }`);
    expect(spec?.health).toEqual(expression);
    expect(warnings).toEqual([]);
  });

  it('the same destination may stand in two groups', () => {
    expect(problems(`${TABLES}${TABLES.split('\n').slice(1).join('\n').replace('  a:', '  b:')}`)).toEqual(
      [],
    );
  });

  it('a group may assume a role', () => {
    const arn = 'arn:aws-us-gov:iam::123456789012:role/path/network';
    const { spec } = loaded(TABLES.replace('find:', `assume_role: "${arn}"\n    find:`));
    expect(spec.tableGroups[0]?.assumeRole).toBe(arn);
  });
});

describe('find', () => {
  it('by_id takes one id or several', () => {
    const one = find('{ type: by_id, id: rtb-1 }').spec.tableGroups[0]?.find;
    expect(one).toEqual({ kind: 'by-id', ids: ['rtb-1'], not: false });
    const two = find('{ type: by_id, not: true, ids: [rtb-1, rtb-2] }').spec.tableGroups[0]?.find;
    expect(two).toEqual({ kind: 'by-id', ids: ['rtb-1', 'rtb-2'], not: true });
  });

  it('vpc and no_results_ok hold for the group', () => {
    expect(find('{ type: main, vpc: any }').spec.tableGroups[0]).toMatchObject({
      vpc: 'any',
      noResultsOk: false,
    });
    const one = find('{ type: main, vpc: vpc-0a, no_results_ok: true }').spec.tableGroups[0];
    expect(one).toMatchObject({ vpc: 'vpc-0a', noResultsOk: true });
  });

  it('filters may stand inline; a tag’s number is its letters, and its value may be empty', () => {
    const { spec } = find(
      '{ type: or, filters: [{ type: by_tag, key: n, value: 010 }, { type: by_tag, key: n, value: "" }] }',
    );
    expect(spec.tableGroups[0]?.find).toMatchObject({ of: [{ value: '010' }, { value: '' }] });
  });

  it('has_route_to is canonical', () => {
    const { spec, warnings } = find('{ type: has_route_to, cidr: 10.1.2.3/8 }');
    expect(spec.tableGroups[0]?.find).toMatchObject({ destination: '10.0.0.0/8' });
    expect(warnings).toHaveLength(1);
  });
});
