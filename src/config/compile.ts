import type { AgentSpec, AwsSpec } from '../agent/index.ts';
import { readChecks, readTemplates } from './checks.ts';
import type { Context, Names } from './context.ts';
import { type Fields, openFields } from './fields.ts';
import { readGroups } from './groups.ts';
import type { Report } from './problems.ts';
import { adminShape, awsShape, ROOT_ALIASES, rootShape } from './schema.ts';
import {
  type Cursor,
  entryCursors,
  isNull,
  labelSpot,
  type MapNode,
  missingSpot,
  type Node,
  rootCursor,
} from './tree.ts';

type RootFields = Fields<typeof rootShape>;

/** Makes the agent's spec of a document. What it gives counts only where the report has no problem. */
export function compile(root: Node, given: Pick<Context, 'report' | 'readFile'>): AgentSpec | undefined {
  const { report } = given;
  const isAnnounced = refuseAnnouncer(root, report);
  const cursor = rootCursor(isAnnounced ? without(root, 'announcer') : root);
  const fields = openFields(cursor, { shape: rootShape, aliases: ROOT_ALIASES }, report);
  if (fields === undefined) return undefined;
  const [checksAt, templatesAt] = [fields.child('healthchecks'), fields.child('remote_healthchecks')];
  const context = { ...given, checks: namesIn(checksAt), templates: namesIn(templatesAt) };
  const checks = readChecks(unlessEmpty(checksAt), context);
  const remoteChecks = readTemplates(unlessEmpty(templatesAt), context);
  const tableGroups = readTables(fields, isAnnounced, context);
  warnOfAdmin(fields, report);
  const spec = {
    pollMs: fields.read('poll_time'),
    checks,
    remoteChecks,
    tableGroups,
    manageSourceDestCheck: fields.read('manage_source_dest_check'),
    onExit: fields.read('on_exit'),
    drainOn: [...new Set(fields.read('drain_on'))],
    aws: readAws(fields.child('aws'), report),
  };
  if (report.problems().length === 0) warnOfUnused(spec, { checksAt, templatesAt }, context);
  return spec;
}

function readTables(fields: RootFields, isAnnounced: boolean, context: Context) {
  const tables = fields.child('routetables');
  if (tables !== undefined) return readGroups(tables, context);
  if (!isAnnounced) {
    const message = 'missing; write a map of groups by name, each with find and manage_routes';
    context.report.problem(missingSpot(fields.cursor, 'routetables'), 'missing-key', message);
  }
  return [];
}

function readAws(cursor: Cursor | undefined, report: Report): AwsSpec {
  const given = unlessEmpty(cursor);
  const empty = rootCursor({ kind: 'map', at: { line: 1, column: 1 }, entries: [] });
  const rules = { shape: awsShape };
  const fields =
    (given === undefined ? undefined : openFields(given, rules, report)) ?? openFields(empty, rules, report);
  const read = fields as Fields<typeof awsShape>;
  return {
    region: read.read('region'),
    endpoint: read.read('endpoint'),
    requestTimeoutMs: read.read('request_timeout'),
    mutationBurst: read.read('mutation_burst'),
    mutationRate: read.read('mutation_rate'),
    mutationsInFlight: read.read('mutations_in_flight'),
  };
}

/** To leave announcements out in silence would be an outage; the key is known, and refused. True where it is there. */
function refuseAnnouncer(root: Node, report: Report): boolean {
  const announcer = entryCursors(rootCursor(root)).get('announcer');
  if (announcer === undefined) return false;
  const message = 'this version announces nothing over BGP yet; leave it out, or use a version that does';
  report.problem(labelSpot(announcer), 'unsupported', message);
  return true;
}

function warnOfAdmin(fields: RootFields, report: Report): void {
  const admin = fields.child('admin');
  if (admin === undefined) return;
  const own = isNull(admin.node) ? undefined : openFields(admin, { shape: adminShape }, report);
  own?.read('address');
  own?.read('socket');
  const message = 'this version does not serve it yet; the rest of the config has its effect';
  report.warn(labelSpot(admin), 'unsupported', message);
}

interface Sections {
  readonly checksAt: Cursor | undefined;
  readonly templatesAt: Cursor | undefined;
}

/** A check that only runs commands has a use. */
function warnOfUnused(spec: Pick<AgentSpec, 'checks'>, at: Sections, context: Context): void {
  const hooked = spec.checks.filter(
    (check) => check.runOnHealthy !== undefined || check.runOnUnhealthy !== undefined,
  );
  const isHooked = new Set(hooked.map((check) => check.name));
  const tell = (section: Cursor | undefined, names: Names, message: string): void => {
    for (const [name, entry] of section === undefined ? [] : entryCursors(section)) {
      if (names.used.has(name) || (names === context.checks && isHooked.has(name))) continue;
      context.report.warn(labelSpot(entry), 'unused', message);
    }
  };
  tell(at.checksAt, context.checks, 'no route uses this check; name it in a healthcheck, or leave it out');
  tell(
    at.templatesAt,
    context.templates,
    'no route uses this check; name it in a remote_healthcheck, or leave it out',
  );
}

function namesIn(cursor: Cursor | undefined): Names {
  return { declared: new Set(cursor === undefined ? [] : entryCursors(cursor).keys()), used: new Set() };
}

/** A section whose entries are all commented out is as good as none. */
function unlessEmpty(cursor: Cursor | undefined): Cursor | undefined {
  return cursor === undefined || isNull(cursor.node) ? undefined : cursor;
}

function without(root: Node, key: string): Node {
  if (root.kind !== 'map') return root;
  return { ...root, entries: root.entries.filter((entry) => entry.key !== key) } satisfies MapNode;
}
