import type { Fields, Shape } from './fields.ts';
import type { Sized } from './health-size.ts';
import type { Report } from './problems.ts';
import { type Cursor, isNull, missingSpot, valueSpot } from './tree.ts';

/** The names of one kind that the document declares, right or wrong, and those that something refers to. */
export interface Names {
  readonly declared: ReadonlySet<string>;
  readonly used: Set<string>;
}

/** The named health expressions: where each stands, and what has been read of them so far. */
export interface Expressions {
  readonly declared: ReadonlyMap<string, Cursor>;
  readonly used: Set<string>;
  /** Those that are being read, the outermost first: to meet one of them again is a cycle. */
  readonly open: string[];
  /** undefined: it is wrong, and that is told. */
  readonly read: Map<string, Sized | undefined>;
}

/** What all readers need. `readFile` gives a text file's content, or throws. */
export interface Context {
  readonly report: Report;
  readonly readFile: (path: string) => string;
  readonly checks: Names;
  readonly templates: Names;
  readonly expressions: Expressions;
  /** False: a file could not be read, so what a name refers to may be in it. */
  readonly isWhole: boolean;
}

/** A nested map or list that has to be there; undefined (and told) where it is not. `hint` says what to write. */
export function requireChild<S extends Shape>(
  fields: Fields<S>,
  key: keyof S & string,
  { report, hint }: { readonly report: Report; readonly hint: string },
): Cursor | undefined {
  const child = fields.child(key);
  if (child === undefined) report.problem(missingSpot(fields.cursor, key), 'missing-key', `missing; ${hint}`);
  else if (isNull(child.node)) report.problem(valueSpot(child), 'wrong-value', `has no value; ${hint}`);
  else return child;
  return undefined;
}
