import type { Finder } from '../core/index.ts';
import { assertNever } from '../lib/assert-never.ts';
import type { TableQuery } from './route-tables.ts';

/** One group's finder, and the only VPC whose tables it may mean. */
export interface ScopedFinder {
  readonly finder: Finder;
  readonly vpcId: string | undefined;
}

/**
 * What a table must have to be meant: for each of EC2's filter names, one of these values. A name that is absent says
 * nothing. Undefined in its place: nothing can be meant.
 */
type Conditions = ReadonlyMap<string, ReadonlySet<string>>;

const ANYTHING: Conditions = new Map();

/** EC2 refuses a request with more filter values than this (FilterLimitExceeded). */
const MAX_VALUES = 200;

/**
 * EC2 filters for one DescribeRouteTables whose answer holds every table that any of the finders means, and maybe more:
 * EC2 takes all names that it is given and any value of each, so only a name that every finder depends on may be given.
 * The finders are applied again to the answer. `[]`: all tables have to be read.
 */
export function serverFilters(scoped: readonly ScopedFinder[]): TableQuery['filters'] {
  const conditions = anyOf(scoped.map(({ finder, vpcId }) => allOf([conditionsOf(finder), inVpc(vpcId)])));
  const filters = [...(conditions ?? ANYTHING)]
    .filter(([name]) => name !== 'tag-key' || !isImplied(conditions ?? ANYTHING))
    .map(([name, values]) => ({ name, values: [...values].map(literal) }));
  return withinLimit(filters);
}

/** What every table that the finder means has. A negated finder is taken to mean any table. */
function conditionsOf(finder: Finder): Conditions | undefined {
  if (finder.not) return ANYTHING;
  switch (finder.kind) {
    case 'by-tag':
      return ofTag(finder.key, finder.value);
    case 'by-tag-regexp':
      return new Map([['tag-key', new Set([finder.key])]]);
    case 'by-id':
      return new Map([['route-table-id', new Set(finder.ids)]]);
    case 'main':
      return new Map([['association.main', new Set(['true'])]]);
    case 'subnet':
      return new Map([['association.subnet-id', new Set([finder.subnetId])]]);
    case 'has-route-to':
      return ofRoute(finder.destination);
    case 'and':
      return allOf(finder.of.map(conditionsOf));
    case 'or':
      return anyOf(finder.of.map(conditionsOf));
    default:
      return assertNever(finder);
  }
}

/** An empty value cannot be asked for, so that only the key is; with both, groups that differ in how they look at one key share a name. */
function ofTag(key: string, value: string): Conditions {
  const conditions = new Map([['tag-key', new Set([key])]]);
  return value === '' ? conditions : conditions.set(`tag:${key}`, new Set([value]));
}

/** Only IPv4: EC2 compares texts, and an IPv6 destination has more than one. */
function ofRoute(destination: string): Conditions {
  const isIpv4 = /^[\d.]+\/\d+$/.test(destination);
  return isIpv4 ? new Map([['route.destination-cidr-block', new Set([destination])]]) : ANYTHING;
}

function inVpc(vpcId: string | undefined): Conditions {
  return vpcId === undefined ? ANYTHING : new Map([['vpc-id', new Set([vpcId])]]);
}

/**
 * All must hold. Where two name the same thing, one of them is kept, the narrower: their intersection would be wrong,
 * because a table can have several subnets, tags and routes.
 */
function allOf(parts: readonly (Conditions | undefined)[]): Conditions | undefined {
  const merged = new Map<string, ReadonlySet<string>>();
  for (const part of parts) {
    if (part === undefined) return undefined;
    for (const [name, values] of part) {
      const before = merged.get(name);
      if (before === undefined || values.size < before.size) merged.set(name, values);
    }
  }
  return merged;
}

/** One must hold: the names that all have, with the values of all. What can never hold does not widen it. */
function anyOf(parts: readonly (Conditions | undefined)[]): Conditions | undefined {
  const possible = parts.filter((part) => part !== undefined);
  const [first, ...others] = possible;
  if (first === undefined) return undefined;
  const shared = [...first.keys()].filter((name) => others.every((other) => other.has(name)));
  return new Map(
    shared.map((name) => [name, new Set(possible.flatMap((part) => [...(part.get(name) ?? [])]))]),
  );
}

/** A tag's key needs no filter of its own where its value has one. */
function isImplied(conditions: Conditions): boolean {
  const [key, ...others] = conditions.get('tag-key') ?? [];
  return key !== undefined && others.length === 0 && conditions.has(`tag:${key}`);
}

/** In EC2's filter values `*` and `?` are wildcards and `\` escapes. */
function literal(value: string): string {
  return value.replaceAll(/[\\*?]/g, '\\$&');
}

/** Leaves the longest filters out until EC2 takes the rest: fewer filters only read more tables. */
function withinLimit(filters: TableQuery['filters']): TableQuery['filters'] {
  const kept: TableQuery['filters'][number][] = [];
  let count = 0;
  for (const filter of [...filters].sort((a, b) => a.values.length - b.values.length)) {
    count += filter.values.length;
    if (filter.values.length > 0 && count <= MAX_VALUES) kept.push(filter);
  }
  return kept;
}
