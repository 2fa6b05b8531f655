import { isAlias, isMap, isScalar, isSeq, type Pair, parseDocument, type Scalar, type YAMLError } from 'yaml';
import { readPlainYaml } from './plain-yaml.ts';
import { type Locate, locator, type NamedText } from './positions.ts';
import type { Report, Spot } from './problems.ts';
import { childPath, type MapEntry, type Node, type Position, type ScalarNode } from './tree.ts';
import { describeYamlFault } from './yaml-faults.ts';

/** More than any real config has, few enough to be read at once: what aliases blow up counts in full. */
const MAX_NODES = 50_000;
const MAX_DEPTH = 60;
const IN_BRACES = 'a variable within braces or brackets; put the value in quotes';
const TOO_DEEP = 'nested too deeply to be read; make it flatter';

/** How many nodes the documents of one config have had so far: they share one limit. */
export interface NodeBudget {
  used: number;
}

/**
 * Reads YAML 1.2 or JSON into nodes with positions; of a text without any value a null. undefined where the text is too
 * broken to go on; what is wrong is in the report then. Anchors, aliases and merge keys (`<<`) are resolved. Never throws.
 */
export function readDocument(source: NamedText, report: Report, budget: NodeBudget): Node | undefined {
  return readPlainYaml(source) ?? readWholeYaml(source, report, budget);
}

/** The same by the YAML library, for what the plain reader does not know. */
export function readWholeYaml(source: NamedText, report: Report, budget: NodeBudget): Node | undefined {
  const locate = locator(source);
  const document = parseSafely(source, report);
  if (document === undefined) return undefined;
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    tellFaults(faults, { ...source, locate }, report);
    return undefined;
  }
  if (document.contents === null) return emptyNode(startOfFile(source));
  const anchors = new Map<string, Built>();
  const builder = { locate, report, anchors, count: budget.used, isStopped: false };
  const root = build(document.contents, builder, { path: '', depth: 0 });
  budget.used = builder.count;
  return builder.isStopped ? undefined : root;
}

interface Builder {
  readonly locate: Locate;
  readonly report: Report;
  readonly anchors: Map<string, Built>;
  count: number;
  isStopped: boolean;
}

interface Built {
  readonly node: Node;
  readonly size: number;
}

interface Place {
  readonly path: string;
  readonly depth: number;
}

interface Located extends NamedText {
  readonly locate: Locate;
}

/** Tells the faults, without those that only follow from an earlier one. */
function tellFaults(faults: readonly YAMLError[], source: Located, report: Report): void {
  if (faults.some((fault) => fault.code === 'RESOURCE_EXHAUSTION')) {
    report.problem(spotAt(startOfFile(source)), 'syntax', TOO_DEEP);
    return;
  }
  const places = new Set<number>();
  let isLost = false;
  for (const { pos, code, message } of faults) {
    const [offset] = pos;
    if (places.has(offset) || (isLost && code === 'UNEXPECTED_TOKEN')) continue;
    const isVariable = source.text.startsWith('${', offset - 1);
    const sentence = isVariable ? IN_BRACES : describeYamlFault(code, message);
    report.problem(spotAt(source.locate(offset)), 'syntax', sentence);
    places.add(offset);
    isLost ||= code === 'UNEXPECTED_TOKEN';
  }
}

function parseSafely(source: NamedText, report: Report) {
  try {
    const options = { prettyErrors: false, uniqueKeys: false, schema: 'core' } as const;
    return parseDocument(source.text, { ...options, version: '1.2', logLevel: 'error' });
  } catch {
    // The reader recurses: brackets within brackets by the thousand exhaust its stack.
    report.problem(spotAt(startOfFile(source)), 'syntax', TOO_DEEP);
    return undefined;
  }
}

function build(source: unknown, builder: Builder, place: Place): Node {
  const at = builder.locate(startOf(source));
  const before = builder.count;
  builder.count += 1;
  if (isOverLimit(builder, place, at)) return emptyNode(at);
  if (isAlias(source)) return resolveAlias(source.source, at, builder, place);
  const node = buildOwn(source, at, builder, place);
  const anchor = (source as { anchor?: string } | null)?.anchor;
  if (anchor !== undefined) builder.anchors.set(anchor, { node, size: builder.count - before });
  return node;
}

function buildOwn(source: unknown, at: Position, builder: Builder, place: Place): Node {
  const depth = place.depth + 1;
  if (isSeq(source)) {
    const items = source.items.map((item, i) => build(item, builder, { path: `${place.path}[${i}]`, depth }));
    return { kind: 'list', at, items };
  }
  if (isMap(source)) return { kind: 'map', at, entries: buildEntries(source.items, builder, place) };
  return isScalar(source) ? buildScalar(source, at) : emptyNode(at);
}

