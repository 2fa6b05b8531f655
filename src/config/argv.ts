import type { Report } from './problems.ts';
import { type Cursor, describeNode, isNull, itemCursors, type Node, valueSpot } from './tree.ts';

/** A program and its arguments. */
export type Argv = readonly [string, ...string[]];

/** Reads a list of a program and its arguments; an empty list is no command. undefined where there is none or it is wrong. */
export function readArgv(cursor: Cursor | undefined, report: Report): Argv | undefined {
  const [program, ...rest] = readWords(cursor, report) ?? [];
  if (program === undefined || cursor === undefined) return undefined;
  if (program === '') {
    report.problem(
      valueSpot(cursor),
      'wrong-value',
      'the first item is empty; write the program to run there',
    );
    return undefined;
  }
  return [program, ...rest];
}

/** Reads a list of words; numbers and booleans in it are taken as they are written. */
export function readWords(
  cursor: Cursor | undefined,
  report: Report,
  hint = 'write a list, the program first: [/usr/local/bin/notify, --up]',
): readonly string[] | undefined {
  if (cursor === undefined) return undefined;
  if (cursor.node.kind !== 'list') {
    const what = isNull(cursor.node) ? 'has no value' : `got ${describeNode(cursor.node)}`;
    report.problem(valueSpot(cursor), 'wrong-value', `${what}; ${hint}`);
    return undefined;
  }
  const words = itemCursors(cursor).map((item) => {
    const word = wordOf(item.node);
    if (word !== undefined) return word;
    report.problem(
      valueSpot(item),
      'wrong-value',
      `got ${describeNode(item.node)}; write one word, without NUL`,
    );
    return '';
  });
  return words;
}

function wordOf(node: Node): string | undefined {
  if (node.kind !== 'scalar' || node.value === null || node.text.includes('\0')) return undefined;
  return node.text;
}
