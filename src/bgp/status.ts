import type { AddressFamily, MessageType } from './message.ts';

/** RFC 4271 §8.2.2. */
export type SessionState = 'Idle' | 'Connect' | 'Active' | 'OpenSent' | 'OpenConfirm' | 'Established';

/**
 * Why a session ended, or was not had. `notification-…`: which side sent it is in the name; `code/subcode` and text in
 * `detail`.
 */
export type SessionEndReason =
  /** TCP: refused, unreachable, no answer in time. */
  | 'connect-failed'
  /** The platform lacks what the configuration asks for (MD5, AO, GTSM, device): retried slowly. */
  | 'not-supported'
  /** The connection broke or was closed without a NOTIFICATION. */
  | 'connection-lost'
  | 'hold-timer-expired'
  /** It took nothing for two hold times (RFC 9687). */
  | 'send-hold-timer-expired'
  | 'notification-received'
  /** We ended it for an error of the peer's. */
  | 'notification-sent'
  | 'collision'
  /** We ended it on purpose: stop, reload. */
  | 'administrative';

export interface SessionEnd {
  readonly reason: SessionEndReason;
  /** One line for people, such as `Cease/Administrative Shutdown: "maintenance"`. */
  readonly detail: string;
  /** Of the NOTIFICATION, where there was one. */
  readonly errorCode: number | undefined;
  readonly errorSubcode: number | undefined;
  /** Monotonic ms. */
  readonly atMs: number;
}

/** Messages by their type. Those that can't be read count nowhere here. */
export type MessageCounts = Readonly<Record<MessageType, number>>;

export interface PeerStatus {
  readonly name: string;
  readonly remoteAddress: string;
  readonly remoteAsn: number;
  readonly isIbgp: boolean;
  readonly state: SessionState;
  /** Monotonic ms since when it has been in Established; undefined when it is not. */
  readonly establishedAtMs: number | undefined;
  /** How many times it has left Established. */
  readonly flaps: number;
  /** How often a connection was begun since the last Established. */
  readonly attempts: number;
  readonly lastEnd: SessionEnd | undefined;
  /** Monotonic ms; undefined: none is set. */
  readonly retryAtMs: number | undefined;
  readonly negotiated: Negotiated | undefined;
  readonly received: MessageCounts;
  readonly sent: MessageCounts;
  /** In received UPDATEs: prefixes in all, and those that were withdrawn. They are counted, and kept nowhere. */
  readonly receivedPrefixes: number;
  readonly receivedWithdrawals: number;
  /** RFC 7606: received UPDATEs with an error that did not end the session. */
  readonly receivedErrors: number;
  /** Prefixes announced and withdrawn since the start, repeats by route refresh included. */
  readonly sentPrefixes: number;
  readonly sentWithdrawals: number;
  /** Prefixes that the peer has from us now, by their canonical text. Empty unless Established. */
  readonly announced: ReadonlySet<string>;
  /** Prefixes that can't be sent to this peer, and why: `family not agreed on`, `no next hop`. */
  readonly withheld: ReadonlyMap<string, string>;
  /** Bytes that wait to be sent. */
  readonly outQueueBytes: number;
  readonly hasPassword: boolean;
}

/** What the two OPENs came to. */
export interface Negotiated {
  /** Seconds; 0: no keepalives. */
  readonly holdTimeSec: number;
  readonly keepaliveSec: number;
  readonly remoteId: string;
  readonly families: readonly AddressFamily[];
  readonly isFourOctetAs: boolean;
  readonly hasRouteRefresh: boolean;
  /** IPv4 routes may have an IPv6 next hop (RFC 8950). */
  readonly hasExtendedNextHop: boolean;
  /** Address texts of the connection, without zone. */
  readonly localAddress: string;
  readonly remoteAddress: string;
}

export interface SpeakerStatus {
  readonly routerId: string;
  readonly localAsn: number;
  /** In the order of the spec. */
  readonly peers: readonly PeerStatus[];
}
