import { assertNever } from '../lib/assert-never.ts';
import type {
  AnnouncedRouteSpec,
  Announcement,
  AnnouncementAttributes,
  DrainAttributes,
} from './announcement.ts';
import type { Health } from './health.ts';
import type { HealthExpression } from './health-expression.ts';

/** What is to be with a prefix. `hold`: it stays as it is, announced or not. */
export type AnnounceVerdict = 'announce' | 'withdraw' | 'hold';

export type AnnounceReason =
  | 'healthy'
  | 'unhealthy'
  | 'checks-unsettled'
  | 'draining'
  | 'drained'
  | 'stopping'
  | 'removed';

/** What is decided for a prefix, and what that comes to. */
export interface DecidedPrefix {
  readonly prefix: string;
  readonly verdict: AnnounceVerdict;
  readonly reason: AnnounceReason;
  readonly isAnnounced: boolean;
  /** How it is announced, the drain's part included; undefined: it is not. */
  readonly attributes: AnnouncementAttributes | undefined;
  /** Those of the entry that it is announced for; undefined: it is not announced. */
  readonly entry: AnnouncementAttributes | undefined;
}

/** Where all prefixes are: a drain announces them so that routers turn away, and then withdraws them. */
export type AnnouncePhase =
  | { readonly kind: 'serving' }
  | { readonly kind: 'draining'; readonly how: DrainAttributes }
  | { readonly kind: 'withdrawn'; readonly reason: 'drained' | 'stopping' };

export interface AnnounceFacts {
  healthOf(expression: HealthExpression): Health;
  readonly phase: AnnouncePhase;
}

/** A prefix with its entries, in the order of the config. */
export interface PrefixEntries {
  readonly prefix: string;
  readonly entries: readonly AnnouncedRouteSpec[];
}

/** RFC 8326: 65535:0. */
const GRACEFUL_SHUTDOWN = 0xffff_0000;

/** The entries of each prefix, prefixes in the order in which the config first names them. */
export function entriesByPrefix(routes: readonly AnnouncedRouteSpec[]): readonly PrefixEntries[] {
  const groups = Map.groupBy(routes, (route) => route.prefix);
  return [...groups].map(([prefix, entries]) => ({ prefix, entries }));
}

/** Every prefix of the config, decided on its own. `previous`: what was decided before, by prefix. */
export function decideAnnouncements(
  routes: readonly AnnouncedRouteSpec[],
  facts: AnnounceFacts,
  previous: ReadonlyMap<string, DecidedPrefix> = new Map(),
): readonly DecidedPrefix[] {
  return entriesByPrefix(routes).map((group) => decidePrefix(group, facts, previous.get(group.prefix)));
}

/**
 * A prefix is announced while an entry of it is healthy, and withdrawn when all are unhealthy; what is unknown changes
 * nothing. A drain only takes away: what was not announced when it began, or is unhealthy meanwhile, does not come back
 * before its end. Returns `previous` itself where nothing is different.
 */
export function decidePrefix(
  group: PrefixEntries,
  facts: AnnounceFacts,
  previous: DecidedPrefix | undefined,
): DecidedPrefix {
  const decided = decide(group, facts, previous);
  return previous !== undefined && isSameDecision(decided, previous) ? previous : decided;
}

/** All that is to be announced, in the order of what was decided. */
export function announcementsOf(decided: readonly DecidedPrefix[]): readonly Announcement[] {
  return decided.flatMap(({ prefix, attributes }) =>
    attributes === undefined ? [] : { prefix, attributes },
  );
}

/** The same prefixes in the same order, announced alike. */
export function isSameSet(a: readonly Announcement[], b: readonly Announcement[]): boolean {
  return a.length === b.length && a.every((each, at) => isSameAnnouncement(each, b[at]));
}

