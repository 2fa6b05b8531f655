import { type NodeBudget, readDocument } from './document.ts';
import type { NamedText } from './positions.ts';
import { createReport, type Report } from './problems.ts';
import { instanceFactsIn, substitute } from './substitute.ts';
import {
  type Cursor,
  describeNode,
  entryCursors,
  isNull,
  itemCursors,
  type Node,
  rootCursor,
  valueSpot,
} from './tree.ts';
import type { Variables } from './variables.ts';

/** What a pattern of `include` comes to, in the order in which it is read. */
export type Found =
  | ({ readonly kind: 'file' } & NamedText)
  /** Something that cannot be read: what is wrong; what would be right. */
  | { readonly kind: 'fault'; readonly message: string }
  /** Something that is to be warned of. */
  | { readonly kind: 'remark'; readonly message: string };

/** Reads the files that a path or pattern means. Never throws. */
export type ReadFiles = (pattern: string) => readonly Found[];

/** A config's main document, and how the files that it includes are read. */
export interface DocumentSource extends NamedText {
  readonly variables: Pick<Variables, 'env'>;
  /** Left out: `include` is refused. */
  readonly readFiles?: ReadFiles | undefined;
}

/** The documents of a config as they are written: variables are not put in yet. */
export interface Documents {
  readonly main: Node;
  /** In the order of the patterns, and of their names within a pattern. */
  readonly included: readonly Node[];
  /** False: some file could not be read (and that is told), so that names may seem to be missing. */
  readonly isWhole: boolean;
}

const HINT = 'write a path or a pattern such as /etc/vpcast.d/*.yaml, or a list of these';

/** Reads the main document and those that it includes. undefined where the main one cannot be read (and that is told). */
export function readDocuments(source: DocumentSource, report: Report): Documents | undefined {
  const budget: NodeBudget = { used: 0 };
  const main = readDocument(source, report, budget);
  if (main === undefined) return undefined;
  const { files, isWhole } = findFiles(main, source, report);
  const included = files.flatMap((file) => readDocument(file, report, budget) ?? []);
  return { main, included, isWhole: isWhole && included.length === files.length };
}

/** Each file once, however many patterns mean it. */
function findFiles(main: Node, source: DocumentSource, report: Report) {
  const files = new Map<string, NamedText>();
  let isWhole = true;
  for (const cursor of patternsIn(main, report)) {
    const pattern = patternOf(cursor, source, report);
    isWhole &&= pattern !== undefined;
    for (const found of pattern === undefined ? [] : lookFor(pattern, source)) {
      if (found.kind === 'file') files.set(found.file, found);
      else if (found.kind === 'remark') report.warn(valueSpot(cursor), 'no-effect', found.message);
      else report.problem(valueSpot(cursor), 'unreadable-file', found.message);
      isWhole &&= found.kind !== 'fault';
    }
  }
  return { files: [...files.values()], isWhole };
}

function lookFor(pattern: string, { readFiles }: DocumentSource): readonly Found[] {
  const message = 'no file can be included here; write all into one document';
  return readFiles?.(pattern) ?? [{ kind: 'fault', message }];
}

function patternsIn(main: Node, report: Report): readonly Cursor[] {
  const cursor = entryCursors(rootCursor(main)).get('include');
  if (cursor === undefined || isNull(cursor.node)) return [];
  if (cursor.node.kind === 'list') return itemCursors(cursor);
  if (cursor.node.kind === 'scalar') return [cursor];
  report.problem(valueSpot(cursor), 'wrong-value', `got a map; ${HINT}`);
  return [];
}

/** The text of a pattern. What the environment lacks is told when variables are put into the whole document. */
function patternOf(cursor: Cursor, { variables }: DocumentSource, report: Report): string | undefined {
  const [fact] = instanceFactsIn(cursor.node);
  if (fact !== undefined) {
    const message = `files are read before the instance is asked for \${${fact}}; write the path, or use \${env:NAME}`;
    report.problem(valueSpot(cursor), 'unsupported', message);
    return undefined;
  }
  const node = substitute(cursor.node, variables, createReport(''));
  if (node.kind === 'scalar' && node.substituted?.doubt !== undefined) return undefined;
  if (node.kind === 'scalar' && typeof node.value === 'string' && node.value !== '') return node.value;
  report.problem(valueSpot(cursor), 'wrong-value', `got ${describeNode(cursor.node)}; ${HINT}`);
  return undefined;
}
