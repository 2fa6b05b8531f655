import type { Finder } from '../core/index.ts';
import { assertNever } from '../lib/assert-never.ts';
import type { Context } from './context.ts';
import { type Fields, openFields, type Shape } from './fields.ts';
import { wordHint } from './leaves.ts';
import {
  branchShape,
  FINDER_TYPES,
  type FinderType,
  finderShapes,
  findTopShape,
  notShape,
  typeShape,
} from './schema.ts';
import {
  type Cursor,
  describeNode,
  entryCursors,
  itemCursors,
  labelSpot,
  missingSpot,
  valueSpot,
} from './tree.ts';

/** `find` as a whole: the finder, and what counts for all of it. */
export interface Find {
  readonly finder: Finder | undefined;
  readonly noResultsOk: boolean;
  readonly vpc: string;
}

type Shapes = typeof finderShapes;
/** What a finder says, without `not`. */
type Body = Finder extends infer One ? (One extends Finder ? Omit<One, 'not'> : never) : never;

const HINT = 'write a map with a type, such as {type: by_tag, key: az, value: eu-west-1a}';

/** Reads `find`. */
export function readFind(cursor: Cursor, context: Context): Find | undefined {
  const opened = openFinder(cursor, context, findTopShape);
  if (opened === undefined) return undefined;
  const top = opened.fields as unknown as Fields<typeof findTopShape>;
  const noResultsOk = top.read('no_results_ok');
  return { finder: readFinder(opened, context), noResultsOk, vpc: top.read('vpc') };
}

interface Opened {
  readonly type: FinderType | undefined;
  readonly fields: Fields<Shape>;
}

function readInner(cursor: Cursor, context: Context): Finder | undefined {
  const opened = openFinder(cursor, context, { no_results_ok: findTopShape.no_results_ok });
  const needless = opened?.fields.child('no_results_ok');
  if (needless !== undefined) {
    const message = 'has no effect within and or or; write it at the top of find';
    context.report.warn(labelSpot(needless), 'no-effect', message);
  }
  return opened === undefined ? undefined : readFinder(opened, context);
}

function openFinder(cursor: Cursor, context: Context, top: Shape): Opened | undefined {
  const { report } = context;
  if (cursor.node.kind !== 'map') {
    report.problem(valueSpot(cursor), 'wrong-value', `got ${describeNode(cursor.node)}; ${HINT}`);
    return undefined;
  }
  const type = readType(cursor, context);
  const isBranch = type === undefined || type === 'and' || type === 'or';
  const shape: Shape = { ...typeShape, ...notShape, ...top, ...shapeOf(type) };
  const explain = (key: string) => explainKey(key, type);
  const fields = openFields(
    cursor,
    { shape, hasConfig: !isBranch, isOpen: type === undefined, explain },
    report,
  );
  return fields === undefined ? undefined : { type, fields };
}

/** Where the type is unknown, no option of any type is called unknown. */
function shapeOf(type: FinderType | undefined): Shape {
  if (type === 'and' || type === 'or') return branchShape;
  if (type !== undefined) return finderShapes[type];
  return Object.assign({ ...branchShape }, ...Object.values(finderShapes)) as Shape;
}

function readFinder({ type, fields }: Opened, context: Context): Finder | undefined {
  const not = (fields as unknown as Fields<typeof notShape>).read('not');
  const body = type === undefined ? undefined : readBody(type, fields, context);
  return body === undefined ? undefined : { ...body, not };
}

function readBody(type: FinderType, fields: Fields<Shape>, context: Context): Body | undefined {
  switch (type) {
    case 'by_tag': {
      const own = fields as unknown as Fields<Shapes['by_tag']>;
      const [key, value] = [own.read('key'), own.read('value')];
      return key === undefined || value === undefined ? undefined : { kind: 'by-tag', key, value };
    }
    case 'by_tag_regexp': {
      const own = fields as unknown as Fields<Shapes['by_tag_regexp']>;
      const [key, pattern] = [own.read('key'), own.read('regexp')];
      return key === undefined || pattern === undefined ? undefined : { kind: 'by-tag-regexp', key, pattern };
    }
    case 'by_id':
      return readById(fields as unknown as Fields<Shapes['by_id']>, context);
    case 'main':
      return { kind: 'main' };
    case 'subnet': {
      const subnetId = (fields as unknown as Fields<Shapes['subnet']>).read('subnet_id');
      return subnetId === undefined ? undefined : { kind: 'subnet', subnetId };
    }
    case 'has_route_to':
      return readHasRouteTo(fields as unknown as Fields<Shapes['has_route_to']>, context);
    case 'and':
    case 'or':
      return readBranch(type, fields as unknown as Fields<typeof branchShape>, context);
    default:
      return assertNever(type);
  }
}

