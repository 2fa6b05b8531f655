import { extendedCommunity } from './extended-community.ts';
import type { NeighbourView, TableEntry } from './router.ts';

/** What `show bgp … json detail` prints, as far as it is read here. */
interface FrrTable {
  readonly routes?: Readonly<Record<string, readonly FrrPath[]>>;
}

interface FrrPath {
  readonly aspath?: {
    readonly segments?: readonly { readonly type: string; readonly list: readonly number[] }[];
  };
  readonly origin?: string;
  readonly metric?: number;
  readonly locPrf?: number;
  readonly community?: { readonly list: readonly string[] };
  readonly extendedCommunity?: { readonly string: string };
  readonly largeCommunity?: { readonly list: readonly string[] };
  readonly nexthops?: readonly { readonly ip: string; readonly scope?: string }[];
  readonly peer?: { readonly peerId: string; readonly type: string };
}

interface FrrNeighbour {
  readonly bgpState: string;
  readonly messageStats: { readonly updatesRecv: number };
  readonly lastResetDueTo?: string;
  readonly lastNotificationReason?: string;
  readonly lastShutdownDescription?: string;
}

/** RFC 1997 and 8326, and the names that FRR has for them. */
const WELL_KNOWN: Readonly<Record<string, string>> = {
  gracefulShutdown: '65535:0',
  blackhole: '65535:666',
  noExport: '65535:65281',
  noAdvertise: '65535:65282',
  localAs: '65535:65283',
  noPeer: '65535:65284',
};

const SUBTYPES: Readonly<Record<string, number>> = { RT: 2, SoO: 3 };

export function readFrrTable(text: string, neighbour: string): readonly TableEntry[] {
  const { routes = {} } = JSON.parse(text) as FrrTable;
  return Object.entries(routes)
    .flatMap(([prefix, paths]) =>
      paths.filter(({ peer }) => peer?.peerId === neighbour).map((path) => readPath(prefix, path)),
    )
    .sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
}

function readPath(prefix: string, path: FrrPath): TableEntry {
  const segments = path.aspath?.segments ?? [];
  const hop = path.nexthops?.find(({ scope }) => scope !== 'link-local');
  return {
    prefix,
    nextHop: hop?.ip ?? '',
    origin: (path.origin ?? '').toLowerCase() as TableEntry['origin'],
    asPath: segments.flatMap(({ list }) => list),
    med: path.metric,
    localPref: path.peer?.type === 'internal' ? path.locPrf : undefined,
    communities: (path.community?.list ?? []).map((name) => WELL_KNOWN[name] ?? name).sort(),
    extendedCommunities: (path.extendedCommunity?.string ?? '')
      .split(' ')
      .filter((word) => word !== '')
      .map(readExtended)
      .sort(),
    largeCommunities: [...(path.largeCommunity?.list ?? [])].sort(),
  };
}

/** `RT:65000:100`; what is not known is left as it stands. */
function readExtended(word: string): string {
  const [name = '', administrator = '', local = ''] = word.split(':');
  const subtype = SUBTYPES[name];
  return subtype === undefined ? word : extendedCommunity(subtype, administrator, Number(local));
}

export function readFrrNeighbour(text: string, address: string): NeighbourView {
  const all = JSON.parse(text) as Readonly<Record<string, FrrNeighbour>>;
  const found = all[address];
  if (found === undefined) throw new Error(`FRR knows no neighbour ${address}: ${text}`);
  const why = [found.lastResetDueTo, found.lastNotificationReason, found.lastShutdownDescription];
  return {
    isEstablished: found.bgpState === 'Established',
    state: found.bgpState,
    receivedUpdates: found.messageStats.updatesRecv,
    lastEnd: why.filter((part) => part !== undefined).join(', '),
  };
}
