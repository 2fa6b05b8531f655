import type { CheckSpec, CheckTemplate, ProbeSpec } from '../checks/index.ts';
import { assertNever } from '../lib/assert-never.ts';
import { parseAddress } from '../lib/cidr.ts';
import { readArgv } from './argv.ts';
import { readCommand } from './command-check.ts';
import type { Context } from './context.ts';
import { type Fields, openFields } from './fields.ts';
import { readHttp } from './http-check.ts';
import { wordHint } from './leaves.ts';
import { CHECK_ALIASES, checkShape, type ProbeType, probeShapes, typeShape } from './schema.ts';
import { readTcp } from './tcp-check.ts';
import { type Cursor, describeNode, entryCursors, labelSpot, missingSpot, valueSpot } from './tree.ts';

const PROBE_TYPES = Object.keys(probeShapes) as readonly ProbeType[];
const DEFAULT_TIMEOUT_CAP_MS = 10_000;

/** A check whose probe may bring its own destination. */
export interface ReadProbe {
  readonly probe: ProbeSpec;
  /** From a URL; undefined: the check's own `destination` counts. */
  readonly destination?: string;
  readonly needsDestination: boolean;
}

/** What the reader of one check type is given. */
export interface ProbePlace {
  readonly name: string;
  /** A remote check: its destination is whoever holds the route. */
  readonly isTemplate: boolean;
  readonly destination: string | undefined;
}

type CheckFields = Fields<typeof checkShape>;

/** The checks under `healthchecks`. */
export function readChecks(cursor: Cursor | undefined, context: Context): readonly CheckSpec[] {
  return readEach(cursor, context, false);
}

/** The templates under `remote_healthchecks`. */
export function readTemplates(cursor: Cursor | undefined, context: Context): readonly CheckTemplate[] {
  return readEach(cursor, context, true).map(({ destination: _, ...template }) => template);
}

function readEach(cursor: Cursor | undefined, context: Context, isTemplate: boolean): readonly CheckSpec[] {
  if (cursor === undefined) return [];
  if (cursor.node.kind !== 'map') {
    const message = `got ${describeNode(cursor.node)}; write a map of checks by their names`;
    context.report.problem(valueSpot(cursor), 'wrong-value', message);
    return [];
  }
  return [...entryCursors(cursor)].flatMap(
    ([name, entry]) => readCheck(name, entry, context, isTemplate) ?? [],
  );
}

function readCheck(
  name: string,
  cursor: Cursor,
  context: Context,
  isTemplate: boolean,
): CheckSpec | undefined {
  const { report } = context;
  if (cursor.node.kind !== 'map') {
    const message = `got ${describeNode(cursor.node)}; write a map with type and every, such as {type: ping, every: 1s}`;
    report.problem(valueSpot(cursor), 'wrong-value', message);
    return undefined;
  }
  const type = readType(cursor, context);
  const shape = { ...typeShape, ...checkShape, ...(type === undefined ? anyProbe() : probeShapes[type]) };
  const explain = (key: string) => explainKey(key, type);
  const fields = openFields(
    cursor,
    { shape, aliases: CHECK_ALIASES, hasConfig: true, isOpen: type === undefined, explain },
    report,
  );
  if (fields === undefined) return undefined;
  const common = readCommon(fields as unknown as CheckFields, context);
  const destination = readDestination(fields as unknown as CheckFields, context, isTemplate);
  if (type === undefined) return undefined;
  const place = { name, isTemplate, destination };
  const read = readProbe(type, fields, place, context);
  if (read === undefined) return undefined;
  if (!isTemplate && read.needsDestination && fields.child('destination') === undefined) {
    report.problem(
      missingSpot(cursor, 'destination'),
      'missing-key',
      'missing; write an IP address or a host name',
    );
  }
  const spec = { name, ...common, probe: read.probe, destination: read.destination ?? destination ?? '' };
  const sourceAt = (fields as unknown as Fields<typeof probeShapes.ping>).child('source_address');
  if (sourceAt !== undefined && hasOtherFamily(spec)) {
    const message = `an address of the other family than the destination ${spec.destination}; write one of the same`;
    report.problem(valueSpot(sourceAt), 'conflict', message);
  }
  return spec;
}

