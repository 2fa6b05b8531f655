import type { HealthExpression } from './health-expression.ts';

/** How a prefix is announced. */
export interface AnnouncementAttributes {
  /** RFC 1997: 32 bits each. */
  readonly communities: readonly number[];
  /** RFC 4360: 8 bytes each, as 16 lower-case hexadecimal digits. */
  readonly extendedCommunities: readonly string[];
  /** RFC 8092. */
  readonly largeCommunities: readonly (readonly [number, number, number])[];
  readonly med: number | undefined;
  /** iBGP only. */
  readonly localPref: number | undefined;
  /** How many times more than once the own AS stands in the path; eBGP only. */
  readonly asPathPrepend: number;
  /** Address text; undefined: the session's. */
  readonly nextHop: string | undefined;
}

/** A prefix that should be announced now. */
export interface Announcement {
  /** Canonical: `10.0.0.128/32`, `2001:db8::53/128`. */
  readonly prefix: string;
  readonly attributes: AnnouncementAttributes;
}

/** One entry of `announcer.routes`; several may name one prefix. */
export interface AnnouncedRouteSpec {
  readonly prefix: string;
  readonly health: HealthExpression;
  readonly attributes: AnnouncementAttributes;
}

/** How a prefix is announced while draining, before it is withdrawn (RFC 8326, and for peers that don't heed it). */
export interface DrainAttributes {
  /** Adds 65535:0. */
  readonly hasGracefulShutdown: boolean;
  /** Instead of the route's; undefined: the route's own. */
  readonly med: number | undefined;
  /** Added to the route's. */
  readonly asPathPrepend: number;
}
