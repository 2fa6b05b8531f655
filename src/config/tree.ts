import type { Doubt, Spot } from './problems.ts';

/** A place in a file; both numbers count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What a scalar was before variables were put in. */
export interface Substitution {
  readonly written: string;
  readonly doubt: Doubt | undefined;
  /** True where a value came from the environment, which may hold secrets: it is not shown. */
  readonly isSecret: boolean;
}

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly at: Position;
  readonly value: string | number | boolean | null;
  /** As written, without quotes: `0x10`, `1.50`, `yes`. */
  readonly text: string;
  readonly isPlain: boolean;
  readonly substituted: Substitution | undefined;
}

export interface ListNode {
  readonly kind: 'list';
  readonly at: Position;
  readonly items: readonly Node[];
}

export interface MapEntry {
  readonly key: string;
  readonly keyAt: Position;
  readonly value: Node;
}

/** Keys are unique. */
export interface MapNode {
  readonly kind: 'map';
  readonly at: Position;
  readonly entries: readonly MapEntry[];
}

/** A document with the positions of its parts; aliases are resolved to the node itself. */
export type Node = ScalarNode | ListNode | MapNode;

/** A node and the way to it. `labelAt` is the key's place (or the item's): where to say what is missing inside. */
export interface Cursor {
  readonly node: Node;
  readonly path: string;
  readonly labelAt: Position;
}

export function rootCursor(node: Node): Cursor {
  return { node, path: '', labelAt: node.at };
}

export function entryCursor(parent: Cursor, entry: MapEntry): Cursor {
  return { node: entry.value, path: childPath(parent.path, entry.key), labelAt: entry.keyAt };
}

/** One cursor for each item of a list; none for other nodes. */
export function itemCursors(cursor: Cursor): readonly Cursor[] {
  if (cursor.node.kind !== 'list') return [];
  return cursor.node.items.map((node, index) => ({
    node,
    path: `${cursor.path}[${index}]`,
    labelAt: node.at,
  }));
}

/** One cursor for each entry of a map, by key; none for other nodes. */
export function entryCursors(cursor: Cursor): ReadonlyMap<string, Cursor> {
  const entries = cursor.node.kind === 'map' ? cursor.node.entries : [];
  return new Map(entries.map((entry) => [entry.key, entryCursor(cursor, entry)]));
}

/** `a.b`, and `a["b c"]` where a key has other characters than letters, digits, `-` and `_`. */
export function childPath(path: string, key: string): string {
  if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

/** To speak of the value. */
export function valueSpot(cursor: Cursor): Spot {
  return { at: cursor.node.at, path: cursor.path, doubt: doubtOf(cursor.node) };
}

/** To speak of the key, or of the thing as a whole. */
export function labelSpot(cursor: Cursor): Spot {
  return { at: cursor.labelAt, path: cursor.path, doubt: undefined };
}

/** To speak of a key that is not there. */
export function missingSpot(parent: Cursor, key: string): Spot {
  return { at: parent.labelAt, path: childPath(parent.path, key), doubt: undefined };
}

/** To name a place in a sentence about another one. */
export function placeOf({ file, line }: Position): string {
  return `${file}:${line}`;
}

/** True for a value that was left empty. */
export function isNull(node: Node): boolean {
  return node.kind === 'scalar' && node.value === null;
}

/** The node at the end of a way of keys and indices, as a schema gives it; the deepest one that exists. */
export function descend(cursor: Cursor, way: readonly PropertyKey[]): Cursor {
  const [step, ...rest] = way;
  if (step === undefined) return cursor;
  const next = typeof step === 'number' ? itemCursors(cursor)[step] : entryCursors(cursor).get(String(step));
  return next === undefined ? cursor : descend(next, rest);
}

/** The plain value of a node. */
export function plainValue(node: Node): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(plainValue);
    case 'map':
      return Object.fromEntries(node.entries.map((entry) => [entry.key, plainValue(entry.value)]));
  }
}

/** What a person wrote there, in a few words: `"abc"`, `5`, `a list`. */
export function describeNode(node: Node): string {
  if (node.kind !== 'scalar') return node.kind === 'list' ? 'a list' : 'a map';
  if (node.substituted?.isSecret === true) return `what ${JSON.stringify(node.substituted.written)} holds`;
  if (node.value === null) return 'nothing';
  if (typeof node.value !== 'string') return node.text;
  return JSON.stringify(node.value.length > 60 ? `${node.value.slice(0, 57)}...` : node.value);
}

function doubtOf(node: Node): Doubt | undefined {
  return node.kind === 'scalar' ? node.substituted?.doubt : undefined;
}
