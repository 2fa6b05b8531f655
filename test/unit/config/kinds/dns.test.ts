import { describe, expect, it } from 'vitest';
import { loaded } from '../source.ts';

const TABLES = 'routetables:\n  a:\n    find: { type: main }\n    manage_routes: [{ cidr: 10.9.9.9 }]\n';

function load(body: string) {
  const { spec, warnings } = loaded(`healthchecks:\n  c: { type: dns, ${body} }\n${TABLES}`);
  return { check: spec.checks[0], warnings: warnings.filter((line) => !line.includes('no route uses')) };
}

function probe(body: string): unknown {
  return load(body).check?.probe;
}

describe('a dns check', () => {
  it('has all its defaults', () => {
    const { check, warnings } = load('server: 10.0.0.2, name: www.example.test');
    expect(check).toMatchObject({ destination: '10.0.0.2', everyMs: 1000 });
    expect(check?.probe).toEqual({
      type: 'dns',
      port: 53,
      name: 'www.example.test',
      recordType: 'A',
      transport: 'udp',
      tcpFallback: true,
      recursionDesired: true,
      rcode: 'NOERROR',
      answers: [],
      match: 'all',
      minAnswers: 1,
      sourceAddress: undefined,
      sourceInterface: undefined,
    });
    expect(warnings).toEqual([]);
  });

  it('takes every option', () => {
    const body = `destination: ns.example.test, port: 5353, name: WWW.Example.test., record_type: AAAA, transport: tcp,
      rcode: NOERROR, answers: ["2001:DB8:0::1", "::1"], match: any, min_answers: 2, recursion: false,
      source_address: "2001:db8::10", source_interface: eth1`;
    expect(load(body).check?.destination).toBe('ns.example.test');
    expect(probe(body)).toMatchObject({
      port: 5353,
      name: 'www.example.test',
      recordType: 'AAAA',
      transport: 'tcp',
      answers: ['2001:db8::1', '::1'],
      match: 'any',
      minAnswers: 2,
      recursionDesired: false,
      sourceAddress: '2001:db8::10',
      sourceInterface: 'eth1',
    });
  });

  it('wants no records where another rcode is to come, unless it says so', () => {
    expect(probe('server: 10.0.0.2, name: a.test, rcode: NXDOMAIN')).toMatchObject({
      rcode: 'NXDOMAIN',
      minAnswers: 0,
    });
    expect(probe('server: 10.0.0.2, name: a.test, min_answers: 0')).toMatchObject({ minAnswers: 0 });
  });

  it.each([
    ['10.0.0.2', '10.0.0.2', 53],
    ['"10.0.0.2:5353"', '10.0.0.2', 5353],
    ['ns.example.test', 'ns.example.test', 53],
    ['"ns.example.test:5353"', 'ns.example.test', 5353],
    ['"2001:db8::53"', '2001:db8::53', 53],
    ['"[2001:db8::53]"', '2001:db8::53', 53],
    ['"[2001:db8::53]:5353"', '2001:db8::53', 5353],
    ['"[fe80::53%eth0]:5353"', 'fe80::53%eth0', 5353],
    ['"fe80::53%eth0"', 'fe80::53%eth0', 53],
  ])('understands the server %s', (server, destination, port) => {
    const { check } = load(`server: ${server}, name: a.test`);
    expect(check).toMatchObject({ destination, probe: { port } });
  });

  it.each([
    ['10.1.2.3', 'PTR', '3.2.1.10.in-addr.arpa'],
    ['"2001:db8::1a"', 'PTR', 'a.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa'],
    ['0/25.2.0.192.in-addr.arpa', 'PTR', '0/25.2.0.192.in-addr.arpa'],
    ['_sip._tcp.example.test', 'SRV', '_sip._tcp.example.test'],
    ['.', 'NS', '.'],
    ['"*.example.test"', 'A', '*.example.test'],
  ])('asks for the name %s with %s', (name, recordType, asked) => {
    expect(probe(`server: 10.0.0.2, name: ${name}, record_type: ${recordType}`)).toMatchObject({
      name: asked,
    });
  });

  it.each([
    ['A', '10.0.0.1', '10.0.0.1'],
    ['CNAME', 'Other.test.', 'other.test'],
    ['NS', '.', '.'],
    ['PTR', String.raw`my\032printer.test`, String.raw`my\032printer.test`],
    ['MX', '10  Mail.test.', '10 mail.test'],
    ['SRV', '0 5 5060 sip.test', '0 5 5060 sip.test'],
    ['SOA', 'ns.test Host.test.', 'ns.test host.test'],
    ['SOA', String.raw`ns.test a\.b.test 1 2 3 4 5`, String.raw`ns.test a\.b.test 1 2 3 4 5`],
    ['TXT', 'v=spf1  -ALL', 'v=spf1  -ALL'],
  ])('compares the data of %s "%s" as "%s"', (recordType, written, canonical) => {
    const body = `server: 10.0.0.2, name: a.test, record_type: ${recordType}, answers: ['${written}']`;
    expect(probe(body)).toMatchObject({ answers: [canonical] });
  });

  it('warns of what has no effect', () => {
    const { warnings } = load(
      'server: 10.0.0.2, name: a.test, match: any, transport: tcp, tcp_fallback: false',
    );
    expect(warnings).toEqual([
      expect.stringContaining('c.match: has no effect without answers; leave it out'),
      expect.stringContaining('c.tcp_fallback: has no effect with transport: tcp; leave it out'),
    ]);
  });

  it('as a remote check asks whoever holds the route', () => {
    const remote = 'remote_healthchecks:\n  r: { type: dns, port: 5353, name: a.test }\n';
    const [template] = loaded(`${remote}${TABLES}`).spec.remoteChecks;
    expect(template?.probe).toMatchObject({ type: 'dns', port: 5353 });
    expect(template).not.toHaveProperty('destination');
  });
});
