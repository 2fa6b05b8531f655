import type { HealthExpression } from '../core/index.ts';
import type { Context } from './context.ts';
import { type Cursor, valueSpot } from './tree.ts';

/** More than any real condition has. Each route's is evaluated in every pass, a named one wherever it is named. */
export const MAX_SIZE = 10_000;
/** Reading and evaluating go as deep on the stack. */
export const MAX_DEPTH = 100;

/** An expression, and what evaluating it costs: nodes and levels, with those of named expressions wherever they stand. */
export interface Sized {
  readonly expression: HealthExpression;
  readonly size: number;
  readonly depth: number;
}

interface Combination {
  readonly expression: HealthExpression;
  readonly parts: readonly Sized[];
}

/** An expression made of others; undefined where it is too large (and told). */
export function combine(at: Cursor, { expression, parts }: Combination, context: Context): Sized | undefined {
  const size = parts.reduce((sum, part) => sum + part.size, 1);
  const depth = parts.reduce((most, part) => Math.max(most, part.depth), 0) + 1;
  if (depth > MAX_DEPTH) return refuseDepth(at, context);
  if (size <= MAX_SIZE) return { expression, size, depth };
  const message = `of more than ${MAX_SIZE} parts, named expressions counted in full; make it smaller`;
  context.report.problem(valueSpot(at), 'wrong-value', message);
  return undefined;
}

export function refuseDepth(at: Cursor, { report }: Context): undefined {
  const message = `nested more than ${MAX_DEPTH} deep, named expressions counted in full; make it flatter`;
  report.problem(valueSpot(at), 'wrong-value', message);
  return undefined;
}
