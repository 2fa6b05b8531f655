import { asNumber, extendedCommunity, hex } from './extended-community.ts';
import type { NeighbourView, TableEntry } from './router.ts';

/** A path of `gobgp -j neighbor … adj-in`, as far as it is read here: the same from 3 on. */
interface GobgpPath {
  readonly attrs: readonly GobgpAttribute[];
}

interface GobgpAttribute {
  readonly type: number;
  readonly value?: unknown;
  readonly as_paths?: readonly { readonly asns: readonly number[] }[];
  readonly nexthop?: string;
  readonly metric?: number;
  readonly communities?: readonly number[];
}

interface GobgpExtended {
  readonly type: number;
  readonly subtype: number;
  readonly value: string;
}

interface GobgpLarge {
  readonly ASN: number;
  readonly LocalData1: number;
  readonly LocalData2: number;
}

interface GobgpNeighbour {
  readonly state: {
    readonly session_state?: number;
    readonly messages?: { readonly received?: { readonly update?: number } };
  };
}

/** RFC 4271 §4.3 and its successors: the attributes' own numbers. */
const TYPE = {
  origin: 1,
  asPath: 2,
  nextHop: 3,
  med: 4,
  localPref: 5,
  communities: 8,
  mpReach: 14,
  extended: 16,
  large: 32,
} as const;

const ORIGINS = ['igp', 'egp', 'incomplete'] as const;
const STATES = ['unknown', 'Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'] as const;

export function readGobgpTable(text: string): readonly TableEntry[] {
  const paths = JSON.parse(text) as Readonly<Record<string, readonly GobgpPath[]>>;
  return Object.entries(paths)
    .flatMap(([prefix, found]) => found.map(({ attrs }) => readPath(prefix, attrs)))
    .sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
}

function readPath(prefix: string, attributes: readonly GobgpAttribute[]): TableEntry {
  const of = (type: number): GobgpAttribute | undefined => attributes.find((one) => one.type === type);
  return {
    prefix,
    nextHop: (of(TYPE.nextHop) ?? of(TYPE.mpReach))?.nexthop ?? '',
    origin: ORIGINS[Number(of(TYPE.origin)?.value ?? 2)] ?? 'incomplete',
    asPath: (of(TYPE.asPath)?.as_paths ?? []).flatMap(({ asns }) => asns),
    med: of(TYPE.med)?.metric,
    localPref: of(TYPE.localPref)?.value as number | undefined,
    communities: (of(TYPE.communities)?.communities ?? [])
      .map((value) => `${Math.floor(value / 65_536)}:${value % 65_536}`)
      .sort(),
    extendedCommunities: ((of(TYPE.extended)?.value ?? []) as readonly GobgpExtended[])
      .map(readExtended)
      .sort(),
    largeCommunities: ((of(TYPE.large)?.value ?? []) as readonly GobgpLarge[])
      .map(({ ASN, LocalData1, LocalData2 }) => `${ASN}:${LocalData1}:${LocalData2}`)
      .sort(),
  };
}

/** Of the types that begin with an administrator the value is `65000:100`, of others the bytes after the type. */
function readExtended({ type, subtype, value }: GobgpExtended): string {
  if (type > 2) return `${hex(type, 1)}${Buffer.from(value, 'base64').toString('hex')}`;
  const [administrator = '', local = ''] = value.split(':');
  const plain = type === 2 ? String(asNumber(administrator)) : administrator;
  return extendedCommunity(subtype, plain, Number(local));
}

/** The last end is in its log only. */
export function readGobgpNeighbour(text: string, lastEnd: string): NeighbourView {
  const { state } = JSON.parse(text) as GobgpNeighbour;
  const word = STATES[state.session_state ?? 0] ?? 'unknown';
  return {
    isEstablished: word === 'Established',
    state: word,
    receivedUpdates: state.messages?.received?.update ?? 0,
    lastEnd,
  };
}
