import type { Context } from './context.ts';
import { type Cursor, isNull, valueSpot } from './tree.ts';

/** What TCP-MD5 (Linux's `tcp_md5sig`) and TCP-AO have room for. */
const MOST_BYTES = 80;

/**
 * Reads a password or key, whose value no message shows. Undefined (and told) where it can't be one. `what` names it: `a
 * password`.
 */
export function readSecret(cursor: Cursor, what: string, { report }: Context): string | undefined {
  const { node } = cursor;
  const hint = `write ${what} of 1 to ${MOST_BYTES} bytes in one line`;
  if (node.kind !== 'scalar' || isNull(node)) {
    const fault = isNull(node) ? 'has no value' : `got a ${node.kind}`;
    report.problem(valueSpot(cursor), 'wrong-value', `${fault}; ${hint}`);
    return undefined;
  }
  return fitSecret(node.text, { cursor, hint }, { report });
}

/** The same from the file that the value names; a line break at its end does not count. */
export function readSecretFile(
  path: string,
  { cursor, what }: { readonly cursor: Cursor; readonly what: string },
  { report, readFile }: Pick<Context, 'report' | 'readFile'>,
): string | undefined {
  try {
    const text = readFile(path).replace(/\r?\n$/, '');
    const hint = `the file should hold ${what} of 1 to ${MOST_BYTES} bytes in one line`;
    return fitSecret(text, { cursor, hint }, { report });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `the file cannot be read (${why}); write the path of a readable file that holds ${what}`;
    report.problem(valueSpot(cursor), 'unreadable-file', message);
    return undefined;
  }
}

function fitSecret(
  text: string,
  { cursor, hint }: { readonly cursor: Cursor; readonly hint: string },
  { report }: Pick<Context, 'report'>,
): string | undefined {
  const fault = faultOf(text);
  if (fault === undefined) return text;
  report.problem(valueSpot(cursor), 'wrong-value', `${fault}; ${hint}`);
  return undefined;
}

function faultOf(text: string): string | undefined {
  if (text === '') return 'is empty';
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > MOST_BYTES) return `has ${bytes} bytes`;
  return /\p{Cc}/u.test(text) ? 'has a line break or another control character' : undefined;
}
