import type { ObservedTable, RouteAction } from '../core/index.ts';
import type { AwsFailure } from './errors.ts';

/**
 * Which tables to read. With `ids`, exactly these, and one that is gone is merely missing from the answer; otherwise
 * all that pass `filters` (EC2's names and values).
 */
export interface TableQuery {
  readonly ids: readonly string[] | undefined;
  readonly filters: readonly { readonly name: string; readonly values: readonly string[] }[];
  readonly roleArn: string | undefined;
}

export type DescribeResult =
  | { readonly ok: true; readonly tables: readonly ObservedTable[] }
  | { readonly ok: false; readonly failure: AwsFailure };

export type ApplyResult = { readonly ok: true } | { readonly ok: false; readonly failure: AwsFailure };

/**
 * The seam to EC2's route tables. One call of `describe` is one read (all its pages); one call of `apply` is one
 * mutation, tried once: the agent's loop owns every retry. Every request (a page, a mutation) is bounded by the
 * client's request timeout, credentials included, and neither rejects for anything that AWS or the network does.
 */
export interface RouteTables {
  describe(query: TableQuery, signal: AbortSignal): Promise<DescribeResult>;
  apply(action: RouteAction, signal: AbortSignal): Promise<ApplyResult>;
}
