import { asNumber, extendedCommunity, hex } from './extended-community.ts';
import type { NeighbourView, TableEntry } from './router.ts';

const ORIGINS: Readonly<Record<string, TableEntry['origin']>> = {
  IGP: 'igp',
  EGP: 'egp',
  Incomplete: 'incomplete',
};

const SUBTYPES: Readonly<Record<string, number>> = { rt: 2, ro: 3 };

/** Reads `show route all protocol …`: a line of a prefix at the margin, then its attributes, indented. */
export function readBirdTable(lines: readonly string[], isIbgp: boolean): readonly TableEntry[] {
  const entries: { prefix: string; attributes: Map<string, string> }[] = [];
  for (const line of lines) {
    const prefix = /^([0-9a-f.:]+\/\d+)\s/.exec(line)?.[1];
    const attribute = /^\s+BGP\.(\w+):\s*(.*)$/.exec(line);
    if (prefix !== undefined) entries.push({ prefix, attributes: new Map() });
    else if (attribute !== null) entries.at(-1)?.attributes.set(attribute[1] ?? '', attribute[2] ?? '');
  }
  return entries
    .map(({ prefix, attributes }) => readEntry(prefix, attributes, isIbgp))
    .sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
}

function readEntry(prefix: string, attributes: ReadonlyMap<string, string>, isIbgp: boolean): TableEntry {
  const text = (name: string): string => attributes.get(name) ?? '';
  const number = (name: string): number | undefined =>
    attributes.has(name) ? Number(attributes.get(name)) : undefined;
  return {
    prefix,
    // A link-local one may stand beside it.
    nextHop: text('next_hop').split(' ')[0] ?? '',
    origin: ORIGINS[text('origin')] ?? 'incomplete',
    asPath: text('as_path').split(' ').filter(isWord).map(asNumber),
    med: number('med'),
    localPref: isIbgp ? number('local_pref') : undefined,
    communities: tuples(text('community'))
      .map((parts) => parts.join(':'))
      .sort(),
    extendedCommunities: tuples(text('ext_community')).map(readExtended).sort(),
    largeCommunities: tuples(text('large_community'))
      .map((parts) => parts.join(':'))
      .sort(),
  };
}

/** `(65000,100) (65535,0)` or `(rt, 65000, 100)`. */
function tuples(text: string): readonly (readonly string[])[] {
  return [...text.matchAll(/\(([^)]*)\)/g)].map(([, inner = '']) =>
    inner.split(',').map((part) => part.trim()),
  );
}

function readExtended([kind = '', first = '', second = '']: readonly string[]): string {
  const subtype = SUBTYPES[kind];
  return subtype === undefined
    ? `${hex(Number(first), 4)}${hex(Number(second), 4)}`
    : extendedCommunity(subtype, first, Number(second));
}

/** Reads `show protocols all NAME`. BIRD counts the routes in UPDATEs, not the UPDATEs. */
export function readBirdNeighbour(lines: readonly string[]): NeighbourView {
  const text = lines.join('\n');
  const after = (name: string): string | undefined => new RegExp(`${name}:\\s+(.*)`).exec(text)?.[1];
  const received = [...text.matchAll(/Import (?:updates|withdraws):\s+(\d+)/g)];
  const state = after('BGP state') ?? 'none';
  return {
    isEstablished: state === 'Established',
    state,
    receivedUpdates: received.reduce((sum, [, count]) => sum + Number(count), 0),
    lastEnd: [after('Last error'), after('Message')].filter((part) => part !== undefined).join(', '),
  };
}

function isWord(text: string): boolean {
  return text !== '';
}
