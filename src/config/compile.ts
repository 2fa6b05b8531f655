import type { AdminSpec } from '../admin/index.ts';
import type { AgentSpec, AwsSpec } from '../agent/index.ts';
import type { CheckSpec } from '../checks/index.ts';
import { readAdmin } from './admin.ts';
import { readAnnouncer } from './announcer.ts';
import { readChecks, readTemplates } from './checks.ts';
import type { Context, Names } from './context.ts';
import { type Fields, openFields } from './fields.ts';
import { readGroups } from './groups.ts';
import { readNamedHealth } from './health.ts';
import type { Documents } from './include.ts';
import type { Report } from './problems.ts';
import { awsShape, ROOT_ALIASES, rootShape } from './schema.ts';
import { entriesOf, openPart, type Part, partOf, refuseSharedNames, unlessEmpty } from './sections.ts';
import { type Cursor, isNull, labelSpot, missingSpot, type Node, rootCursor, valueSpot } from './tree.ts';

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
  const [routetables, announcer] = [fields.child('routetables'), fields.child('announcer')];
  const parts = [{ ...partOf(fields.child), routetables, announcer }, ...included];
  requireWork(parts, documents, report);
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
    announcer: readAnnouncer(
      {
        main: announcer,
        mainFile: main,
        included: included.flatMap((part) => part.announcer ?? []),
        hasInclude: unlessEmpty(fields.child('include')) !== undefined,
        checks,
      },
      context,
    ),
  };
  const admin = readAdmin(fields.child('admin'), report);
  const hasTables = !documents.isWhole || parts.some((part) => part.routetables !== undefined);
  if (announcer !== undefined && !hasTables) warnWithoutTables(fields, context);
  if (report.problems().length === 0) warnOfUnused(checks, entries, context);
  return { spec, admin };
}

function openMain(root: Node, report: Report): RootFields | undefined {
  if (isNull(root)) {
    const message = 'the document is empty; start with routetables, announcer or both';
    report.problem(valueSpot(rootCursor(root)), 'missing-key', message);
    return undefined;
  }
  return openFields(rootCursor(root), { shape: rootShape, aliases: ROOT_ALIASES }, report);
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

/** There has to be something to do, unless that is in a file that could not be read. */
function requireWork(parts: readonly Part[], { main, isWhole }: Documents, report: Report): void {
  const isThere = parts.some((part) => part.routetables !== undefined || part.announcer !== undefined);
  if (isThere || !isWhole) return;
  const message =
    'missing, and announcer too; write a map of groups by name, each with find and manage_routes, or an announcer, or both';
  report.problem(missingSpot(rootCursor(main), 'routetables'), 'missing-key', message);
}

/** What is only about route tables. `drain_on` is about prefixes too. */
function warnWithoutTables(fields: RootFields, { report }: Context): void {
  const onExit = fields.child('on_exit');
  if (onExit !== undefined) {
    const message = 'is about routes of route tables, and there are none; write on_exit under announcer';
    report.warn(labelSpot(onExit), 'no-effect', message);
  }
  for (const key of ['manage_source_dest_check', 'aws'] as const) {
    const cursor = unlessEmpty(fields.child(key));
    const isIdle = key === 'manage_source_dest_check' && !fields.read(key);
    const message = 'has no effect without routetables: EC2 is not asked for anything; leave it out';
    if (cursor !== undefined && !isIdle) report.warn(labelSpot(cursor), 'no-effect', message);
  }
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