function readById(fields: Fields<Shapes['by_id']>, { report }: Context): Body | undefined {
  const [id, ids] = [fields.read('id'), fields.read('ids')];
  const [idAt, idsAt] = [fields.child('id'), fields.child('ids')];
  if (idAt !== undefined && idsAt !== undefined) {
    report.problem(labelSpot(idsAt), 'conflict', 'id and ids exclude each other; write all ids under ids');
  }
  if (idAt === undefined && idsAt === undefined) {
    report.problem(
      missingSpot(fields.cursor, 'ids'),
      'missing-key',
      'missing; write a list of route table ids',
    );
  }
  if (idsAt !== undefined && ids?.length === 0) {
    report.problem(valueSpot(idsAt), 'wrong-value', 'got an empty list; write a list of route table ids');
  }
  const all = [...(ids ?? []), ...(id === undefined ? [] : [id])];
  return all.length === 0 ? undefined : { kind: 'by-id', ids: all };
}

function readHasRouteTo(fields: Fields<Shapes['has_route_to']>, { report }: Context): Body | undefined {
  const parsed = fields.read('cidr');
  if (parsed === undefined) return undefined;
  if (parsed.hasHostBits) {
    const spot = valueSpot(fields.child('cidr') ?? fields.cursor);
    report.warn(spot, 'not-canonical', `has bits beyond its length; read as ${parsed.cidr.text}`);
  }
  return { kind: 'has-route-to', destination: parsed.cidr.text };
}

/** `filters`, or AWSnycast's `config: {filters: […]}` (its code) and `config: […]` (its documentation). */
function readBranch(
  kind: 'and' | 'or',
  fields: Fields<typeof branchShape>,
  context: Context,
): Body | undefined {
  const list = filtersOf(fields, context);
  if (list === undefined) return undefined;
  const items = itemCursors(list);
  if (items.length === 0) {
    const what = list.node.kind === 'list' ? 'an empty list' : describeNode(list.node);
    context.report.problem(valueSpot(list), 'wrong-value', `got ${what}; write a list of finders`);
    return undefined;
  }
  return { kind, of: items.flatMap((item) => readInner(item, context) ?? []) };
}

function filtersOf(fields: Fields<typeof branchShape>, { report }: Context): Cursor | undefined {
  const [own, config] = [fields.child('filters'), fields.child('config')];
  if (own !== undefined && config !== undefined) {
    report.problem(labelSpot(config), 'conflict', 'stands beside filters; leave one of the two out');
  }
  if (own !== undefined) return own;
  if (config?.node.kind === 'list') return config;
  const inner = config === undefined ? undefined : openFields(config, { shape: filtersShape() }, report);
  const filters = inner?.child('filters');
  if (filters === undefined && (config === undefined || inner !== undefined)) {
    report.problem(
      missingSpot(config ?? fields.cursor, 'filters'),
      'missing-key',
      'missing; write a list of finders',
    );
  }
  return filters;
}

function filtersShape() {
  return { filters: branchShape.filters };
}

function readType(cursor: Cursor, { report }: Context): FinderType | undefined {
  const child = entryCursors(cursor).get('type');
  if (child === undefined) {
    const message = `missing; write one of ${FINDER_TYPES.join(', ')}`;
    report.problem(missingSpot(cursor, 'type'), 'missing-key', message);
    return undefined;
  }
  const value = child.node.kind === 'scalar' ? child.node.value : undefined;
  const type = FINDER_TYPES.find((known) => known === value);
  if (type === undefined) {
    const message = `unknown type, got ${describeNode(child.node)}; ${wordHint(value, FINDER_TYPES)}`;
    report.problem(valueSpot(child), 'wrong-value', message);
  }
  return type;
}

function explainKey(key: string, type: FinderType | undefined): string | undefined {
  if (key === 'vpc') return 'stands within and or or; write it at the top of find';
  const owners = Object.entries(finderShapes).flatMap(([other, shape]) =>
    Object.hasOwn(shape, key) ? [other] : [],
  );
  if (type === undefined || owners.length === 0) return undefined;
  return `an option of ${owners.join(' and ')}, not of ${type}; leave it out, or change the type`;
}
