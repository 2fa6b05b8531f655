import { describe, expect, it } from 'vitest';
import { PREFIX } from '../../../demo/router/config.ts';
import {
  changesBetween,
  communitiesText,
  parseBirdLine,
  pathOf,
  type RouterPath,
} from '../../../demo/router/paths.ts';
import { readBirdTable } from '../../support/bgp/bird-view.ts';

/** BIRD 2.0.12's answer to `show route all protocol zone_a`, while the agent drains. */
const TABLE = `Table master4:
10.53.0.53/32        unicast [zone_a 18:01:17.525] * (100) [AS64512i]
	via 192.0.2.11 on agents
	Type: BGP univ
	BGP.origin: IGP
	BGP.as_path: 64512
	BGP.next_hop: 192.0.2.11
	BGP.local_pref: 100
	BGP.community: (64512,1) (65535,0)
`;

function path(zone: string, ...communities: readonly string[]): RouterPath {
  return { zone, nextHop: '192.0.2.11', communities };
}

describe('the path of a zone', () => {
  it('is what the router’s table has of the prefix', () => {
    const found = pathOf('a', readBirdTable(TABLE.split('\n'), false), PREFIX);
    expect(found).toEqual({ zone: 'a', nextHop: '192.0.2.11', communities: ['64512:1', '65535:0'] });
    expect(found && communitiesText(found)).toBe('64512:1 GRACEFUL_SHUTDOWN');
  });

  it('is none where the table has another prefix, or nothing', () => {
    expect(pathOf('a', readBirdTable(TABLE.split('\n'), false), '10.53.0.54/32')).toBeUndefined();
    expect(pathOf('a', readBirdTable([], false), PREFIX)).toBeUndefined();
  });
});

describe('two looks at the table', () => {
  const kinds = (before: readonly RouterPath[], after: readonly RouterPath[]) =>
    changesBetween(before, after, () => 7).map(({ zone, kind, atMs }) => `${zone} ${kind} ${atMs}`);

  it('tell which paths came and which are gone', () => {
    expect(kinds([path('a'), path('b')], [path('b'), path('c')])).toEqual(['a gone 7', 'c came 7']);
  });

  it('tell of a path that begins to drain, once', () => {
    const drains = path('a', '64512:1', '65535:0');
    expect(kinds([path('a', '64512:1')], [drains])).toEqual(['a drains 7']);
    expect(kinds([drains], [drains])).toEqual([]);
    expect(kinds([drains], [])).toEqual(['a gone 7']);
  });

  it('tell of a path that came while draining as both', () => {
    expect(kinds([], [path('a', '65535:0')])).toEqual(['a came 7', 'a drains 7']);
  });

  it('that show the same tell nothing', () => {
    expect(kinds([path('a', '64512:1')], [path('a', '64512:1')])).toEqual([]);
  });
});

describe('a line of BIRD’s log', () => {
  it.each([
    '2026-05-01 18:01:07.272924 <TRACE> zone_a.ipv4 > added [best] 10.53.0.53/32 0L 2G unicast',
    '2026-05-01 18:01:07.272924 <TRACE> zone_a.ipv4 > removed [sole] 10.53.0.53/32 0L 2G unicast',
    // Without a channel, as before 2.0.8, and with ids behind it, as BIRD 3.
    '2026-05-01 18:01:07.272924 <TRACE> zone_a > removed 10.53.0.53/32 unicast',
    '2026-05-01 18:01:07.272924 <TRACE> zone_a.ipv4 > updated [best] 10.53.0.53/32 src 0L 2G 1S id 3 unicast',
  ])('tells of a change of the prefix: %s', (line) => {
    const told = parseBirdLine(line, PREFIX);
    expect(told?.session).toBe('zone_a');
    expect(told?.atMs).toBeCloseTo(Date.UTC(2026, 4, 1, 18, 1, 7) + 272.924, 3);
  });

  it.each([
    '2026-05-01 18:01:05.828978 <INFO> Started',
    '2026-05-01 18:01:18.550640 <RMT> zone_a: Received: Administrative shutdown: "SIGTERM"',
    '2026-05-01 18:01:07.272924 <TRACE> zone_a.ipv4 > added [best] 110.53.0.53/32 0L 2G unicast',
    // What it would send.
    '2026-05-01 18:01:07.272924 <TRACE> zone_b.ipv4 < rejected by protocol 10.53.0.53/32 0L 2G unicast',
    'ready',
    '',
  ])('tells of something else: %s', (line) => {
    expect(parseBirdLine(line, PREFIX)).toBeUndefined();
  });
});