function buildScalar(source: Scalar, at: Position): Node {
  const isPlain = source.type === 'PLAIN';
  const { value } = source;
  const isKnown = value === null || ['string', 'number', 'boolean'].includes(typeof value);
  const text = isPlain ? (source.source ?? '') : String(value ?? '');
  const plain = isKnown ? (value as string | number | boolean | null) : text;
  return { kind: 'scalar', at, value: plain, text, isPlain, substituted: undefined };
}

function buildEntries(pairs: readonly Pair[], builder: Builder, place: Place): readonly MapEntry[] {
  const entries = new Map<string, MapEntry>();
  const merged: Node[] = [];
  for (const pair of pairs) {
    const keyAt = builder.locate(startOf(pair.key));
    const key = keyText(pair.key);
    const path = childPath(place.path, key ?? '?');
    const value = build(pair.value, builder, { path, depth: place.depth + 1 });
    if (key === undefined) {
      builder.report.problem(
        spotAt(keyAt, place.path),
        'syntax',
        'a key must be text; write a name before the ":"',
      );
    } else if (key === '<<' && isScalar(pair.key) && pair.key.type === 'PLAIN') {
      merged.push(value);
    } else if (entries.has(key)) {
      const first = entries.get(key)?.keyAt.line ?? 0;
      const message = `the key is here a second time (first in line ${first}); leave one of the two out`;
      builder.report.problem(spotAt(keyAt, path), 'duplicate-key', message);
    } else {
      entries.set(key, { key, keyAt, value: value.kind === 'scalar' ? atKeyIfEmpty(value, keyAt) : value });
    }
  }
  for (const node of merged) mergeInto(entries, node, builder, place);
  return [...entries.values()];
}

/** What `<<` brings in: the entries of a map, or of a list of maps, where the map itself does not have the key. */
function mergeInto(entries: Map<string, MapEntry>, node: Node, builder: Builder, place: Place): void {
  const sources = node.kind === 'list' ? node.items : [node];
  for (const source of sources) {
    if (source.kind !== 'map') {
      const spot = spotAt(source.at, childPath(place.path, '<<'));
      builder.report.problem(spot, 'wrong-value', '"<<" merges maps only; write an alias of a map');
      continue;
    }
    for (const entry of source.entries) if (!entries.has(entry.key)) entries.set(entry.key, entry);
  }
}

/** An anchor counts only from its end on: a node that contains itself finds none. */
function resolveAlias(name: string, at: Position, builder: Builder, place: Place): Node {
  const built = builder.anchors.get(name);
  if (built === undefined) {
    const message = `no anchor &${name} above; write the anchor before its alias, and not around it`;
    builder.report.problem(spotAt(at, place.path), 'unknown-name', message);
    return { ...emptyNode(at), substituted: { written: `*${name}`, doubt: 'broken', isSecret: false } };
  }
  builder.count += built.size;
  return isOverLimit(builder, place, at) ? emptyNode(at) : built.node;
}

function isOverLimit(builder: Builder, place: Place, at: Position): boolean {
  if (builder.isStopped) return true;
  const isTooLarge = builder.count > MAX_NODES;
  if (!isTooLarge && place.depth <= MAX_DEPTH) return false;
  builder.isStopped = true;
  const message = isTooLarge
    ? `more than ${MAX_NODES} values, aliases counted in full; write a smaller config`
    : `nested more than ${MAX_DEPTH} deep; make it flatter`;
  builder.report.problem(spotAt(at, place.depth > 8 ? '' : place.path), 'syntax', message);
  return true;
}

function keyText(key: unknown): string | undefined {
  if (!isScalar(key) || key.value === null) return undefined;
  return key.type === 'PLAIN' ? (key.source ?? String(key.value)) : String(key.value);
}

function startOf(source: unknown): number {
  return (source as { range?: readonly number[] | null } | null)?.range?.[0] ?? 0;
}

/** A value left empty has no place of its own: its key's place says more. */
function atKeyIfEmpty(node: Node, keyAt: Position): Node {
  return node.kind === 'scalar' && node.value === null && node.text === '' && node.substituted === undefined
    ? { ...node, at: keyAt }
    : node;
}

function emptyNode(at: Position): ScalarNode {
  return { kind: 'scalar', at, value: null, text: '', isPlain: true, substituted: undefined };
}

function startOfFile({ file }: NamedText): Position {
  return { file, line: 1, column: 1 };
}

function spotAt(at: Position, path = ''): Spot {
  return { at, path, doubt: undefined };
}
