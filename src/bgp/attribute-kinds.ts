import type { PathAttribute } from './path-attribute.ts';

/** RFC 4271 §4.3: the bits of Attribute Flags; the lower four have no meaning. */
export const FLAG = { optional: 0x80, transitive: 0x40, partial: 0x20, extendedLength: 0x10 } as const;

const WELL_KNOWN = FLAG.transitive;
const OPTIONAL = FLAG.optional;
const OPTIONAL_TRANSITIVE = FLAG.optional | FLAG.transitive;

export interface AttributeKind {
  readonly code: number;
  /** As its RFC writes it. */
  readonly name: string;
  /** Its Optional and Transitive bits, as it must have them. */
  readonly flags: number;
}

export type KnownAttribute = Exclude<PathAttribute, { readonly type: 'other' }>;

/** Path attributes that have a meaning here. */
export const ATTRIBUTE_KINDS: Readonly<Record<KnownAttribute['type'], AttributeKind>> = {
  origin: { code: 1, name: 'ORIGIN', flags: WELL_KNOWN },
  'as-path': { code: 2, name: 'AS_PATH', flags: WELL_KNOWN },
  'next-hop': { code: 3, name: 'NEXT_HOP', flags: WELL_KNOWN },
  'multi-exit-disc': { code: 4, name: 'MULTI_EXIT_DISC', flags: OPTIONAL },
  'local-pref': { code: 5, name: 'LOCAL_PREF', flags: WELL_KNOWN },
  'atomic-aggregate': { code: 6, name: 'ATOMIC_AGGREGATE', flags: WELL_KNOWN },
  aggregator: { code: 7, name: 'AGGREGATOR', flags: OPTIONAL_TRANSITIVE },
  communities: { code: 8, name: 'COMMUNITIES', flags: OPTIONAL_TRANSITIVE },
  'originator-id': { code: 9, name: 'ORIGINATOR_ID', flags: OPTIONAL },
  'cluster-list': { code: 10, name: 'CLUSTER_LIST', flags: OPTIONAL },
  'mp-reach-nlri': { code: 14, name: 'MP_REACH_NLRI', flags: OPTIONAL },
  'mp-unreach-nlri': { code: 15, name: 'MP_UNREACH_NLRI', flags: OPTIONAL },
  'extended-communities': { code: 16, name: 'EXTENDED COMMUNITIES', flags: OPTIONAL_TRANSITIVE },
  'as4-path': { code: 17, name: 'AS4_PATH', flags: OPTIONAL_TRANSITIVE },
  'as4-aggregator': { code: 18, name: 'AS4_AGGREGATOR', flags: OPTIONAL_TRANSITIVE },
  'large-communities': { code: 32, name: 'LARGE_COMMUNITY', flags: OPTIONAL_TRANSITIVE },
  'only-to-customer': { code: 35, name: 'OTC', flags: OPTIONAL_TRANSITIVE },
};

/** Kept as it is, but for its form, which RFC 7606 §7.15 has a rule for. */
export const IPV6_EXTENDED_COMMUNITIES: AttributeKind = {
  code: 25,
  name: 'IPv6 EXTENDED COMMUNITIES',
  flags: OPTIONAL_TRANSITIVE,
};

/** For people: the name, where there is one. */
export function attributeName(code: number): string {
  const kinds = [...Object.values(ATTRIBUTE_KINDS), IPV6_EXTENDED_COMMUNITIES];
  return kinds.find((kind) => kind.code === code)?.name ?? `attribute ${code}`;
}
