import type { Family } from './addresses.ts';

export type RouterKind = 'frr' | 'bird' | 'gobgp' | 'gobgp-newest';

/** One session as the router's configuration has it; vpcast is the neighbour. */
export interface NeighbourSpec {
  /** One word, unique on the router. */
  readonly name: string;
  /** Vpcast's address. */
  readonly address: string;
  /** The router's own, of the same family. */
  readonly localAddress: string;
  readonly remoteAsn: number;
  readonly localAsn: number;
  /** What it may carry. Both on a session over IPv6: IPv4 routes with an IPv6 next hop (RFC 8950). */
  readonly families: readonly Family[];
  readonly password?: string;
  /** GTSM (RFC 5082). */
  readonly hasTtlSecurity?: boolean;
  /** It dials; otherwise it waits to be dialled. */
  readonly isActive?: boolean;
  /** Of each family; at one more it ends the session with a Cease. */
  readonly maxPrefixes?: number;
  /** False: it does not offer 4-octet AS numbers (RFC 6793); FRR then offers nothing. GoBGP can't be told so. */
  readonly isFourOctetAs?: false;
}

export interface RouterSpec {
  readonly routerId: string;
  /** Its own; a session may have another. */
  readonly asn: number;
  /** What it offers, in seconds. */
  readonly holdTimeSec: number;
  readonly neighbours: readonly NeighbourSpec[];
}

/** A route in a router's own table, every attribute of it. */
export interface TableEntry {
  readonly prefix: string;
  readonly nextHop: string;
  readonly origin: 'igp' | 'egp' | 'incomplete';
  readonly asPath: readonly number[];
  readonly med: number | undefined;
  /** As received on iBGP; undefined on eBGP, where each router sets its own. */
  readonly localPref: number | undefined;
  /** `65000:100`, sorted. */
  readonly communities: readonly string[];
  /** Of 8 bytes as 16 hexadecimal digits, sorted. */
  readonly extendedCommunities: readonly string[];
  /** `65000:1:2`, sorted. */
  readonly largeCommunities: readonly string[];
}

export interface NeighbourView {
  readonly isEstablished: boolean;
  /** The router's own word for its state, for people. */
  readonly state: string;
  /** UPDATEs that it has received in this session; BIRD counts the routes in them, withdrawn ones too. */
  readonly receivedUpdates: number;
  /** What it tells of the last end of the session: its own words, with the text that a Cease brought (RFC 9003). */
  readonly lastEnd: string;
}

/** A daemon that somebody else wrote, asked by its own means. */
export interface Router {
  readonly kind: RouterKind;
  /** Resolves when it answers. Once more after `kill`: a restart. */
  start(): Promise<void>;
  /** Ends it abruptly. */
  kill(): Promise<void>;
  /** Freezes it; its connections stay open. */
  pause(): void;
  resume(): void;
  /** What it has from this neighbour, sorted by prefix. */
  table(neighbour: string, family: Family): Promise<readonly TableEntry[]>;
  neighbour(neighbour: string): Promise<NeighbourView>;
  /** Asks the neighbour for all routes of a family again (RFC 2918). */
  refresh(neighbour: string, family: Family): Promise<void>;
  /** Its log of late. */
  log(): readonly string[];
}
