import { DescribeRouteTablesCommand } from '@aws-sdk/client-ec2';
import { expect } from 'vitest';
import { serverFilters } from '../../src/aws/index.ts';
import type { Finder } from '../../src/core/index.ts';
import {
  type Connected,
  type ContractCase,
  GONE,
  mustChange,
  readRoute,
  readTable,
  refusalOf,
  signal,
  toInterface,
} from './world.ts';

async function idsBy(
  world: Connected,
  filters: Readonly<Record<string, readonly string[]>>,
): Promise<string[]> {
  const named = Object.entries(filters).map(([name, values]) => ({ name, values }));
  const query = { ids: undefined, filters: named, roleArn: undefined };
  const result = await world.routeTables.describe(query, signal);
  if (!result.ok) throw new Error(`describe failed: ${result.failure.code} ${result.failure.message}`);
  return result.tables.map((table) => table.id).sort();
}

type FilterRow = readonly [
  key: string,
  filters: (world: Connected) => Record<string, readonly string[]>,
  expected: (world: Connected) => readonly string[],
];

const FILTERS: readonly FilterRow[] = [
  ['vpc', (w) => ({ 'vpc-id': [w.vpcId] }), ({ tables: t }) => [t.main, t.a, t.b, ...t.others]],
  ['tag', (w) => ({ 'vpc-id': [w.vpcId], 'tag:az': ['a'] }), (w) => [w.tables.a]],
  [
    'tag-values',
    (w) => ({ 'vpc-id': [w.vpcId], 'tag:az': ['a', 'b', 'c'] }),
    (w) => [w.tables.a, w.tables.b],
  ],
  ['tag-case', (w) => ({ 'vpc-id': [w.vpcId], 'tag:az': ['A'] }), () => []],
  ['tag-key', (w) => ({ 'vpc-id': [w.vpcId], 'tag-key': ['az'] }), (w) => [w.tables.a, w.tables.b]],
  ['tag-keys', (w) => ({ 'vpc-id': [w.vpcId], 'tag-key': ['az', 'other'] }), (w) => [w.tables.a, w.tables.b]],
  ['tag-wildcard', (w) => ({ 'vpc-id': [w.vpcId], 'tag:type': ['pri*'] }), (w) => [w.tables.a, w.tables.b]],
  ['tag-escaped', (w) => ({ 'vpc-id': [w.vpcId], 'tag:odd': ['a\\*b'] }), (w) => [w.tables.b]],
  ['main', (w) => ({ 'vpc-id': [w.vpcId], 'association.main': ['true'] }), (w) => [w.tables.main]],
  ['subnet', (w) => ({ 'association.subnet-id': [w.subnets.b] }), (w) => [w.tables.b]],
  ['subnets', (w) => ({ 'association.subnet-id': [w.subnets.a, 'subnet-0'] }), (w) => [w.tables.a]],
  ['ids', (w) => ({ 'route-table-id': [w.tables.a, GONE.table] }), (w) => [w.tables.a]],
  ['and', (w) => ({ 'tag:az': ['a'], 'association.subnet-id': [w.subnets.b] }), () => []],
  [
    'route',
    (w) => ({ 'vpc-id': [w.vpcId], 'route.destination-cidr-block': ['198.51.100.0/24'] }),
    (w) => [w.tables.b],
  ],
];

const filterCases = FILTERS.map(
  ([key, filters, expected]): ContractCase => ({
    key: `filter-${key}`,
    title: `tables are found by the filter ${key}`,
    async run(world) {
      const destination = { kind: 'ipv4', cidr: '198.51.100.0/24' } as const;
      const at = { destination, tableId: world.tables.b };
      if (key === 'route') await mustChange(world, 'create', { ...at, to: toInterface(world.interfaces.b) });
      expect(await idsBy(world, filters(world))).toEqual([...expected(world)].sort());
      if (key === 'route') await mustChange(world, 'delete', at);
    },
  }),
);

