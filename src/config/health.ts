import type { NamedHealth } from '../agent/index.ts';
import type { HealthExpression } from '../core/index.ts';
import type { Context } from './context.ts';
import { openFields } from './fields.ts';
import { countOf, type NeededCount, neededCount } from './health-count.ts';
import { readHealthName } from './health-names.ts';
import { combine, MAX_DEPTH, refuseDepth, type Sized } from './health-size.ts';
import { nested } from './kinds/kind.ts';
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

const HINT =
  'write the name of a check, a list of names, or {any: […]}, {all: […]}, {at_least: 2, of: […]}, {not: …}';
const OPERATORS = { all: nested, any: nested, not: nested };
const COUNTED = { at_least: neededCount(), of: nested };

/** Where the reader is: how deep, through named expressions too. */
interface Reading {
  readonly context: Context;
  readonly depth: number;
}

/** Reads a route's `healthcheck`; named expressions in it are inlined. undefined where it is wrong (and told). */
export function readHealth(cursor: Cursor, context: Context): HealthExpression | undefined {
  return readSized(cursor, { context, depth: 1 })?.expression;
}

/** Reads the expressions under `health`, which may be there in several files. Wrong ones are left out (and told). */
export function readNamedHealth(
  sections: readonly (Cursor | undefined)[],
  context: Context,
): readonly NamedHealth[] {
  for (const section of sections) {
    if (section === undefined || section.node.kind === 'map') continue;
    const message = `got ${describeNode(section.node)}; write a map of expressions by their names, such as {dns: {any: [a, b]}}`;
    context.report.problem(valueSpot(section), 'wrong-value', message);
  }
  return [...context.expressions.declared.keys()].flatMap((name) => {
    const expression = readNamed(name, { context, depth: 1 })?.expression;
    return expression === undefined ? [] : { name, expression };
  });
}

function readSized(cursor: Cursor, reading: Reading): Sized | undefined {
  const { context, depth } = reading;
  const { node } = cursor;
  if (depth > MAX_DEPTH) return refuseDepth(cursor, context);
  if (node.kind === 'list') return readOperands('all', cursor, reading);
  if (node.kind === 'map') return readOperator(cursor, reading);
  if (isNull(node)) {
    context.report.problem(valueSpot(cursor), 'wrong-value', `has no value; ${HINT}`);
    return undefined;
  }
  return readReference(cursor, reading);
}

/** A name stands for its check, or for the expression itself: the same object wherever it is named. */
function readReference(cursor: Cursor, reading: Reading): Sized | undefined {
  const { checks, expressions, report } = reading.context;
  const name = readHealthName(cursor, reading.context);
  if (name === undefined) return undefined;
  if (checks.declared.has(name)) return { expression: { kind: 'check', name }, size: 1, depth: 1 };
  const from = expressions.open.indexOf(name);
  if (from < 0) return readNamed(name, { ...reading, depth: reading.depth + 1 });
  const way = [...expressions.open.slice(from), name].join(' → ');
  report.problem(
    valueSpot(cursor),
    'conflict',
    `refers back to itself: ${way}; leave one of these names out`,
  );
  return undefined;
}

/** Reads an expression once, whoever asks for it first. */
function readNamed(name: string, reading: Reading): Sized | undefined {
  const { declared, open, read } = reading.context.expressions;
  const cursor = declared.get(name);
  if (cursor === undefined || read.has(name)) return read.get(name);
  open.push(name);
  const sized = readSized(cursor, reading);
  open.pop();
  read.set(name, sized);
  return sized;
}

function readOperator(cursor: Cursor, reading: Reading): Sized | undefined {
  const { report } = reading.context;
  const keys = [...entryCursors(cursor).keys()];
  if (keys.includes('at_least') || keys.includes('of')) return readCounted(cursor, reading);
  if (!keys.some((key) => Object.hasOwn(OPERATORS, key))) {
    const message = `got a map of ${keys.join(', ') || 'nothing'}; ${HINT}`;
    report.problem(valueSpot(cursor), 'wrong-value', message);
    return undefined;
  }
  const fields = openFields(cursor, { shape: OPERATORS }, report);
  const present = (['all', 'any', 'not'] as const).flatMap((key) => {
    const child = fields?.child(key);
    return child === undefined ? [] : [{ key, child }];
  });
  const [first, second] = present;
  if (first === undefined) return undefined;
  if (second !== undefined) {
    const message = `${first.key} and ${second.key} stand side by side; put one into the other`;
    report.problem(labelSpot(second.child), 'conflict', message);
  }
  return first.key === 'not' ? readNot(first.child, reading) : readOperands(first.key, first.child, reading);
}

function readNot(cursor: Cursor, reading: Reading): Sized | undefined {
  const of = readSized(cursor, { ...reading, depth: reading.depth + 1 });
  if (of === undefined) return undefined;
  return combine(cursor, { expression: { kind: 'not', of: of.expression }, parts: [of] }, reading.context);
}

function readCounted(cursor: Cursor, reading: Reading): Sized | undefined {
  const { report } = reading.context;
  const fields = openFields(cursor, { shape: COUNTED }, report);
  const needed = fields?.read('at_least');
  const [list, countAt] = [fields?.child('of'), fields?.child('at_least')];
  if (list === undefined) {
    report.problem(missingSpot(cursor, 'of'), 'missing-key', 'missing; write a list of the checks to count');
    return undefined;
  }
  const read = readList(list, reading);
  if (needed === undefined || countAt === undefined) return undefined;
  const count = countIn(needed, { list, countAt }, reading.context);
  if (read === undefined || count === undefined) return undefined;
  const expression = { kind: 'at-least', count, of: read.map((part) => part.expression) } as const;
  return combine(list, { expression, parts: read }, reading.context);
}

function countIn(
  needed: NeededCount,
  at: { readonly list: Cursor; readonly countAt: Cursor },
  { report }: Context,
): number | undefined {
  const total = itemCursors(at.list).length;
  const count = countOf(needed, total);
  if (count <= total || total === 0) return count;
  report.problem(
    valueSpot(at.countAt),
    'wrong-value',
    `got ${count}, and of lists only ${total}; write at most ${total}`,
  );
  return undefined;
}

function readOperands(kind: 'all' | 'any', list: Cursor, reading: Reading): Sized | undefined {
  const parts = readList(list, reading);
  if (parts === undefined) return undefined;
  const of = parts.map((part) => part.expression);
  return combine(list, { expression: { kind, of }, parts }, reading.context);
}

/** The items that are right; undefined where there is no list (and told). */
function readList(list: Cursor, reading: Reading): readonly Sized[] | undefined {
  const { report } = reading.context;
  const items = itemCursors(list);
  if (items.length === 0) {
    const what = list.node.kind === 'list' ? 'an empty list' : describeNode(list.node);
    report.problem(valueSpot(list), 'wrong-value', `got ${what}; write a list of checks`);
    return undefined;
  }
  const seen = new Set<string>();
  return items.flatMap((item) => {
    const sized = readSized(item, { ...reading, depth: reading.depth + 1 });
    const name = item.node.kind === 'scalar' ? item.node.text : undefined;
    if (sized === undefined || name === undefined) return sized ?? [];
    if (seen.has(name))
      report.warn(valueSpot(item), 'no-effect', `${name} is in the list already; leave it out here`);
    seen.add(name);
    return sized;
  });
}
