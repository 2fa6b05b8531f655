import type { BgpMessage } from './message.ts';
import type { Notification } from './notification.ts';
import type { Negotiated, SessionEnd } from './status.ts';

/** A peer has at most one TCP connection of each kind (RFC 4271 §6.8). */
export type ConnectionKind = 'outgoing' | 'incoming';

/** What has happened to a peer, for its machine (`peer-machine.ts`). */
export type PeerInput =
  /** Begin, and keep trying from now on. */
  | { readonly type: 'start' }
  /** End with a Cease (RFC 4486 subcode, RFC 9003 text), and stay ended until the next `start`. */
  | { readonly type: 'stop'; readonly subcode: number; readonly communication: string }
  /** The time of `nextDeadlineMs` has come. */
  | { readonly type: 'deadline' }
  /** TCP is there: the outgoing connection that was dialled, or one that the peer has opened. */
  | {
      readonly type: 'connected';
      readonly connection: ConnectionKind;
      readonly localAddress: string;
      readonly remoteAddress: string;
    }
  /** Dialling failed, or a connection ended without our doing. */
  | {
      readonly type: 'lost';
      readonly connection: ConnectionKind;
      readonly reason: 'connect-failed' | 'connection-lost' | 'not-supported';
      readonly detail: string;
    }
  /** A message that the codec found well formed. */
  | { readonly type: 'received'; readonly connection: ConnectionKind; readonly message: BgpMessage }
  /** The codec found an error that ends the session. */
  | {
      readonly type: 'malformed';
      readonly connection: ConnectionKind;
      readonly notification: Notification;
      readonly detail: string;
    }
  /** The connection has begun not to take what is written; it takes again (RFC 9687). */
  | { readonly type: 'stalled' | 'drained'; readonly connection: ConnectionKind };

/** What is to be done, in this order. */
export type PeerOutput =
  | { readonly type: 'dial' }
  | { readonly type: 'send'; readonly connection: ConnectionKind; readonly message: BgpMessage }
  /**
   * Ends a connection, or the dialling: what was sent goes out first (half-close), unless `isAbrupt`. Nothing of it is
   * told to the machine any more.
   */
  | { readonly type: 'close'; readonly connection: ConnectionKind; readonly isAbrupt: boolean }
  /** Routes may be sent on this connection now. */
  | { readonly type: 'established'; readonly connection: ConnectionKind; readonly negotiated: Negotiated }
  /** The peer asks for all routes of a family again (RFC 2918); only of an agreed one. */
  | { readonly type: 'refresh'; readonly afi: number }
  /** A session ended or an attempt failed. A connection that only lost the collision is no end. */
  | { readonly type: 'ended'; readonly end: SessionEnd; readonly wasEstablished: boolean };
