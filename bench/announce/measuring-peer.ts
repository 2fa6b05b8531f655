import type { Lab } from '../../test/support/bgp/lab.ts';
import type { PeerCommand, PeerEvent, PeerRequest } from './measuring-peer-main.ts';
import { ScriptChild } from './script-child.ts';

export type MeasuringPeer = ScriptChild<PeerCommand, PeerEvent>;

export type Update = Extract<PeerEvent, { type: 'update' }>;

/** Resolves once it listens, on port 179 of every address of that namespace. */
export async function startPeer(
  lab: Lab,
  link: number,
  request: Omit<PeerRequest, 'port'>,
): Promise<MeasuringPeer> {
  const peer: MeasuringPeer = await ScriptChild.start(lab, link, 'measuring-peer-main.ts', {
    port: 179,
    ...request,
  });
  await peer.next('listening');
  return peer;
}
