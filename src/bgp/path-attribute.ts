import type { Prefix } from './message.ts';

/** RFC 4271 §4.3 b) and RFC 5065's confederation segments, which are read and never written. */
export interface AsPathSegment {
  readonly type: 'as-set' | 'as-sequence' | 'as-confed-sequence' | 'as-confed-set';
  readonly asns: readonly number[];
}

/** Path attributes that have a meaning here; all others are kept by their number. */
export type PathAttribute =
  | { readonly type: 'origin'; readonly origin: 'igp' | 'egp' | 'incomplete' }
  | { readonly type: 'as-path'; readonly segments: readonly AsPathSegment[] }
  /** Address text. */
  | { readonly type: 'next-hop'; readonly nextHop: string }
  | { readonly type: 'multi-exit-disc'; readonly med: number }
  | { readonly type: 'local-pref'; readonly localPref: number }
  | { readonly type: 'atomic-aggregate' }
  | { readonly type: 'aggregator'; readonly asn: number; readonly address: string }
  /** RFC 1997: 32 bits each, the AS number in the upper half. */
  | { readonly type: 'communities'; readonly communities: readonly number[] }
  | { readonly type: 'originator-id'; readonly originatorId: string }
  | { readonly type: 'cluster-list'; readonly clusterIds: readonly string[] }
  | {
      readonly type: 'mp-reach-nlri';
      readonly afi: number;
      readonly safi: number;
      /** Address texts: one, or an IPv6 global one with a link-local one after it (RFC 2545 §3). Empty: a form unknown here. */
      readonly nextHops: readonly string[];
      /** Undefined: a family that is not spoken. */
      readonly nlri: readonly Prefix[] | undefined;
    }
  | {
      readonly type: 'mp-unreach-nlri';
      readonly afi: number;
      readonly safi: number;
      readonly withdrawnRoutes: readonly Prefix[] | undefined;
    }
  /** RFC 4360: 8 bytes each. */
  | { readonly type: 'extended-communities'; readonly communities: readonly Uint8Array[] }
  | { readonly type: 'as4-path'; readonly segments: readonly AsPathSegment[] }
  | { readonly type: 'as4-aggregator'; readonly asn: number; readonly address: string }
  /** RFC 8092 §3. */
  | { readonly type: 'large-communities'; readonly communities: readonly LargeCommunity[] }
  /** RFC 9234 §5. */
  | { readonly type: 'only-to-customer'; readonly asn: number }
  | { readonly type: 'other'; readonly flags: number; readonly code: number; readonly value: Uint8Array };

/** Global administrator, local data 1 and 2: 32 bits each. */
export type LargeCommunity = readonly [number, number, number];
