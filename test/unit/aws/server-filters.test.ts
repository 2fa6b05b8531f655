import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ScopedFinder, serverFilters } from '../../../src/aws/index.ts';
import { type Finder, matches, type ObservedTable } from '../../../src/core/index.ts';

type Filters = ReturnType<typeof serverFilters>;

const byTag = (key: string, value: string, not = false): Finder => ({ kind: 'by-tag', not, key, value });
const and = (...of: Finder[]): Finder => ({ kind: 'and', not: false, of });
const or = (...of: Finder[]): Finder => ({ kind: 'or', not: false, of });
const main: Finder = { kind: 'main', not: false };
const filtersOf = (...finders: Finder[]) =>
  serverFilters(finders.map((finder) => ({ finder, vpcId: undefined })));
const sorted = (filters: Filters) =>
  Object.fromEntries(filters.map(({ name, values }) => [name, [...values].sort()]));

describe('server-side filters', () => {
  it.each<[string, Finder, Record<string, string[]>]>([
    ['a tag', byTag('az', 'a'), { 'tag:az': ['a'] }],
    ['an empty tag, by its key', byTag('az', ''), { 'tag-key': ['az'] }],
    [
      'a tag by expression, by its key',
      { kind: 'by-tag-regexp', not: false, key: 'az', pattern: /a/ },
      { 'tag-key': ['az'] },
    ],
    ['ids', { kind: 'by-id', not: false, ids: ['rtb-1', 'rtb-2'] }, { 'route-table-id': ['rtb-1', 'rtb-2'] }],
    ['the main table', main, { 'association.main': ['true'] }],
    [
      'a subnet',
      { kind: 'subnet', not: false, subnetId: 'subnet-1' },
      { 'association.subnet-id': ['subnet-1'] },
    ],
    [
      'an IPv4 route',
      { kind: 'has-route-to', not: false, destination: '10.0.0.0/8' },
      { 'route.destination-cidr-block': ['10.0.0.0/8'] },
    ],
    ['an IPv6 route not at all', { kind: 'has-route-to', not: false, destination: '::/0' }, {}],
    ['a prefix list not at all', { kind: 'has-route-to', not: false, destination: 'pl-1' }, {}],
    ['a negated finder not at all', byTag('az', 'a', true), {}],
    ['a negated `and` not at all', { ...and(main), not: true }, {}],
    [
      'both parts of an `and`',
      and(main, byTag('az', 'a')),
      { 'association.main': ['true'], 'tag:az': ['a'] },
    ],
    [
      'what is left of an `and` with a negation',
      and(byTag('az', 'a', true), main),
      { 'association.main': ['true'] },
    ],
    ['an `or` over one tag', or(byTag('az', 'a'), byTag('az', 'b')), { 'tag:az': ['a', 'b'] }],
    [
      'an `or` over two keys, by the keys',
      or(byTag('az', 'a'), byTag('type', 'b')),
      { 'tag-key': ['az', 'type'] },
    ],
    ['an `or` over different things not at all', or(byTag('az', 'a'), main), {}],
    ['no ids, which mean nothing, as everything', { kind: 'by-id', not: false, ids: [] }, {}],
    ['an empty `or`, which means nothing, as everything', or(), {}],
  ])('ask for %s', (_, finder, expected) => {
    expect(sorted(filtersOf(finder))).toEqual(expected);
  });

  it('serve several groups at once where they depend on the same thing', () => {
    expect(sorted(filtersOf(byTag('az', 'a'), and(main, byTag('az', 'b'))))).toEqual({
      'tag:az': ['a', 'b'],
    });
    expect(filtersOf(byTag('az', 'a'), main)).toEqual([]);
  });

  it('name the VPC only where every group is bound to one', () => {
    const own = { finder: main, vpcId: 'vpc-1' };
    expect(sorted(serverFilters([own, { finder: main, vpcId: 'vpc-2' }]))).toEqual({
      'association.main': ['true'],
      'vpc-id': ['vpc-1', 'vpc-2'],
    });
    expect(sorted(serverFilters([own, { finder: main, vpcId: undefined }]))).toEqual({
      'association.main': ['true'],
    });
  });

  it('are not narrowed by a group that can mean nothing', () => {
    expect(sorted(filtersOf(byTag('az', 'a'), or()))).toEqual({ 'tag:az': ['a'] });
  });

  it("take EC2's wildcards for what they are", () => {
    expect(filtersOf(byTag('az', 'a*b?c\\d'))).toEqual([{ name: 'tag:az', values: ['a\\*b\\?c\\\\d'] }]);
  });

  it('stay below the number of values that EC2 takes', () => {
    const ids = Array.from({ length: 201 }, (_, index) => `rtb-${index}`);
    expect(filtersOf(and({ kind: 'by-id', not: false, ids }, main))).toEqual([
      { name: 'association.main', values: ['true'] },
    ]);
  });
});

