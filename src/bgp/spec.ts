import type { AddressFamily, BgpRole } from './message.ts';
import type { LargeCommunity } from './path-attribute.ts';

/** Who this speaker is. */
export interface SpeakerSpec {
  /** BGP Identifier, dotted (RFC 6286: any but 0.0.0.0). */
  readonly routerId: string;
  readonly localAsn: number;
  /** Where peers may connect to; undefined: it only dials. */
  readonly listen: ListenSpec | undefined;
  /** No two of one name. */
  readonly peers: readonly PeerSpec[];
}

export interface ListenSpec {
  /** IP address of this host; `::` or `0.0.0.0` for all. */
  readonly address: string;
  /** 179 as a rule; 0: any (for tests). */
  readonly port: number;
}

export interface PeerSpec {
  readonly name: string;
  /** IP address, a link-local one with its interface (`fe80::1%eth0`). */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly remoteAsn: number;
  /** Source address; undefined: as the kernel chooses. */
  readonly localAddress: string | undefined;
  /** True: waits for the peer to connect, and never dials. Needs a listener. */
  readonly isPassive: boolean;
  /** Offered, in seconds: 0 (no keepalives), or 3 and more. */
  readonly holdTimeSec: number;
  /** Of the first retry; it grows from there. */
  readonly connectRetryMs: number;
  /** Offered families. */
  readonly families: readonly AddressFamily[];
  /** RFC 8950: IPv4 routes with an IPv6 next hop, on a session over IPv6. */
  readonly hasExtendedNextHop: boolean;
  readonly security: PeerSecurity;
  readonly role: BgpRole | undefined;
  /** RFC 9234 §4.2 strict mode: a peer without a role is refused. */
  readonly isRoleStrict: boolean;
  /** Next hops where a route names none. Undefined: the session's own address, where it is of that family. */
  readonly nextHop: Readonly<Record<AddressFamily, string | undefined>>;
}

/** How the TCP connection is guarded and where it goes; what the platform can't do is told, never left out. */
export interface PeerSecurity {
  /** TCP-MD5 (RFC 2385): 1 to 80 bytes. */
  readonly password: string | undefined;
  /** TCP-AO (RFC 5925); not beside `password`. */
  readonly tcpAo: TcpAoKey | undefined;
  /** GTSM (RFC 5082): sent with TTL 255, received with no less than 255. Not beside `multihopTtl`. */
  readonly hasGtsm: boolean;
  /** TTL of sent packets. Undefined: 1 on eBGP, the system's on iBGP. */
  readonly multihopTtl: number | undefined;
  /** Network interface or VRF (SO_BINDTODEVICE). */
  readonly device: string | undefined;
}

export interface TcpAoKey {
  readonly algorithm: 'hmac-sha-1-96' | 'aes-128-cmac-96';
  readonly sendId: number;
  readonly receiveId: number;
  readonly key: string;
}

/** What is to be announced: one prefix, and how. */
export interface BgpRoute {
  /** Canonical: `10.0.0.1/32`, `2001:db8::53/128`. */
  readonly prefix: string;
  readonly communities: readonly number[];
  /** 8 bytes each, as 16 lower-case hexadecimal digits. */
  readonly extendedCommunities: readonly string[];
  readonly largeCommunities: readonly LargeCommunity[];
  readonly med: number | undefined;
  /** Sent on iBGP only; 100 where undefined. */
  readonly localPref: number | undefined;
  /** How many times more than once the own AS stands in the path; eBGP only. */
  readonly asPathPrepend: number;
  /** Instead of the peer's own; of an IPv6 address too for an IPv4 prefix where RFC 8950 was agreed on. */
  readonly nextHop: string | undefined;
}
