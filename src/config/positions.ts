import type { Position } from './tree.ts';

/** A text and the name of its file, as problems tell it: a path, `stdin`, `ssm:/…`. */
export interface NamedText {
  readonly file: string;
  readonly text: string;
}

/** Gives the place of an offset in a text. */
export type Locate = (offset: number) => Position;

/**
 * Places in a text, from its own line ends (the YAML reader's line counter loses lines in damaged texts). What is missing
 * at the end of the text is told of right behind its last character, not on an empty line below.
 */
export function locator({ file, text }: NamedText): Locate {
  const starts = [0];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  const last = text.trimEnd().length;
  return (offset) => {
    const at = Math.min(offset, last);
    const line = lastAtMost(starts, at);
    return { file, line: line + 1, column: at - (starts[line] ?? 0) + 1 };
  };
}

/** Index of the last of the ascending numbers that is not above the limit. */
function lastAtMost(ascending: readonly number[], limit: number): number {
  let [low, high] = [0, ascending.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((ascending[middle] ?? 0) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}