/** EC2's rule: all names, any value of each, `*` and `?` as wildcards, `\` before a literal. */
function serverKeeps(filters: Filters, table: ObservedTable): boolean {
  return filters.every(({ name, values }) =>
    valuesOf(name, table).some((value) => values.some((pattern) => wildcard(pattern).test(value))),
  );
}

function valuesOf(name: string, table: ObservedTable): readonly string[] {
  if (name.startsWith('tag:')) {
    const value = table.tags[name.slice(4)];
    return value === undefined ? [] : [value];
  }
  switch (name) {
    case 'tag-key':
      return Object.keys(table.tags);
    case 'route-table-id':
      return [table.id];
    case 'vpc-id':
      return [table.vpcId];
    case 'association.main':
      return [String(table.isMain)];
    case 'association.subnet-id':
      return table.subnetIds;
    case 'route.destination-cidr-block':
      return table.routes.flatMap(({ destination }) => (destination.kind === 'ipv4' ? destination.cidr : []));
    default:
      throw new Error(`not a filter that vpcast uses: ${name}`);
  }
}

function wildcard(pattern: string): RegExp {
  let source = '';
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index] ?? '';
    if (character === '*') source += '.*';
    else if (character === '?') source += '.?';
    else {
      if (character === '\\') index += 1;
      source += `\\u{${pattern.charCodeAt(index).toString(16)}}`;
    }
  }
  return new RegExp(`^${source}$`, 'su');
}

const keys = fc.constantFrom('az', 'type', 'Name');
const tagValues = fc.constantFrom('', 'a', 'b', 'a*', 'a?', '\\', '*', 'private');
const ids = fc.constantFrom('rtb-1', 'rtb-2', 'rtb-3');
const subnets = fc.constantFrom('subnet-1', 'subnet-2', 'subnet-3');
const destinations = fc.constantFrom('0.0.0.0/0', '10.0.0.0/8', '::/0', 'pl-1');
const vpcs = fc.constantFrom('vpc-1', 'vpc-2');

const finders = fc.letrec<{ finder: Finder }>((tie) => {
  const not = fc.boolean();
  const of = fc.array(tie('finder'), { maxLength: 3 });
  const pattern = fc.constantFrom(/a/, /^$/, /./);
  return {
    finder: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.record({ kind: fc.constant('by-tag' as const), not, key: keys, value: tagValues }),
      fc.record({ kind: fc.constant('by-tag-regexp' as const), not, key: keys, pattern }),
      fc.record({ kind: fc.constant('by-id' as const), not, ids: fc.array(ids, { maxLength: 3 }) }),
      fc.record({ kind: fc.constant('main' as const), not }),
      fc.record({ kind: fc.constant('subnet' as const), not, subnetId: subnets }),
      fc.record({ kind: fc.constant('has-route-to' as const), not, destination: destinations }),
      fc.record({ kind: fc.constant('and' as const), not, of }),
      fc.record({ kind: fc.constant('or' as const), not, of }),
    ),
  };
}).finder;

const groups: fc.Arbitrary<ScopedFinder[]> = fc.array(
  fc.record({ finder: finders, vpcId: fc.option(vpcs, { nil: undefined }) }),
  { minLength: 1, maxLength: 4 },
);

const tables: fc.Arbitrary<ObservedTable> = fc.record({
  id: ids,
  vpcId: vpcs,
  ownerId: fc.constant('123456789012'),
  tags: fc.dictionary(keys, tagValues),
  isMain: fc.boolean(),
  subnetIds: fc.uniqueArray(subnets, { maxLength: 2 }),
  routes: fc.uniqueArray(destinations, { maxLength: 3 }).map((texts) => texts.map(routeTo)),
  roleArn: fc.constant(undefined),
  readAtMs: fc.constant(0),
});

function routeTo(text: string): ObservedTable['routes'][number] {
  const destination = text.startsWith('pl-')
    ? ({ kind: 'prefix-list', id: text } as const)
    : ({ kind: text.includes(':') ? 'ipv6' : 'ipv4', cidr: text } as const);
  const target = { kind: 'gateway', id: 'igw-1' } as const;
  return {
    destination,
    target,
    instanceId: undefined,
    interfaceId: undefined,
    origin: 'CreateRoute',
    state: 'active',
  };
}

describe('for any finders and any table', () => {
  it('the server never keeps back a table that a group means', () => {
    fc.assert(
      fc.property(groups, tables, (scoped, table) => {
        const isMeant = scoped.some(
          ({ finder, vpcId }) => (vpcId === undefined || vpcId === table.vpcId) && matches(finder, table),
        );
        fc.pre(isMeant);
        expect(serverKeeps(serverFilters(scoped), table)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
