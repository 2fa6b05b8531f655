import type { Notification } from './notification.ts';
import type { PathAttribute } from './path-attribute.ts';

/** A block of addresses; `address` has 4 or 16 bytes, without host bits. */
export interface Prefix {
  readonly family: AddressFamily;
  readonly address: Uint8Array;
  /** Bits. */
  readonly length: number;
}

/** The families that are spoken, each unicast (SAFI 1): AFI 1 and 2 (RFC 4760). */
export type AddressFamily = 'ipv4' | 'ipv6';

/** RFC 9234 §4.1, of the one who sends it. */
export type BgpRole = 'provider' | 'rs' | 'rs-client' | 'customer' | 'peer';

/** Capabilities that have a meaning here (RFC 5492 §4); all others are kept by their number. */
export type Capability =
  /** RFC 4760 §8. */
  | { readonly type: 'multiprotocol'; readonly afi: number; readonly safi: number }
  /** RFC 2918 §2. */
  | { readonly type: 'route-refresh' }
  /** RFC 8950 §4. */
  | { readonly type: 'extended-next-hop'; readonly families: readonly ExtendedNextHop[] }
  /** RFC 9234 §4.1; undefined: a value that the RFC does not know. */
  | { readonly type: 'role'; readonly role: BgpRole | undefined }
  /** RFC 6793 §3. */
  | { readonly type: 'four-octet-as'; readonly asn: number }
  | { readonly type: 'other'; readonly code: number; readonly value: Uint8Array };

export interface ExtendedNextHop {
  readonly afi: number;
  readonly safi: number;
  readonly nextHopAfi: number;
}

/** RFC 4271 §4.2. */
export interface OpenMessage {
  readonly type: 'open';
  readonly version: number;
  /** Two octets: 23456 (AS_TRANS) stands for one that needs four. */
  readonly myAutonomousSystem: number;
  /** Seconds: 0, or at least 3. */
  readonly holdTime: number;
  /** Dotted, as an IPv4 address is written. */
  readonly bgpIdentifier: string;
  readonly capabilities: readonly Capability[];
}

/**
 * RFC 4271 §4.3. IPv6 routes, and IPv4 ones with an IPv6 next hop, stand in the attributes MP_REACH_NLRI and
 * MP_UNREACH_NLRI (RFC 4760 §3, §4).
 */
export interface UpdateMessage {
  readonly type: 'update';
  readonly withdrawnRoutes: readonly Prefix[];
  /** In the order of the wire. */
  readonly pathAttributes: readonly PathAttribute[];
  readonly nlri: readonly Prefix[];
}

/** RFC 2918 §3; `subtype` is 0, or RFC 7313's 1 (BoRR) and 2 (EoRR). */
export interface RouteRefreshMessage {
  readonly type: 'route-refresh';
  readonly afi: number;
  readonly safi: number;
  readonly subtype: number;
}

export type BgpMessage =
  | OpenMessage
  | UpdateMessage
  | { readonly type: 'keepalive' }
  | ({ readonly type: 'notification' } & Notification)
  | RouteRefreshMessage;

export type MessageType = BgpMessage['type'];

export const AFI = { ipv4: 1, ipv6: 2 } as const;
export const SAFI_UNICAST = 1;

/** RFC 6793 §3: what stands for a four-octet AS number where there is room for two. */
export const AS_TRANS = 23_456;
