import type { AdminSpec } from '../admin/index.ts';
import type { AgentSpec, AwsSpec } from '../agent/index.ts';
import type { CheckSpec } from '../checks/index.ts';
import { readAdmin } from './admin.ts';
import { readChecks, readTemplates } from './checks.ts';
import type { Context, Names } from './context.ts';
import { type Fields, openFields } from './fields.ts';
import { readGroups } from './groups.ts';
import { readNamedHealth } from './health.ts';
import type { Documents } from './include.ts';
import type { Report } from './problems.ts';
import { awsShape, ROOT_ALIASES, rootShape } from './schema.ts';
import { entriesOf, openPart, type Part, partOf, refuseSharedNames, unlessEmpty } from './sections.ts';
import {
  type Cursor,
  entryCursors,
  isNull,
  labelSpot,
  type MapNode,
  missingSpot,
  type Node,
  rootCursor,
  valueSpot,
} from './tree.ts';

type RootFields = Fields<typeof rootShape>;

/** What a document comes down to: for the agent, and for what is opened beside it. */
export interface Compiled {
  readonly spec: AgentSpec;
  /** Undefined: no HTTP server. */
  readonly admin: AdminSpec | undefined;
}

/** Makes the specs of documents. What it gives counts only where the report has no problem. */
export function compile(
  documents: Documents,
  given: Pick<Context, 'report' | 'readFile'>,
): Compiled | undefined {
  const { report } = given;
  const fields = openMain(documents.main, report);
  if (fields === undefined) return undefined;
  const main = fields.cursor.node.at.file;
  const included = documents.included.flatMap((root) => openPart(root, main, report) ?? []);
  const own = { ...partOf(fields.child), routetables: fields.child('routetables') };
  const parts = [own, ...included];
  requireTables(parts, documents, report);
  const entries = declare(parts, report);
  const context = { ...given, ...entries.names, isWhole: documents.isWhole };
  const checks = parts.flatMap((part) => readChecks(part.healthchecks, context));
  const remoteChecks = parts.flatMap((part) => readTemplates(part.remote_healthchecks, context));
  const health = readNamedHealth(
    parts.map((part) => part.health),
    context,
  );
  const spec = {
    pollMs: fields.read('poll_time'),
    checks,
    remoteChecks,
    health,
    tableGroups: parts.flatMap((part) => readGroups(part.routetables, context)),
    manageSourceDestCheck: fields.read('manage_source_dest_check'),
    onExit: fields.read('on_exit'),
    drainOn: [...new Set(fields.read('drain_on'))],
    aws: readAws(fields.child('aws'), report),
  };
  const admin = readAdmin(fields.child('admin'), report);
  if (report.problems().length === 0) warnOfUnused(checks, entries, context);
  return { spec, admin };
}

function openMain(root: Node, report: Report): RootFields | undefined {
  if (isNull(root)) {
    const message = 'the document is empty; start with routetables';
    report.problem(valueSpot(rootCursor(root)), 'missing-key', message);
    return undefined;
  }
  refuseAnnouncer(root, report);
  return openFields(
    rootCursor(without(root, 'announcer')),
    { shape: rootShape, aliases: ROOT_ALIASES },
    report,
  );
}

/** What the documents declare, by name, and the names as the readers use them. */
function declare(parts: readonly Part[], report: Report) {
  const checks = entriesOf(parts, 'healthchecks', report);
  const templates = entriesOf(parts, 'remote_healthchecks', report);
  const expressions = entriesOf(parts, 'health', report);
  refuseSharedNames(checks, expressions, report);
  entriesOf(parts, 'routetables', report);
  const names = {
    checks: namesOf(checks),
    templates: namesOf(templates),
    expressions: { declared: expressions, used: new Set<string>(), open: [], read: new Map() },
  };
  return { checks, templates, expressions, names };
}

/** There has to be something to do, unless that is in a file that could not be read, or is what is refused. */
function requireTables(parts: readonly Part[], { main, isWhole }: Documents, report: Report): void {
  const isThere = parts.some((part) => part.routetables !== undefined);
  if (isThere || !isWhole || isAnnounced(main)) return;
  const message = 'missing; write a map of groups by name, each with find and manage_routes';
  report.problem(missingSpot(rootCursor(main), 'routetables'), 'missing-key', message);
}

function readAws(cursor: Cursor | undefined, report: Report): AwsSpec {
  const given = unlessEmpty(cursor);
  const empty = rootCursor({ kind: 'map', at: { file: '', line: 1, column: 1 }, entries: [] });
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

/** To leave announcements out in silence would be an outage; the key is known, and refused. */
function refuseAnnouncer(root: Node, report: Report): void {
  const announcer = entryCursors(rootCursor(root)).get('announcer');
  if (announcer === undefined) return;
  const message = 'this version announces nothing over BGP yet; leave it out, or use a version that does';
  report.problem(labelSpot(announcer), 'unsupported', message);
}

function isAnnounced(root: Node): boolean {
  return entryCursors(rootCursor(root)).has('announcer');
}

/** A check that only runs commands has a use. */
function warnOfUnused(
  checks: readonly CheckSpec[],
  declared: ReturnType<typeof declare>,
  { report }: Context,
): void {
  const hooked = checks.filter(
    (check) => check.runOnHealthy !== undefined || check.runOnUnhealthy !== undefined,
  );
  const { names } = declared;
  const used = new Set([...names.checks.used, ...hooked.map((check) => check.name)]);
  const tell = (entries: ReadonlyMap<string, Cursor>, users: ReadonlySet<string>, message: string): void => {
    for (const [name, entry] of entries) {
      if (!users.has(name)) report.warn(labelSpot(entry), 'unused', message);
    }
  };
  const local = 'name it in a healthcheck, or leave it out';
  const remote = 'name it in a remote_healthcheck, or leave it out';
  tell(declared.checks, used, `no route uses this check; ${local}`);
  tell(declared.templates, names.templates.used, `no route uses this check; ${remote}`);
  tell(declared.expressions, names.expressions.used, `no route uses this expression; ${local}`);
}

function namesOf(entries: ReadonlyMap<string, Cursor>): Names {
  return { declared: new Set(entries.keys()), used: new Set() };
}

function without(root: Node, key: string): Node {
  if (root.kind !== 'map') return root;
  return { ...root, entries: root.entries.filter((entry) => entry.key !== key) } satisfies MapNode;
}
