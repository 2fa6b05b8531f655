import type { AnnouncedRouteSpec, AnnouncementAttributes } from '../core/index.ts';
import type { Cidr } from '../lib/cidr.ts';
import { announcedRouteShape, COMMUNITY_LISTS, MAX_COMMUNITIES } from './announcer-schema.ts';
import type { Context } from './context.ts';
import { type Fields, openFields } from './fields.ts';
import { readHealth } from './health.ts';
import { familyOf, type HostAddress, SPECIAL_WORDS, specialUse } from './host-address.ts';
import type { Leaf } from './leaf.ts';
import { readLeaf } from './leaf-reader.ts';
import { type Cursor, describeNode, isNull, itemCursors, valueSpot } from './tree.ts';

export const ROUTES_HINT = 'write a list of prefixes, such as [{prefix: 10.0.0.128/32, healthcheck: dns}]';

export type AnnouncedRouteFields = Fields<typeof announcedRouteShape>;

/** A prefix, and where it stands. */
export interface ReadAnnouncedRoute {
  readonly spec: AnnouncedRouteSpec;
  readonly cidr: Cidr;
  readonly nextHop: HostAddress | undefined;
  readonly prefixAt: Cursor;
  readonly fields: AnnouncedRouteFields;
}

/** Reads one list of `routes`; those whose prefix is wrong are left out (and told). */
export function readAnnouncedRoutes(cursor: Cursor, context: Context): readonly ReadAnnouncedRoute[] {
  const { report } = context;
  if (cursor.node.kind !== 'list') {
    const what = isNull(cursor.node) ? 'has no value' : `got ${describeNode(cursor.node)}`;
    report.problem(valueSpot(cursor), 'wrong-value', `${what}; ${ROUTES_HINT}`);
  }
  return itemCursors(cursor).flatMap((item) => readRoute(item, context) ?? []);
}

function readRoute(cursor: Cursor, context: Context): ReadAnnouncedRoute | undefined {
  const { report } = context;
  if (cursor.node.kind === 'scalar' && !isNull(cursor.node)) {
    const message = `got ${describeNode(cursor.node)}; write a map such as {prefix: 10.0.0.128/32, healthcheck: dns}`;
    report.problem(valueSpot(cursor), 'wrong-value', message);
    return undefined;
  }
  const explain = (key: string) =>
    key === 'cidr' || key === 'route' ? 'unknown key; did you mean prefix?' : undefined;
  const fields = openFields(cursor, { shape: announcedRouteShape, explain }, report);
  if (fields === undefined) return undefined;
  const cidr = readPrefix(fields, context);
  const healthAt = fields.child('healthcheck');
  const health = healthAt === undefined ? undefined : readHealth(healthAt, context);
  const nextHop = readNextHop(fields, cidr, context);
  const attributes = readAttributes(fields, nextHop, context);
  const prefixAt = fields.child('prefix');
  if (cidr === undefined || prefixAt === undefined) return undefined;
  const spec = { prefix: cidr.text, health: health ?? { kind: 'all', of: [] }, attributes } as const;
  return { spec, cidr, nextHop, prefixAt, fields };
}

function readPrefix(fields: AnnouncedRouteFields, { report }: Context): Cidr | undefined {
  const [parsed, at] = [fields.read('prefix'), fields.child('prefix')];
  if (parsed === undefined || at === undefined) return undefined;
  const { cidr, hasHostBits } = parsed;
  const isDefault = cidr.prefixLength === 0;
  const use = isDefault ? undefined : specialUse(cidr);
  if (use !== undefined) {
    const message = `no route leads to ${SPECIAL_WORDS[use]} addresses; write another prefix`;
    report.problem(valueSpot(at), 'forbidden', message);
  }
  if (hasHostBits) {
    const message = `has bits beyond its length; it is announced as ${cidr.text}`;
    report.warn(valueSpot(at), 'not-canonical', message);
  }
  if (isDefault) {
    const message =
      'a default route: whoever takes it sends everything here; leave it out unless that is meant';
    report.warn(valueSpot(at), 'unusual', message);
  }
  return cidr;
}

function readNextHop(
  fields: AnnouncedRouteFields,
  cidr: Cidr | undefined,
  { report }: Context,
): HostAddress | undefined {
  const [nextHop, at] = [fields.read('next_hop'), fields.child('next_hop')];
  if (nextHop === undefined || at === undefined || cidr === undefined) return nextHop;
  if (familyOf(cidr) === 'ipv6' && nextHop.family === 'ipv4') {
    const message = 'an IPv4 next hop for an IPv6 prefix; write an IPv6 address';
    report.problem(valueSpot(at), 'conflict', message);
    return undefined;
  }
  return nextHop;
}

function readAttributes(
  fields: AnnouncedRouteFields,
  nextHop: HostAddress | undefined,
  context: Context,
): AnnouncementAttributes {
  const { communities, extended_communities, large_communities } = COMMUNITY_LISTS;
  return {
    communities: readItems(fields.child('communities'), communities, context),
    extendedCommunities: readItems(fields.child('extended_communities'), extended_communities, context),
    largeCommunities: readItems(fields.child('large_communities'), large_communities, context),
    med: fields.read('med'),
    localPref: fields.read('local_pref'),
    asPathPrepend: fields.read('as_path_prepend'),
    nextHop: nextHop?.text,
  };
}

/** Item by item, so that a number is also read as it is written. */
function readItems<Value>(
  cursor: Cursor | undefined,
  { item, hint }: { readonly item: Leaf<Value>; readonly hint: string },
  { report }: Context,
): readonly Value[] {
  if (cursor === undefined) return [];
  if (cursor.node.kind !== 'list') {
    const what = isNull(cursor.node) ? 'has no value' : `got ${describeNode(cursor.node)}`;
    report.problem(valueSpot(cursor), 'wrong-value', `${what}; ${hint}`);
  }
  const values = new Map<string, Value>();
  for (const each of itemCursors(cursor)) {
    const read = readLeaf(each, item, report);
    if (!read.ok) continue;
    const key = String(read.value);
    if (values.has(key))
      report.warn(valueSpot(each), 'no-effect', 'is in the list already; leave it out here');
    else values.set(key, read.value);
  }
  if (values.size > MAX_COMMUNITIES) {
    const message = `${values.size} of them do not fit into a message; write at most ${MAX_COMMUNITIES}`;
    report.problem(valueSpot(cursor), 'wrong-value', message);
  }
  return [...values.values()];
}
