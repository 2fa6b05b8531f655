import type { ConnectionKind } from './peer-events.ts';

/** Of one side of a session. */
export interface CollisionSide {
  /** BGP Identifier, dotted. */
  readonly id: string;
  readonly asn: number;
}

/**
 * Of two connections with one peer, the one that is kept (RFC 4271 §6.8): whose initiator has the higher BGP Identifier,
 * and where these are the same, the larger AS number (RFC 6286 §2.3). The same of both is one speaker, and that is
 * refused before (`open-check.ts`).
 */
export function keptOf(local: CollisionSide, remote: CollisionSide): ConnectionKind {
  const [localId, remoteId] = [identifierOf(local.id), identifierOf(remote.id)];
  const isOursKept = localId === remoteId ? local.asn > remote.asn : localId > remoteId;
  return isOursKept ? 'outgoing' : 'incoming';
}

/** As an unsigned number of 32 bits. */
function identifierOf(dotted: string): number {
  return dotted.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
}
