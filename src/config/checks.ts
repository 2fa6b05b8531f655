import type { CheckSpec, CheckTemplate } from '../checks/index.ts';
import { parseAddress } from '../lib/cidr.ts';
import { nearestWord } from '../lib/nearest-word.ts';
import { readArgv } from './argv.ts';
import type { Context } from './context.ts';
import { enumerate } from './enumerate.ts';
import { type Fields, openFields, type Shape } from './fields.ts';
import type { ReadProbe } from './kinds/kind.ts';
import { KINDS, PROBE_TYPES, type ProbeType } from './kinds/kinds.ts';
import { wordHint } from './leaves.ts';
import { CHECK_ALIASES, checkShape, typeShape } from './schema.ts';
import { type Cursor, describeNode, entryCursors, labelSpot, missingSpot, valueSpot } from './tree.ts';

const DEFAULT_TIMEOUT_CAP_MS = 10_000;

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
  const shape = { ...typeShape, ...checkShape, ...(type === undefined ? ANY_PROBE : KINDS[type].shape) };
  const explain = (key: string) => explainKey(key, type);
  const fields = openFields(cursor, { shape, aliases: CHECK_ALIASES, hasConfig: true, explain }, report);
  if (fields === undefined) return undefined;
  const common = readCommon(fields as unknown as CheckFields, context);
  const destination = readDestination(fields as unknown as CheckFields, context, isTemplate);
  if (type === undefined) return undefined;
  const place = { name, isTemplate, destination, everyMs: common.everyMs };
  const read = KINDS[type].read(fields, place, context);
  if (read === undefined) return undefined;
  judgeDestination(read, { fields: fields as unknown as CheckFields, isTemplate }, context);
  const spec = { name, ...common, probe: read.probe, destination: read.destination ?? destination ?? '' };
  const sourceAt = (fields as Fields<Shape>).child('source_address');
  if (sourceAt !== undefined && hasOtherFamily(spec)) {
    const message = `an address of the other family than the destination ${spec.destination}; write one of the same`;
    report.problem(valueSpot(sourceAt), 'conflict', message);
  }
  return spec;
}

/** Whether there is a destination, where there has to be one. */
function judgeDestination(
  { asks, probe, destination }: ReadProbe,
  { fields, isTemplate }: { readonly fields: CheckFields; readonly isTemplate: boolean },
  { report }: Context,
): void {
  const given = fields.child('destination');
  if (asks === 'none' && isTemplate) {
    const message = `checks of type ${probe.type} look at this machine only; write it under healthchecks`;
    report.problem(labelSpot(fields.cursor), 'conflict', message);
  } else if (asks === 'none' && given !== undefined) {
    const message = `checks of type ${probe.type} look at this machine only; leave the destination out`;
    report.problem(labelSpot(given), 'conflict', message);
  } else if (!isTemplate && asks === 'required' && given === undefined && destination === undefined) {
    const message = 'missing; write an IP address or a host name';
    report.problem(missingSpot(fields.cursor, 'destination'), 'missing-key', message);
  }
}

/** Nothing can be sent from an IPv4 address to an IPv6 one, or the other way round. */
function hasOtherFamily({ probe, destination }: CheckSpec): boolean {
  if (!('sourceAddress' in probe) || probe.sourceAddress === undefined) return false;
  const [from, to] = [parseAddress(probe.sourceAddress), parseAddress(destination)];
  return from !== undefined && to !== undefined && from.family !== to.family;
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
const ANY_PROBE: Shape = Object.assign({}, ...PROBE_TYPES.map((type) => KINDS[type].shape));

function explainKey(key: string, type: ProbeType | undefined): string | undefined {
  if (type === undefined) return explainAnyKey(key);
  const owners = PROBE_TYPES.filter((other) => Object.hasOwn(KINDS[other].shape, key));
  if (owners.length === 0) return undefined;
  return `an option of ${enumerate(owners)}, not of ${type}; leave it out, or change the type`;
}

/** The options of all types would be too many to list. */
function explainAnyKey(key: string): string | undefined {
  const common = [...Object.keys(typeShape), ...Object.keys(checkShape), 'config'];
  if (nearestWord(key, [...common, ...Object.keys(ANY_PROBE)]) !== undefined) return undefined;
  return `unknown key, of no type; every type knows ${common.join(', ')}`;
}
