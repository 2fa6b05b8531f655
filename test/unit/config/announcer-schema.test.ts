import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { jsonSchema, loadConfig, neededVariables } from '../../../src/config/index.ts';
import { FIXTURES, loaded, readFile } from './source.ts';

const EXAMPLE = readFileSync(new URL('../../../examples/anycast.yaml', import.meta.url), 'utf8');
const schema = z.fromJSONSchema(jsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);

/** What only reading can tell: other values, files, RFC's numbers. The schema takes these. */
const BEYOND_FORM = [
  '177-announcer-same-peers.yaml',
  '185-announcer-listen.yaml',
  '188-announcer-no-ipv6-next-hop.yaml',
  '189-announcer-no-ipv4-next-hop.yaml',
  '190-announcer-no-family.yaml',
];

describe('examples/anycast.yaml', () => {
  it('loads anywhere, without a problem or a warning', () => {
    expect(loaded(EXAMPLE).warnings).toEqual([]);
    const elsewhere = { instance: undefined, env: {} } as const;
    const result = loadConfig({ text: EXAMPLE, file: 'anycast.yaml', variables: elsewhere, readFile });
    expect(result).toMatchObject({ ok: true, warnings: [] });
  });

  it('asks the instance for nothing', () => {
    expect([...neededVariables({ file: 'f', text: EXAMPLE, variables: { env: {} } })]).toEqual([]);
    expect(loaded(EXAMPLE).spec).toMatchObject({ tableGroups: [], drainOn: [] });
  });

  it('has the shape that the JSON Schema describes', () => {
    expect(schema.safeParse(parse(EXAMPLE)).error?.issues).toBeUndefined();
  });
});

describe('the JSON Schema', () => {
  const example = parse(EXAMPLE);
  const { announcer } = example;
  const accepts = (changes: object): boolean =>
    schema.safeParse({ ...example, announcer: { ...announcer, ...changes } }).success;
  const peerWith = (changes: object) => ({ peers: [{ ...announcer.peers[0], ...changes }] });
  const routeWith = (changes: object) => ({ routes: [{ ...announcer.routes[0], ...changes }] });

  it.each<[string, object]>([
    ['asdot as text', { local_asn: '1.10' }],
    ['asdot as the number that YAML makes of it', { local_asn: parse('1.10') }],
    ['a TCP-AO key', peerWith({ tcp_ao: { send_id: 0, receive_id: 255, key: 'k' } })],
    ['a link-local peer', peerWith({ remote_address: 'fe80::1%eth0' })],
    ['a hold time of 0', peerWith({ hold_time: 0 })],
    ['communities', routeWith({ communities: ['65000:1', 'no-export', 'NO_PEER'] })],
    ['extended ones', routeWith({ extended_communities: ['rt:1.10:5', '0x0002FDE800000064'] })],
    ['large ones', routeWith({ large_communities: ['4200000000:1:2'] })],
    ['any health expression', routeWith({ healthcheck: { at_least: 2, of: ['a', 'b', { not: 'c' }] } })],
  ])('takes %s', (_what, changes) => {
    expect(accepts(changes)).toBe(true);
  });

  it('takes an included file with routes alone', () => {
    expect(schema.safeParse({ announcer: { routes: announcer.routes } }).success).toBe(true);
  });

  it.each<[string, object]>([
    ['another backend', { backend: 'frr' }],
    ['an AS number of 0', { local_asn: 0 }],
    ['an AS number of more than four bytes', peerWith({ remote_asn: 4294967296 })],
    ['no peers', { peers: [] }],
    ['bfd', peerWith({ bfd: {} })],
    ['a router id of zeros', { router_id: '0.0.0.0' }],
    ['a port of 0', { listen: '179' }],
    ['a long interface name', peerWith({ device: 'an-interface-of-20' })],
    ['a TTL of 0', peerWith({ multihop_ttl: 0 })],
    ['a key id of 256', peerWith({ tcp_ao: { send_id: 256, receive_id: 1, key: 'k' } })],
    ['an unknown role', peerWith({ role: 'costumer' })],
    ['a large community among the plain ones', routeWith({ communities: ['65000:1:2'] })],
    ['a number for a community', routeWith({ communities: [65000] })],
    ['a MED of more than four bytes', routeWith({ med: 4294967296 })],
    ['the word of route tables', routeWith({ cidr: '10.0.0.0/8' })],
  ])('refuses %s', (_what, changes) => {
    expect(accepts(changes)).toBe(false);
  });

  it('refuses every bad announcer of the fixtures whose form is wrong', () => {
    const names = readdirSync(new URL('bad/', FIXTURES)).filter((name) => /-announcer.*\.yaml$/.test(name));
    expect(names.length).toBeGreaterThanOrEqual(28);
    const taken = names.filter((name) => {
      const text = readFileSync(new URL(`bad/${name}`, FIXTURES), 'utf8');
      return schema.safeParse(parse(text)).success;
    });
    expect(taken.sort()).toEqual(BEYOND_FORM);
  });
});
