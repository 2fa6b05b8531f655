import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type DecodingContext, decodeMessage } from '../../../src/bgp/decode.ts';
import { encodeMessage } from '../../../src/bgp/encode.ts';
import { Framer } from '../../../src/bgp/framer.ts';
import type { BgpMessage, Capability } from '../../../src/bgp/message.ts';
import { describeNotification } from '../../../src/bgp/notification-text.ts';
import { meaningOf, tidy } from '../../support/bgp-meaning.ts';
import { piecesOf } from '../../support/bgp-pieces.ts';

/** See test/fixtures/bgp/README.md. */
interface Sample {
  readonly speaker: string;
  readonly session?: { readonly isFourOctetAs: boolean; readonly isIbgp: boolean };
  readonly message: string;
  readonly means: unknown;
}

const path = join(import.meta.dirname, '../../fixtures/bgp/speakers.json');
const samples: readonly Sample[] = JSON.parse(readFileSync(path, 'utf8'));
const UPDATE = 2;

function contextOf(sample: Sample): DecodingContext {
  const session = sample.session ?? { isFourOctetAs: true, isIbgp: false };
  return { ...session, families: ['ipv4', 'ipv6'], hasExtendedNextHop: true };
}

function read(sample: Sample): BgpMessage {
  const [framed] = new Framer().push(Buffer.from(sample.message, 'hex'));
  if (!framed?.ok) throw new Error(framed?.why);
  const decoded = decodeMessage(framed.type, framed.body, contextOf(sample));
  if (!decoded.ok) throw new Error(decoded.why);
  expect(decoded.errors).toEqual([]);
  return decoded.message;
}

function say(message: BgpMessage): unknown {
  switch (message.type) {
    case 'open':
      return {
        asn: message.myAutonomousSystem,
        holdTime: message.holdTime,
        identifier: message.bgpIdentifier,
        capabilities: message.capabilities.map(sayCapability),
      };
    case 'update':
      return meaningOf(message);
    case 'notification':
      return describeNotification(message);
    case 'route-refresh':
      return { routeRefresh: [message.afi, message.safi, message.subtype] };
    case 'keepalive':
      return {};
  }
}

function sayCapability(capability: Capability): string {
  switch (capability.type) {
    case 'multiprotocol':
      return `multiprotocol ${capability.afi}/${capability.safi}`;
    case 'extended-next-hop': {
      const families = capability.families.map(
        ({ afi, safi, nextHopAfi }) => `${afi}/${safi} by ${nextHopAfi}`,
      );
      return `extended-next-hop ${families.join(', ')}`;
    }
    case 'role':
      return `role ${capability.role}`;
    case 'four-octet-as':
      return `four-octet-as ${capability.asn}`;
    case 'other':
      return `other ${capability.code}`;
    case 'route-refresh':
      return capability.type;
  }
}

describe('what FRR, BIRD and GoBGP send', () => {
  const named = samples.map(
    (sample) => [`${sample.speaker}: ${JSON.stringify(sample.means)}`, sample] as const,
  );

  test.each(named)('%s', (_name, sample) => {
    const { means } = sample;
    const expected =
      typeof means === 'object' && means !== null && 'announce' in means ? tidy({ ...means }) : means;
    expect(say(read(sample))).toEqual(expected);
  });

  test.each(named)('is written with the same content again: %s', (_name, sample) => {
    const bytes = Buffer.from(sample.message, 'hex');
    const message = read(sample);
    const again = encodeMessage(message, contextOf(sample));
    if (bytes[18] === UPDATE) expect(piecesOf(again)).toEqual(piecesOf(bytes));
    // FRR has one optional parameter for each capability, and we one for all.
    else if (message.type === 'open')
      expect(read({ ...sample, message: again.toString('hex') })).toEqual(message);
    else expect(again.toString('hex')).toBe(sample.message);
  });

  test('is all kinds of messages of all three', () => {
    const kinds = new Set(
      samples.map(({ speaker, message }) => `${speaker.split(' ')[0]} ${message.slice(36, 38)}`),
    );
    expect([...kinds].sort()).toEqual([
      'BIRD 01',
      'BIRD 02',
      'BIRD 03',
      'BIRD 05',
      'FRR 01',
      'FRR 02',
      'FRR 03',
      'FRR 05',
      'GoBGP 01',
      'GoBGP 02',
      'GoBGP 03',
    ]);
  });
});

test('GoBGP announces IPv4 with an IPv6 next hop to who never agreed: withdrawn, and the session goes on', () => {
  const body = Buffer.from(
    '000000284001010040020602010000fc00800e1800010110fd090000000000000000000000000001000a6440',
    'hex',
  );
  const context: DecodingContext = {
    isFourOctetAs: true,
    isIbgp: false,
    families: ['ipv4', 'ipv6'],
    hasExtendedNextHop: false,
  };
  const decoded = decodeMessage(UPDATE, body, context);
  expect(decoded).toMatchObject({ ok: true, errors: [{ code: 14, treatment: 'treat-as-withdraw' }] });
  if (decoded.ok && decoded.message.type === 'update') {
    expect(meaningOf(decoded.message)).toEqual({ announce: [], withdraw: ['100.64.0.0/10'] });
  }
});
