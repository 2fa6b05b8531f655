import type { TableEntry } from '../../test/support/bgp/router.ts';

/** The prefix as the router has it from one zone. */
export interface RouterPath {
  readonly zone: string;
  readonly nextHop: string;
  /** `64512:1`, sorted. */
  readonly communities: readonly string[];
}

/** Something that became of a zone's path. `drains`: it is marked GRACEFUL_SHUTDOWN. */
export interface PathChange {
  readonly zone: string;
  readonly kind: 'came' | 'drains' | 'gone';
  /** Ms since the epoch, with fractions, by the router's own log. */
  readonly atMs: number;
}

const GRACEFUL_SHUTDOWN = '65535:0';

export function isDraining(path: RouterPath): boolean {
  return path.communities.includes(GRACEFUL_SHUTDOWN);
}

/** For people: with the name of the community that has one here. */
export function communitiesText({ communities }: RouterPath): string {
  return communities.map((each) => (each === GRACEFUL_SHUTDOWN ? 'GRACEFUL_SHUTDOWN' : each)).join(' ');
}

/** The path of a zone among what the router has from its session. */
export function pathOf(zone: string, table: readonly TableEntry[], prefix: string): RouterPath | undefined {
  const entry = table.find((one) => one.prefix === prefix);
  return entry && { zone, nextHop: entry.nextHop, communities: entry.communities };
}

/** What two looks at the table differ in. */
export function changesBetween(
  before: readonly RouterPath[],
  after: readonly RouterPath[],
  atMsOf: (zone: string) => number,
): readonly PathChange[] {
  const zones = [...new Set([...before, ...after].map((path) => path.zone))].sort();
  return zones.flatMap((zone) => {
    const [old, present] = [before, after].map((paths) => paths.find((path) => path.zone === zone));
    const kinds: PathChange['kind'][] = [];
    if (old === undefined) kinds.push('came');
    if (present === undefined) kinds.push('gone');
    else if (isDraining(present) && !(old !== undefined && isDraining(old))) kinds.push('drains');
    return kinds.map((kind) => ({ zone, kind, atMs: atMsOf(zone) }));
  });
}

/**
 * A line of BIRD's log, `2026-05-01 18:01:07.272924 <TRACE> zone_a.ipv4 > added [best] 10.53.0.53/32 0L 2G unicast`, in
 * UTC: which session's route of this prefix changed, and when (ms since the epoch). Undefined: it tells of something else.
 */
export function parseBirdLine(
  line: string,
  prefix: string,
): { readonly session: string; readonly atMs: number } | undefined {
  const found = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+) <TRACE> (\w+)(?:\.\w+)? > (.*)$/.exec(line);
  if (found === null || !` ${found[5]} `.includes(` ${prefix} `)) return undefined;
  const [, day, time, fraction, session = ''] = found;
  return { session, atMs: Date.parse(`${day}T${time}Z`) + Number(fraction) * 1_000 };
}