const tableCases: readonly ContractCase[] = [
  {
    key: 'table-facts',
    title: 'a table is read with its VPC, owner, tags and associations',
    async run(world) {
      expect(await readTable(world, world.tables.a)).toMatchObject({
        vpcId: world.vpcId,
        ownerId: world.accountId,
        tags: { az: 'a', type: 'private' },
        isMain: false,
        subnetIds: [world.subnets.a],
      });
      expect(await readTable(world, world.tables.main)).toMatchObject({ isMain: true, subnetIds: [] });
    },
  },
  {
    key: 'local-route',
    title: 'every table has the local route',
    async run(world) {
      const route = await readRoute(world, { kind: 'ipv4', cidr: world.vpcCidr }, world.tables.b);
      expect(route).toMatchObject({ target: { kind: 'local' }, origin: 'CreateRouteTable', state: 'active' });
    },
  },
  {
    key: 'ids-missing',
    title: 'one id that does not exist fails a read by ids',
    async run(world) {
      const command = new DescribeRouteTablesCommand({ RouteTableIds: [world.tables.a, GONE.table] });
      expect(await refusalOf(world.sdk.send(command))).toBe('InvalidRouteTableID.NotFound 400');
    },
  },
  {
    key: 'ids-missing-read',
    title: 'vpcast reads the tables that are there beside one that is gone',
    async run(world) {
      const ids = [world.tables.a, GONE.table, world.tables.b];
      const result = await world.routeTables.describe({ ids, filters: [], roleArn: undefined }, signal);
      expect(result.ok && result.tables.map(({ id }) => id).sort()).toEqual(
        [world.tables.a, world.tables.b].sort(),
      );
    },
  },
  {
    key: 'unknown-filter',
    title: 'a filter that does not exist is refused',
    async run(world) {
      const Filters = [{ Name: 'route.network-interface-id', Values: ['eni-1'] }];
      const refused = await refusalOf(world.sdk.send(new DescribeRouteTablesCommand({ Filters })));
      expect(refused).toBe('InvalidParameterValue 400');
    },
  },
  {
    key: 'pagination',
    title: 'tables are answered in pages that together are all',
    async run(world) {
      const Filters = [{ Name: 'vpc-id', Values: [world.vpcId] }];
      const sizes: number[] = [];
      const seen = new Set<string | undefined>();
      for (
        let NextToken: string | undefined, isFirst = true;
        isFirst || NextToken !== undefined;
        isFirst = false
      ) {
        const page = await world.sdk.send(
          new DescribeRouteTablesCommand({ Filters, MaxResults: 5, NextToken }),
        );
        sizes.push(page.RouteTables?.length ?? 0);
        for (const table of page.RouteTables ?? []) seen.add(table.RouteTableId);
        NextToken = page.NextToken;
      }
      expect(sizes).toEqual([5, 3]);
      expect(seen.size).toBe(8);
    },
  },
  {
    key: 'page-size',
    title: 'a page of fewer than five is refused',
    async run(world) {
      const refused = await refusalOf(world.sdk.send(new DescribeRouteTablesCommand({ MaxResults: 4 })));
      expect(refused).toBe('InvalidParameterValue 400');
    },
  },
  {
    key: 'finder-filters',
    title: 'the filters that vpcast makes of a config find its tables',
    async run(world) {
      const byTag = (key: string, value: string): Finder => ({ kind: 'by-tag', not: false, key, value });
      const finder: Finder = { kind: 'and', not: false, of: [byTag('type', 'private'), byTag('odd', 'a*b')] };
      const filters = serverFilters([{ finder, vpcId: world.vpcId }]);
      const found = await idsBy(world, Object.fromEntries(filters.map(({ name, values }) => [name, values])));
      expect(found).toEqual([world.tables.b]);
    },
  },
];

/** Finding and reading tables. */
export const TABLE_CASES: readonly ContractCase[] = [...filterCases, ...tableCases];
