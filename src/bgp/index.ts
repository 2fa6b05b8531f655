/**
 * BGP-4 as an announce-only speaker: it sends the routes it is given, and reads, counts and drops everything that peers
 * send. It never takes a route from a peer, and never passes one on. Start reading at `speaker.ts` for the sockets, at
 * `peer-machine.ts` for the states.
 */
export type { Refusal } from './listener-refusals.ts';
export type { AddressFamily, BgpRole } from './message.ts';
export { Speaker, type SpeakerOptions } from './speaker.ts';
export type * from './spec.ts';
export type * from './status.ts';
