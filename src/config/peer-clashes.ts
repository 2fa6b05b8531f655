import type { ReadPeer } from './announcer-peers.ts';
import type { Report } from './problems.ts';
import { type Cursor, labelSpot, placeOf, valueSpot } from './tree.ts';

/** Tells of peers that can't be told apart: by their names, or by where they are. */
export function refuseClashes(peers: readonly ReadPeer[], report: Report): void {
  const names = new Map<string, ReadPeer>();
  const places = new Map<string, ReadPeer[]>();
  for (const peer of peers) {
    const there = places.get(placeIn(peer)) ?? [];
    places.set(placeIn(peer), [...there, peer]);
    const [clash] = there.flatMap((earlier) => clashOf(peer, earlier) ?? []);
    const at = peer.fields.child('remote_address');
    if (clash !== undefined && at !== undefined) report.problem(valueSpot(at), 'conflict', clash);
    const { name } = peer.spec;
    const namesake = names.get(name);
    if (namesake === undefined) names.set(name, peer);
    else if (clash === undefined) tellNamesake(peer, namesake, report);
  }
}

/** In two VRFs there may be two routers of one address. */
function placeIn({ spec }: ReadPeer): string {
  return `${spec.remoteAddress} ${spec.security.device ?? ''}`;
}

/** A connection that comes in says from which address, and from no port that is known. */
function clashOf(peer: ReadPeer, earlier: ReadPeer): string | undefined {
  const { remoteAddress, remotePort, isPassive } = peer.spec;
  const where = placeOf(labelOf(earlier));
  if (remotePort === earlier.spec.remotePort) {
    return `${remoteAddress} with port ${remotePort} is a peer already, in ${where}; leave one of the two out`;
  }
  if (!isPassive && !earlier.spec.isPassive) return undefined;
  return `${remoteAddress} is a peer already, in ${where}, and who connects from there can't be told apart; let neither be passive`;
}

function tellNamesake(peer: ReadPeer, namesake: ReadPeer, report: Report): void {
  const at: Cursor = peer.fields.child('name') ?? peer.fields.cursor;
  const where = placeOf(labelOf(namesake));
  const message = `a peer of the name ${peer.spec.name} is in ${where} already; give one of the two another name`;
  report.problem(labelSpot(at), 'conflict', message);
}

function labelOf({ fields }: ReadPeer): Cursor['labelAt'] {
  return fields.cursor.labelAt;
}
