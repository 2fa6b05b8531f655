import { nearestWord } from '../lib/nearest-word.ts';
import { type AnyLeaf, accept, type Parsed, type Read } from './leaf.ts';
import { readLeaf } from './leaf-reader.ts';
import type { Report } from './problems.ts';
import {
  type Cursor,
  describeNode,
  entryCursors,
  isNull,
  labelSpot,
  missingSpot,
  valueSpot,
} from './tree.ts';

export type Shape = Readonly<Record<string, AnyLeaf>>;

export interface FieldRules<S extends Shape> {
  /** All keys that the map may have. */
  readonly shape: S;
  /** Old spellings: key → the present one. Each use is one warning. */
  readonly aliases?: Readonly<Record<string, keyof S & string>>;
  /** Keys may also stand in a map under `config`, as AWSnycast has it. */
  readonly hasConfig?: boolean;
  /** Other keys than these may be right: only those near to one of these are told of. */
  readonly isOpen?: boolean;
  /** Says more of an unknown key than "unknown"; undefined where there is no more to say. */
  readonly explain?: (key: string) => string | undefined;
}

/** The entries of one map, read one by one; each reading tells its own problems. */
export interface Fields<S extends Shape> {
  readonly cursor: Cursor;
  read<Key extends keyof S & string>(key: Key): Read<S[Key]>;
  /** The entry itself; undefined where it is not there. */
  child(key: keyof S & string): Cursor | undefined;
}

/** Opens a map: tells of unknown, old and repeated keys. undefined (and told) where it is no map. */
export function openFields<S extends Shape>(cursor: Cursor, rules: FieldRules<S>, report: Report) {
  if (cursor.node.kind !== 'map') {
    const message = `got ${describeNode(cursor.node)}; write a map of ${presentKeys(rules).join(', ')}`;
    report.problem(valueSpot(cursor), 'wrong-value', message);
    return undefined;
  }
  const children = new Map<string, Cursor>();
  for (const [key, child] of collect(cursor, rules, report)) {
    const name = nameOf(key, child, rules, report);
    const earlier = name === undefined ? undefined : children.get(name);
    if (earlier !== undefined) {
      const message = `given twice, as ${earlier.path} (line ${earlier.labelAt.line}) too; leave one of the two out`;
      report.problem(labelSpot(child), 'conflict', message);
    } else if (name !== undefined) children.set(name, child);
  }
  return fieldsOf(cursor, children, rules.shape, report);
}

function fieldsOf<S extends Shape>(
  cursor: Cursor,
  children: ReadonlyMap<string, Cursor>,
  shape: S,
  report: Report,
): Fields<S> {
  return {
    cursor,
    child: (key) => children.get(key),
    read<Key extends keyof S & string>(key: Key): Read<S[Key]> {
      const leaf = shape[key] as AnyLeaf;
      const child = children.get(key);
      const result = child === undefined ? undefined : readLeaf(child, leaf, report);
      if (result?.ok === true) return result.value as Read<S[Key]>;
      const fallback = leftOut(leaf);
      if (fallback.ok) return fallback.value as Read<S[Key]>;
      if (child === undefined) {
        const hint = fallback.issues[0]?.message ?? 'add it';
        report.problem(missingSpot(cursor, key), 'missing-key', `missing; ${hint}`);
      }
      return undefined as Read<S[Key]>;
    },
  };
}

/** What it means that a key is not there. */
function leftOut({ absence, parse }: AnyLeaf): Parsed<unknown> {
  switch (absence.kind) {
    case 'missed':
      return parse(undefined);
    case 'undefined':
      return accept(undefined);
    case 'default':
      return parse(absence.written);
  }
}

/** The map's own entries, and those under `config` where that may be. */
function collect<S extends Shape>(cursor: Cursor, rules: FieldRules<S>, report: Report) {
  const own = [...entryCursors(cursor)];
  if (rules.hasConfig !== true) return own;
  return own.flatMap(([key, child]) => {
    if (key !== 'config' || isNull(child.node)) return key === 'config' ? [] : [[key, child] as const];
    if (child.node.kind === 'map') return [...entryCursors(child)];
    const message = `got ${describeNode(child.node)}; write a map of options`;
    report.problem(valueSpot(child), 'wrong-value', message);
    return [];
  });
}

/** The present name of a key; undefined (and told) where it is unknown. */
function nameOf<S extends Shape>(key: string, child: Cursor, rules: FieldRules<S>, report: Report) {
  const { shape, aliases = {} } = rules;
  if (Object.hasOwn(shape, key)) return key;
  const present = Object.hasOwn(aliases, key) ? aliases[key] : undefined;
  if (present !== undefined) {
    report.warn(labelSpot(child), 'deprecated', `an old spelling; write ${present}`);
    return present;
  }
  const known = presentKeys(rules);
  const near = nearestWord(key, known);
  if (near === undefined && rules.isOpen === true) return undefined;
  const guess = near === undefined ? `known here: ${known.join(', ')}` : `did you mean ${near}?`;
  report.problem(labelSpot(child), 'unknown-key', rules.explain?.(key) ?? `unknown key; ${guess}`);
  return undefined;
}

/** What to advise: no old spellings. */
function presentKeys<S extends Shape>({ shape, hasConfig }: FieldRules<S>): readonly string[] {
  const keys = Object.entries(shape).flatMap(([key, leaf]) => (leaf.isDeprecated ? [] : [key]));
  return hasConfig === true ? [...keys, 'config'] : keys;
}
