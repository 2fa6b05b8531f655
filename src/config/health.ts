import type { HealthExpression } from '../core/index.ts';
import { nearestWord } from '../lib/nearest-word.ts';
import type { Context, Names } from './context.ts';
import { openFields } from './fields.ts';
import { whole } from './leaves.ts';
import {
  type Cursor,
  describeNode,
  entryCursors,
  isNull,
  itemCursors,
  labelSpot,
  missingSpot,
  valueSpot,
} from './tree.ts';

const HINT = 'write the name of a check, a list of names, or {any: […]}, {all: […]}, {at_least: 2, of: […]}';
const count = whole('a count', { least: 1, most: 10_000 });

/** Reads a route's `healthcheck`. undefined where it is wrong (and told). */
export function readHealth(cursor: Cursor, context: Context): HealthExpression | undefined {
  const { node } = cursor;
  if (node.kind === 'list') return readOperands('all', cursor, context);
  if (node.kind === 'map') return readOperator(cursor, context);
  if (isNull(node)) {
    context.report.problem(valueSpot(cursor), 'wrong-value', `has no value; ${HINT}`);
    return undefined;
  }
  const name = readName(cursor, { names: context.checks, kind: 'check' }, context);
  return name === undefined ? undefined : { kind: 'check', name };
}

/** Reads a name that has to be declared, and notes its use. */
export function readName(
  cursor: Cursor,
  { names, kind }: { readonly names: Names; readonly kind: 'check' | 'remote check' },
  { report, checks, templates }: Context,
): string | undefined {
  const { node } = cursor;
  const name = node.kind === 'scalar' && node.value !== null ? node.text : '';
  names.used.add(name);
  if (names.declared.has(name)) return name;
  if (name === '') {
    report.problem(
      valueSpot(cursor),
      'wrong-value',
      `got ${describeNode(node)}; write the name of a ${kind}`,
    );
    return undefined;
  }
  const [section, other] =
    kind === 'check' ? (['healthchecks', templates] as const) : (['remote_healthchecks', checks] as const);
  const near = nearestWord(name, names.declared);
  const elsewhere = other.declared.has(name)
    ? `it is only a ${kind === 'check' ? 'remote' : 'local'} one; `
    : '';
  const hint =
    near === undefined ? `write one of those under ${section}, or add it there` : `did you mean ${near}?`;
  report.problem(
    valueSpot(cursor),
    'unknown-name',
    `no ${kind} named ${describeNode(node)}; ${elsewhere}${hint}`,
  );
  return undefined;
}

function readOperator(cursor: Cursor, context: Context): HealthExpression | undefined {
  const { report } = context;
  const entries = entryCursors(cursor);
  const shape: Record<string, typeof count> =
    entries.has('at_least') || entries.has('of')
      ? { at_least: count, of: count }
      : { all: count, any: count };
  const known = Object.keys(shape).some((key) => entries.has(key));
  if (!known) {
    report.problem(
      valueSpot(cursor),
      'wrong-value',
      `got a map of ${[...entries.keys()].join(', ') || 'nothing'}; ${HINT}`,
    );
    return undefined;
  }
  const fields = openFields(cursor, { shape }, report);
  if (fields === undefined) return undefined;
  if (Object.hasOwn(shape, 'of')) {
    const number = fields.read('at_least');
    const list = fields.child('of');
    if (list !== undefined) return readCount(number, { list, count: fields.child('at_least') }, context);
    report.problem(missingSpot(cursor, 'of'), 'missing-key', 'missing; write a list of the checks to count');
    return undefined;
  }
  const [all, any] = [fields.child('all'), fields.child('any')];
  if (all !== undefined && any !== undefined) {
    report.problem(labelSpot(any), 'conflict', 'all and any stand side by side; put one into the other');
  }
  if (all !== undefined) return readOperands('all', all, context);
  return any === undefined ? undefined : readOperands('any', any, context);
}

function readCount(
  number: number | undefined,
  at: { readonly list: Cursor; readonly count: Cursor | undefined },
  context: Context,
): HealthExpression | undefined {
  const operands = readOperands('all', at.list, context);
  if (operands?.kind !== 'all' || number === undefined || at.count === undefined) return undefined;
  const total = itemCursors(at.list).length;
  if (number <= total) return { kind: 'at-least', count: number, of: operands.of };
  const message = `got ${number}, and of lists only ${total}; write at most ${total}`;
  context.report.problem(valueSpot(at.count), 'wrong-value', message);
  return undefined;
}

function readOperands(kind: 'all' | 'any', list: Cursor, context: Context): HealthExpression | undefined {
  const { report } = context;
  const items = itemCursors(list);
  if (items.length === 0) {
    const what = list.node.kind === 'list' ? 'an empty list' : describeNode(list.node);
    report.problem(valueSpot(list), 'wrong-value', `got ${what}; write a list of checks`);
    return undefined;
  }
  const seen = new Set<string>();
  const of = items.flatMap((item) => {
    const expression = readHealth(item, context);
    if (expression?.kind === 'check' && seen.has(expression.name)) {
      report.warn(
        valueSpot(item),
        'no-effect',
        `${expression.name} is in the list already; leave it out here`,
      );
    }
    if (expression?.kind === 'check') seen.add(expression.name);
    return expression ?? [];
  });
  return { kind, of };
}
