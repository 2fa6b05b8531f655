import type { Position } from './tree.ts';

/** What kind of thing a problem is; those from `deprecated` on are warnings only. */
export type ProblemCode =
  | 'syntax'
  | 'duplicate-key'
  | 'missing-key'
  | 'unknown-key'
  | 'wrong-value'
  | 'unknown-name'
  | 'unknown-variable'
  | 'conflict'
  | 'forbidden'
  | 'unreadable-file'
  | 'unsupported'
  | 'deprecated'
  | 'unused'
  | 'no-effect'
  | 'not-canonical'
  | 'unusual'
  | 'not-checked';

/** One thing to say about a config. `line` and `column` count from 1; `path` is empty for the document as a whole. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
  /** What is wrong; what would be right. */
  readonly message: string;
  readonly code: ProblemCode;
}

/**
 * Why a value may be wrong through no fault of its own: `guess`, it stands in for one that is not known here; `broken`,
 * a problem with one of its variables has been told already.
 */
export type Doubt = 'guess' | 'broken';

/** Where in the document something is said of. */
export interface Spot {
  readonly at: Position;
  readonly path: string;
  readonly doubt: Doubt | undefined;
}

/** Collects what there is to say, so that everything is said at once. */
export interface Report {
  problem(spot: Spot, code: ProblemCode, message: string): void;
  warn(spot: Spot, code: ProblemCode, message: string): void;
  problems(): readonly Problem[];
  warnings(): readonly Problem[];
}

/**
 * An empty report. `main` is the file whose problems come first; those of others follow by their names. A problem with a
 * guessed value is only a warning: the real value may be right.
 */
export function createReport(main: string): Report {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const put = (list: Problem[], spot: Spot, code: ProblemCode, message: string): void => {
    const { file, line, column } = spot.at;
    list.push({ file, line, column, path: spot.path, message, code });
  };
  return {
    problem(spot, code, message) {
      if (spot.doubt === 'broken') return;
      if (spot.doubt === undefined) put(problems, spot, code, message);
      else
        put(warnings, spot, 'not-checked', 'depends on a tag of the instance; it can be checked only there');
    },
    warn: (spot, code, message) => put(warnings, spot, code, message),
    problems: () => inOrder(problems, main),
    warnings: () => inOrder(warnings, main),
  };
}

/** `file:line:column path: what is wrong; what would be right` */
export function formatProblem(problem: Problem): string {
  const where = `${problem.file}:${problem.line}:${problem.column}`;
  return problem.path === ''
    ? `${where}: ${problem.message}`
    : `${where} ${problem.path}: ${problem.message}`;
}

function inOrder(list: readonly Problem[], main: string): readonly Problem[] {
  const unique = new Map(list.map((problem) => [formatProblem(problem), problem]));
  return [...unique.values()].sort(
    (a, b) => byFile(a.file, b.file, main) || a.line - b.line || a.column - b.column,
  );
}

function byFile(a: string, b: string, main: string): number {
  if (a === b) return 0;
  if (a === main || b === main) return a === main ? -1 : 1;
  return a < b ? -1 : 1;
}
