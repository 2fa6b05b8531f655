import type { TableGroupSpec } from '../agent/index.ts';
import type { Destination, RouteSpec } from '../core/index.ts';
import { type Context, requireChild } from './context.ts';
import { openFields } from './fields.ts';
import { readFind } from './finder.ts';
import type { Report } from './problems.ts';
import { type ReadRoute, readRoute } from './routes.ts';
import { GROUP_ALIASES, groupShape } from './schema.ts';
import { type Cursor, describeNode, entryCursors, itemCursors, labelSpot, valueSpot } from './tree.ts';

const ROUTES_HINT = 'write a list of routes, such as [{cidr: 192.168.1.1/32, healthcheck: dns}]';
const FIND_HINT = 'write which tables are meant, such as {type: by_tag, key: az, value: eu-west-1a}';

/** The groups under `routetables`. */
export function readGroups(cursor: Cursor | undefined, context: Context): readonly TableGroupSpec[] {
  if (cursor === undefined) return [];
  const entries = [...entryCursors(cursor)];
  if (entries.length === 0) {
    const what = cursor.node.kind === 'map' ? 'no group' : describeNode(cursor.node);
    const message = `got ${what}; write a map of groups by name, each with find and manage_routes`;
    context.report.problem(valueSpot(cursor), 'wrong-value', message);
  }
  return entries.flatMap(([name, entry]) => readGroup(name, entry, context) ?? []);
}

function readGroup(name: string, cursor: Cursor, context: Context): TableGroupSpec | undefined {
  const { report } = context;
  const fields = openFields(cursor, { shape: groupShape, aliases: GROUP_ALIASES }, report);
  if (fields === undefined) return undefined;
  const findAt = requireChild(fields, 'find', { report, hint: FIND_HINT });
  const find = findAt === undefined ? undefined : readFind(findAt, context);
  const routesAt = requireChild(fields, 'manage_routes', { report, hint: ROUTES_HINT });
  const routes = routesAt === undefined ? [] : readRoutes(routesAt, context);
  const assumeRole = fields.read('assume_role');
  const ignored = fields.child('delete_routes_if_unhealthy');
  if (ignored !== undefined) {
    const message = 'never did anything in AWSnycast, and does nothing here; leave it out';
    report.warn(labelSpot(ignored), 'deprecated', message);
  }
  if (find?.finder === undefined) return undefined;
  return { name, find: find.finder, noResultsOk: find.noResultsOk, vpc: find.vpc, assumeRole, routes };
}

function readRoutes(cursor: Cursor, context: Context): readonly RouteSpec[] {
  const items = itemCursors(cursor);
  if (items.length === 0) {
    const what = cursor.node.kind === 'list' ? 'an empty list' : describeNode(cursor.node);
    context.report.problem(valueSpot(cursor), 'wrong-value', `got ${what}; ${ROUTES_HINT}`);
  }
  const routes = items.flatMap((item) => readRoute(item, context) ?? []);
  refuseRepeated(routes, context.report);
  return routes.map((route) => route.spec);
}

/** Two routes with one destination in one table would be at odds for ever. */
function refuseRepeated(routes: readonly ReadRoute[], report: Report): void {
  const seen = new Map<string, Cursor>();
  for (const { spec, destinationAt } of routes) {
    const key = keyOf(spec.destination);
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, destinationAt);
      continue;
    }
    const message = `${key} is in this group already (line ${first.node.at.line}); leave one of the two out`;
    report.problem(valueSpot(destinationAt), 'conflict', message);
  }
}

function keyOf(destination: Destination): string {
  return destination.kind === 'prefix-list' ? destination.id : destination.cidr;
}