function decide(
  { prefix, entries }: PrefixEntries,
  { healthOf, phase }: AnnounceFacts,
  previous: DecidedPrefix | undefined,
): DecidedPrefix {
  if (phase.kind === 'withdrawn') return absent(prefix, 'withdraw', phase.reason);
  const before = previous?.entry;
  const { health, entry } = choose(entries, healthOf, before);
  if (health === 'unhealthy') return absent(prefix, 'withdraw', 'unhealthy');
  switch (phase.kind) {
    case 'draining': {
      if (before === undefined) return absent(prefix, 'withdraw', 'draining');
      const own = entry ?? before;
      const attributes = drained(own, phase.how);
      return { prefix, verdict: 'announce', reason: 'draining', isAnnounced: true, attributes, entry: own };
    }
    case 'serving': {
      const [verdict, reason] =
        health === 'healthy' ? (['announce', 'healthy'] as const) : (['hold', 'checks-unsettled'] as const);
      if (entry === undefined) return absent(prefix, verdict, reason);
      return { prefix, verdict, reason, isAnnounced: true, attributes: entry, entry };
    }
    default:
      return assertNever(phase);
  }
}

/**
 * The health of the entries together (one is enough), and the entry that counts: the first healthy one, or the one that
 * the prefix is announced for where it is not known to be worse.
 */
function choose(
  entries: readonly AnnouncedRouteSpec[],
  healthOf: AnnounceFacts['healthOf'],
  before: AnnouncementAttributes | undefined,
): { readonly health: Health; readonly entry: AnnouncementAttributes | undefined } {
  let kept: AnnouncementAttributes | undefined;
  let isUnknown = false;
  for (const { health, attributes } of entries) {
    const found = healthOf(health);
    if (found === 'healthy') return { health: 'healthy', entry: kept ?? attributes };
    if (found === 'unhealthy') continue;
    isUnknown = true;
    if (before !== undefined && isSameAttributes(attributes, before)) kept ??= before;
  }
  return isUnknown ? { health: 'unknown', entry: before } : { health: 'unhealthy', entry: undefined };
}

function absent(prefix: string, verdict: AnnounceVerdict, reason: AnnounceReason): DecidedPrefix {
  return { prefix, verdict, reason, isAnnounced: false, attributes: undefined, entry: undefined };
}

/**
 * As announced while draining. The community asks an eBGP peer to set LOCAL_PREF to 0; to an iBGP peer it is sent as 0
 * (RFC 8326 §4), which no eBGP peer sees.
 */
function drained(entry: AnnouncementAttributes, how: DrainAttributes): AnnouncementAttributes {
  const { communities } = entry;
  const isAdded = how.hasGracefulShutdown && !communities.includes(GRACEFUL_SHUTDOWN);
  return {
    ...entry,
    communities: isAdded ? [...communities, GRACEFUL_SHUTDOWN] : communities,
    localPref: how.hasGracefulShutdown ? 0 : entry.localPref,
    med: how.med ?? entry.med,
    asPathPrepend: entry.asPathPrepend + how.asPathPrepend,
  };
}

function isSameDecision(a: DecidedPrefix, b: DecidedPrefix): boolean {
  return (
    a.verdict === b.verdict &&
    a.reason === b.reason &&
    isSameAttributes(a.attributes, b.attributes) &&
    isSameAttributes(a.entry, b.entry)
  );
}

function isSameAnnouncement(a: Announcement, b: Announcement | undefined): boolean {
  return a.prefix === b?.prefix && isSameAttributes(a.attributes, b.attributes);
}

function isSameAttributes(
  a: AnnouncementAttributes | undefined,
  b: AnnouncementAttributes | undefined,
): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return (
    a.med === b.med &&
    a.localPref === b.localPref &&
    a.asPathPrepend === b.asPathPrepend &&
    a.nextHop === b.nextHop &&
    isSameList(a.communities, b.communities) &&
    isSameList(a.extendedCommunities, b.extendedCommunities) &&
    isSameList(a.largeCommunities.flat(), b.largeCommunities.flat())
  );
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}
