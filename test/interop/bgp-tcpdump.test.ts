import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeMessage } from '../../src/bgp/decode.ts';
import { encodeMessage } from '../../src/bgp/encode.ts';
import { Framer } from '../../src/bgp/framer.ts';
import type { BgpMessage, Prefix, UpdateMessage } from '../../src/bgp/message.ts';
import { shutdownData } from '../../src/bgp/notification-text.ts';
import type { PathAttribute } from '../../src/bgp/path-attribute.ts';
import { parsePrefix } from '../../src/bgp/prefix.ts';
import { speakersMessages } from '../support/bgp-mutants.ts';
import { bgpCapture } from '../support/pcap.ts';

const COMPLAINT = /\[\|bgp\]|invalid|incorrect|\bbad\b|truncated|malformed/;

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vpcast-tcpdump-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What tcpdump prints of each message, line by line, without the octets; the first line is that of TCP. */
function dissect(messages: readonly Buffer[]): readonly (readonly string[])[] {
  const path = join(folder, 'bgp.pcap');
  writeFileSync(path, bgpCapture(messages));
  const text = execFileSync('tcpdump', ['-nvvr', path], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin`, TZ: 'UTC' },
  });
  const packets = text.split(/^\d\d:\d\d:\d\d\.\d{6} /m).slice(1);
  expect(packets).toHaveLength(messages.length);
  return packets.map((packet) => {
    const [, ...lines] = packet.split('\n').map((line) => line.trim().replaceAll(/ +/g, ' '));
    return lines.filter((line) => line !== '' && !/^0x[0-9a-f]{4}:/.test(line));
  });
}

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

function update(parts: Partial<UpdateMessage>): UpdateMessage {
  return { type: 'update', withdrawnRoutes: [], pathAttributes: [], nlri: [], ...parts };
}

const PATH: readonly PathAttribute[] = [
  { type: 'origin', origin: 'igp' },
  { type: 'as-path', segments: [{ type: 'as-sequence', asns: [4_200_000_001, 4_200_000_001, 65_001] }] },
];

const OPEN: BgpMessage = {
  type: 'open',
  version: 4,
  myAutonomousSystem: 23_456,
  holdTime: 9,
  bgpIdentifier: '10.3.3.3',
  capabilities: [
    { type: 'multiprotocol', afi: 1, safi: 1 },
    { type: 'multiprotocol', afi: 2, safi: 1 },
    { type: 'route-refresh' },
    { type: 'extended-next-hop', families: [{ afi: 1, safi: 1, nextHopAfi: 2 }] },
    { type: 'role', role: 'customer' },
    { type: 'four-octet-as', asn: 4_200_000_001 },
  ],
};

/** What we send, and what tcpdump has to say of it: these lines, among others. */
const OWN: readonly (readonly [string, BgpMessage, readonly string[]])[] = [
  ['KEEPALIVE', { type: 'keepalive' }, ['Keepalive Message (4), length: 19']],
  [
    'OPEN',
    OPEN,
    [
      'Version 4, my AS 23456, Holdtime 9s, ID 10.3.3.3',
      'Optional parameters, length: 33',
      'AFI IPv4 (1), SAFI Unicast (1)',
      'AFI IPv6 (2), SAFI Unicast (1)',
      'Route Refresh (2), length: 0',
      'Extended Next Hop Encoding (5), length: 6',
      '4 Byte AS 4200000001',
    ],
  ],
  [
    'UPDATE of IPv4 with all attributes that are sent',
    update({
      pathAttributes: [
        ...PATH,
        { type: 'next-hop', nextHop: '10.0.0.1' },
        { type: 'multi-exit-disc', med: 50 },
        { type: 'local-pref', localPref: 200 },
        { type: 'communities', communities: [0xfde9_0064, 0xffff_ff01] },
        { type: 'extended-communities', communities: [Buffer.from('0002fde900000064', 'hex')] },
        {
          type: 'large-communities',
          communities: [
            [4_200_000_001, 1, 2],
            [65_001, 0, 4_294_967_295],
          ],
        },
      ],
      nlri: [prefix('10.0.0.128/32'), prefix('192.0.2.0/25'), prefix('0.0.0.0/0')],
    }),
    [
      'Origin (1), length: 1, Flags [T]: IGP',
      'AS Path (2), length: 14, Flags [T]: 4200000001 4200000001 65001',
      'Next Hop (3), length: 4, Flags [T]: 10.0.0.1',
      'Multi Exit Discriminator (4), length: 4, Flags [O]: 50',
      'Local Preference (5), length: 4, Flags [T]: 200',
      'Community (8), length: 8, Flags [OT]: 65001:100, NO_EXPORT',
      'target (0x0002), Flags [none]: 65001:100 (= 0.0.0.100)',
      '4200000001:1:2, 65001:0:4294967295',
      'Updated routes:',
      '10.0.0.128/32',
      '192.0.2.0/25',
      '0.0.0.0/0',
    ],
  ],
  [
    'UPDATE of IPv6',
    update({
      pathAttributes: [
        {
          type: 'mp-reach-nlri',
          afi: 2,
          safi: 1,
          nextHops: ['2001:db8::1', 'fe80::1'],
          nlri: [prefix('2001:db8::53/128'), prefix('2001:db8:8000::/33')],
        },
        ...PATH,
      ],
    }),
    [
      'Multi-Protocol Reach NLRI (14), length: 60, Flags [O]:',
      'AFI: IPv6 (2), SAFI: Unicast (1)',
      'nexthop: 2001:db8::1, fe80::1, nh-length: 32, no SNPA',
      '2001:db8::53/128',
      '2001:db8:8000::/33',
    ],
  ],
  [
    'UPDATE that withdraws',
    update({
      withdrawnRoutes: [prefix('10.0.0.128/32'), prefix('10.0.0.0/9')],
      pathAttributes: [
        { type: 'mp-unreach-nlri', afi: 2, safi: 1, withdrawnRoutes: [prefix('2001:db8::53/128')] },
      ],
    }),
    [
      'Withdrawn routes:',
      '10.0.0.128/32',
      '10.0.0.0/9',
      'Multi-Protocol Unreach NLRI (15), length: 20, Flags [O]:',
      'AFI: IPv6 (2), SAFI: Unicast (1)',
      '2001:db8::53/128',
    ],
  ],
  [
    'the End-of-RIB of IPv4',
    update({}),
    ['Update Message (2), length: 23', 'End-of-Rib Marker (empty NLRI)'],
  ],
  [
    'the End-of-RIB of IPv6',
    update({ pathAttributes: [{ type: 'mp-unreach-nlri', afi: 2, safi: 1, withdrawnRoutes: [] }] }),
    ['AFI: IPv6 (2), SAFI: Unicast (1)', 'End-of-Rib Marker (empty NLRI)'],
  ],
  [
    'ROUTE-REFRESH',
    { type: 'route-refresh', afi: 2, safi: 1, subtype: 0 },
    ['Route Refresh Message (5), length: 23', 'AFI IPv6 (2), SAFI Unicast (1)'],
  ],
  [
    'Cease with a text',
    { type: 'notification', errorCode: 6, errorSubcode: 2, data: shutdownData('planned work') },
    [
      'Notification Message (3), length: 34, Cease (6), subcode Administrative Shutdown (2), Shutdown Communication (length: 12): "planned work"',
    ],
  ],
  [
    'Cease without one',
    { type: 'notification', errorCode: 6, errorSubcode: 7, data: shutdownData('') },
    ['Notification Message (3), length: 21, Cease (6), subcode Connection Collision Resolution (7)'],
  ],
];

describe('tcpdump reads what we write', () => {
  const write = (message: BgpMessage) => encodeMessage(message, { isFourOctetAs: true });

  test('all of it without a complaint, in segments whose checksums are right', () => {
    for (const lines of dissect(OWN.map(([, message]) => write(message)))) {
      expect(lines[0]).toMatch(/cksum 0x[0-9a-f]{4} \(correct\)/);
      expect(lines.filter((line) => COMPLAINT.test(line))).toEqual([]);
    }
  });

  test.each(OWN)('%s', (_name, message, expected) => {
    const [lines = []] = dissect([write(message)]);
    expect(lines).toEqual(expect.arrayContaining([...expected]));
  });

  test('IPv4 by an IPv6 next hop, of which it knows the routes', () => {
    const reach = {
      type: 'mp-reach-nlri',
      afi: 1,
      safi: 1,
      nextHops: ['2001:db8::1'],
      nlri: [prefix('10.0.0.128/32')],
    } as const;
    const [lines = []] = dissect([write(update({ pathAttributes: [reach, ...PATH] }))]);
    // This version prints the next hop as four IPv4 addresses.
    expect(lines).toEqual(
      expect.arrayContaining([
        'AFI: IPv4 (1), SAFI: Unicast (1)',
        'nexthop: 32.1.13.184, 0.0.0.0, 0.0.0.0, 0.0.0.1, nh-length: 16, no SNPA',
        '10.0.0.128/32',
      ]),
    );
    expect(lines.filter((line) => COMPLAINT.test(line))).toEqual([]);
  });

  test('the path for a peer with AS numbers of two octets, and what stands beside it', () => {
    const [, path] = PATH;
    if (path?.type !== 'as-path') throw new Error('no path');
    const attributes = [...PATH, { type: 'as4-path', segments: path.segments } as const];
    const bytes = encodeMessage(update({ pathAttributes: attributes }), { isFourOctetAs: false });
    const [lines = []] = dissect([bytes]);
    expect(lines).toContain('AS Path (2), length: 8, Flags [T]: 23456 23456 65001');
    expect(lines).toContain('AS4 Path (17), length: 14, Flags [OT]: 4200000001 4200000001 65001');
  });

  test('as many routes as one message has room for', () => {
    const nlri = Array.from({ length: 800 }, (_, index) => prefix(`10.${index >> 8}.${index & 0xff}.128/32`));
    const bytes = write(
      update({ pathAttributes: [...PATH, { type: 'next-hop', nextHop: '10.0.0.1' }], nlri }),
    );
    expect(bytes.length).toBeGreaterThan(4_000);
    const [lines = []] = dissect([bytes]);
    expect(lines.filter((line) => /^10\.\d+\.\d+\.128\/32$/.test(line))).toHaveLength(800);
    expect(lines.filter((line) => COMPLAINT.test(line))).toEqual([]);
  });
});

describe('tcpdump says the same of what FRR, BIRD and GoBGP wrote and of what we make of it', () => {
  test('in each message, whatever the order of its attributes', () => {
    const originals = speakersMessages();
    const written = originals.map(rewritten);
    const [before, after] = [dissect(originals), dissect(written)];
    for (const [index, lines] of after.entries()) {
      expect(lines.filter((line) => COMPLAINT.test(line))).toEqual([]);
      expect(comparable(lines)).toEqual(comparable(before[index] ?? []));
    }
  });
});

/** Read, and written again; with AS numbers of as many octets as it has. */
function rewritten(bytes: Buffer): Buffer {
  const [framed] = new Framer().push(bytes);
  if (!framed?.ok) throw new Error(framed?.why);
  for (const isFourOctetAs of [true, false]) {
    const context = {
      isFourOctetAs,
      isIbgp: true,
      families: ['ipv4', 'ipv6'],
      hasExtendedNextHop: true,
    } as const;
    const decoded = decodeMessage(framed.type, framed.body, context);
    if (decoded.ok && decoded.errors.length === 0) return encodeMessage(decoded.message, context);
  }
  throw new Error(bytes.toString('hex'));
}

/** Without lengths, which may have one octet or two, and without how an OPEN groups its capabilities. */
function comparable(lines: readonly string[]): readonly string[] {
  return lines
    .slice(1)
    .filter(
      (line) =>
        !line.startsWith('Option Capabilities Advertisement') && !line.startsWith('Optional parameters'),
    )
    .map((line) =>
      line
        .replace(/ Message \((\d)\), length: \d+/, ' Message ($1)')
        .replace(/Flags \[(\w+)E\]/, 'Flags [$1]'),
    )
    .sort();
}
