import { expect, it } from 'vitest';
import { keptOf } from '../../../src/bgp/collision.ts';
import type { ConnectionKind } from '../../../src/bgp/peer-events.ts';

it.each<readonly [string, number, string, number, ConnectionKind, string]>([
  ['10.0.0.2', 65_000, '10.0.0.1', 65_001, 'outgoing', 'our identifier is the higher one'],
  ['10.0.0.1', 65_000, '10.0.0.2', 65_001, 'incoming', "the peer's is the higher one"],
  ['10.0.0.9', 1, '10.0.0.10', 2, 'incoming', 'identifiers are numbers, not texts'],
  ['200.0.0.1', 1, '100.0.0.1', 2, 'outgoing', 'the highest bit is no sign'],
  ['255.255.255.255', 1, '0.0.0.1', 2, 'outgoing', 'the highest bit is no sign'],
  ['10.0.0.1', 65_001, '10.0.0.1', 65_000, 'outgoing', 'the same identifiers: the larger AS (RFC 6286 §2.3)'],
  ['10.0.0.1', 65_000, '10.0.0.1', 4_200_000_000, 'incoming', 'the same identifiers: the larger AS'],
])('%s of AS %d and %s of AS %d keep the %s connection: %s', (id, asn, remoteId, remoteAsn, kept) => {
  expect(keptOf({ id, asn }, { id: remoteId, asn: remoteAsn })).toBe(kept);
  // The peer comes to the same connection, which is of the other kind there.
  expect(keptOf({ id: remoteId, asn: remoteAsn }, { id, asn })).not.toBe(kept);
});
