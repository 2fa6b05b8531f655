import { encodeMessage } from '../../src/bgp/encode.ts';
import type { UpdateMessage } from '../../src/bgp/message.ts';
import { parsePrefix } from '../../src/bgp/prefix.ts';

// What the bench's own ends of sessions say.

export const KEEPALIVE = encodeMessage({ type: 'keepalive' }, { isFourOctetAs: true });

export interface OwnOpen {
  readonly asn: number;
  readonly holdTimeSec: number;
  /** IPv4 address. */
  readonly routerId: string;
}

/** An OPEN of both families. */
export function openMessage({ asn, holdTimeSec, routerId }: OwnOpen): Buffer {
  const open = {
    type: 'open',
    version: 4,
    myAutonomousSystem: asn,
    holdTime: holdTimeSec,
    bgpIdentifier: routerId,
    capabilities: [
      { type: 'multiprotocol', afi: 1, safi: 1 },
      { type: 'multiprotocol', afi: 2, safi: 1 },
      { type: 'route-refresh' },
      { type: 'four-octet-as', asn },
    ],
  } as const;
  return encodeMessage(open, { isFourOctetAs: true });
}

/** Of one IPv4 prefix, by eBGP. */
export function announcement(prefix: string, { asn, nextHop }: { asn: number; nextHop: string }): Buffer {
  return update({
    nlri: [parsed(prefix)],
    pathAttributes: [
      { type: 'origin', origin: 'igp' },
      { type: 'as-path', segments: [{ type: 'as-sequence', asns: [asn] }] },
      { type: 'next-hop', nextHop },
    ],
  });
}

export function withdrawal(prefix: string): Buffer {
  return update({ withdrawnRoutes: [parsed(prefix)] });
}

/** Cease, administrative reset: a speaker comes back soon. */
export const RESET = encodeMessage(
  { type: 'notification', errorCode: 6, errorSubcode: 4, data: new Uint8Array(0) },
  { isFourOctetAs: true },
);

function update(parts: Partial<UpdateMessage>): Buffer {
  const message = { type: 'update', withdrawnRoutes: [], pathAttributes: [], nlri: [], ...parts } as const;
  return encodeMessage(message, { isFourOctetAs: true });
}

function parsed(text: string) {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new Error(`${text} is no prefix`);
  return prefix;
}
