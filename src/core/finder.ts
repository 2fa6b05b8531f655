import { assertNever } from '../lib/assert-never.ts';
import type { ObservedTable } from './route.ts';
import { destinationKey } from './route.ts';

/** Which tables a group means, as the config's `find` says. Each member takes `not`. */
export type Finder = { readonly not: boolean } & (
  | { readonly kind: 'by-tag'; readonly key: string; readonly value: string }
  | { readonly kind: 'by-tag-regexp'; readonly key: string; readonly pattern: RegExp }
  | { readonly kind: 'by-id'; readonly ids: readonly string[] }
  | { readonly kind: 'main' }
  | { readonly kind: 'subnet'; readonly subnetId: string }
  | { readonly kind: 'has-route-to'; readonly destination: string }
  | { readonly kind: 'and'; readonly of: readonly Finder[] }
  | { readonly kind: 'or'; readonly of: readonly Finder[] }
);

/** True where the finder means this table. Says nothing of the VPC: that guard stands apart. */
export function matches(finder: Finder, table: ObservedTable): boolean {
  return holds(finder, table) !== finder.not;
}

function holds(finder: Finder, table: ObservedTable): boolean {
  switch (finder.kind) {
    case 'by-tag':
      return table.tags[finder.key] === finder.value;
    case 'by-tag-regexp': {
      const value = table.tags[finder.key];
      return value !== undefined && finder.pattern.test(value);
    }
    case 'by-id':
      return finder.ids.includes(table.id);
    case 'main':
      return table.isMain;
    case 'subnet':
      return table.subnetIds.includes(finder.subnetId);
    case 'has-route-to':
      return table.routes.some((route) => destinationKey(route.destination) === finder.destination);
    case 'and':
      return finder.of.every((child) => matches(child, table));
    case 'or':
      return finder.of.some((child) => matches(child, table));
    default:
      return assertNever(finder);
  }
}