/** Nothing can be sent from an IPv4 address to an IPv6 one, or the other way round. */
function hasOtherFamily({ probe, destination }: CheckSpec): boolean {
  if (probe.type === 'command' || probe.sourceAddress === undefined) return false;
  const [from, to] = [parseAddress(probe.sourceAddress), parseAddress(destination)];
  return from !== undefined && to !== undefined && from.family !== to.family;
}

function readProbe(
  type: ProbeType,
  fields: unknown,
  place: ProbePlace,
  context: Context,
): ReadProbe | undefined {
  switch (type) {
    case 'ping': {
      const own = fields as Fields<typeof probeShapes.ping>;
      const [payloadBytes, sourceAddress] = [own.read('payload_bytes'), own.read('source_address')];
      return { probe: { type, payloadBytes, sourceAddress }, needsDestination: true };
    }
    case 'tcp':
      return readTcp(fields as Fields<typeof probeShapes.tcp>, context);
    case 'http':
      return readHttp(fields as Fields<typeof probeShapes.http>, place, context);
    case 'command':
      return readCommand(fields as Fields<typeof probeShapes.command>, place, context);
    default:
      return assertNever(type);
  }
}

function readCommon(fields: CheckFields, { report }: Context) {
  const everyMs = fields.read('every');
  const timeoutMs = fields.read('timeout') ?? Math.min(everyMs, DEFAULT_TIMEOUT_CAP_MS);
  const tries = fields.read('tries');
  const triesIntervalMs = fields.read('interval');
  const timeout = fields.child('timeout');
  if (timeout !== undefined && timeoutMs > everyMs) {
    const message = 'longer than every, so a slow probe delays the next one; write at most as much as every';
    report.warn(valueSpot(timeout), 'no-effect', message);
  }
  const interval = fields.child('interval');
  if (interval !== undefined && tries === 1) {
    const message = 'has no effect without tries; the time between probes is every';
    report.warn(labelSpot(interval), 'no-effect', message);
  }
  return {
    rise: fields.read('rise'),
    fall: fields.read('fall'),
    everyMs,
    timeoutMs,
    tries,
    triesIntervalMs,
    runOnHealthy: readArgv(fields.child('run_on_healthy'), report),
    runOnUnhealthy: readArgv(fields.child('run_on_unhealthy'), report),
  };
}

function readDestination(fields: CheckFields, { report }: Context, isTemplate: boolean): string | undefined {
  const child = fields.child('destination');
  if (child === undefined) return undefined;
  if (!isTemplate) return fields.read('destination');
  const message =
    'a remote check has no destination of its own, it asks whoever holds the route; leave it out';
  report.problem(labelSpot(child), 'conflict', message);
  return undefined;
}

function readType(cursor: Cursor, { report }: Context): ProbeType | undefined {
  const child = entryCursors(cursor).get('type');
  if (child === undefined) {
    const message = `missing; write one of ${PROBE_TYPES.join(', ')}`;
    report.problem(missingSpot(cursor, 'type'), 'missing-key', message);
    return undefined;
  }
  const value = child.node.kind === 'scalar' ? child.node.value : undefined;
  const type = PROBE_TYPES.find((known) => known === value);
  if (type === undefined) {
    const hint = wordHint(value, PROBE_TYPES);
    const known = hint.startsWith('did') ? `${hint} Known types: ${PROBE_TYPES.join(', ')}` : hint;
    report.problem(
      valueSpot(child),
      'wrong-value',
      `unknown type, got ${describeNode(child.node)}; ${known}`,
    );
  }
  return type;
}

/** Where the type is unknown, no option of any type is called unknown. */
function anyProbe() {
  return { ...probeShapes.ping, ...probeShapes.command, ...probeShapes.http, ...probeShapes.tcp };
}

function explainKey(key: string, type: ProbeType | undefined): string | undefined {
  const owners = PROBE_TYPES.filter((other) => Object.hasOwn(probeShapes[other], key));
  if (type === undefined || owners.length === 0) return undefined;
  return `an option of ${owners.join(' and ')}, not of ${type}; leave it out, or change the type`;
}
