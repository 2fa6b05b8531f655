import {
  CreateRouteCommand,
  DeleteRouteCommand,
  DescribeRouteTablesCommand,
  type EC2Client,
  ReplaceRouteCommand,
} from '@aws-sdk/client-ec2';
import type { ObservedTable } from '../core/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ec2Client } from './ec2-client.ts';
import { chunks, IDS_PER_REQUEST, readPages } from './pages.ts';
import type { DescribeResult, RouteTables, TableQuery } from './route-tables.ts';
import { observedTable, type RouteMutation, routeMutation } from './target.ts';

/** DescribeRouteTables takes 5 to 100. */
const PAGE_SIZE = 100;

type Filters = TableQuery['filters'];

/**
 * Route tables by EC2's API. Tables are asked for by the filter `route-table-id` rather than by RouteTableIds: there one
 * id that is gone fails the whole call, here it is merely missing from the answer.
 */
export function createRouteTables(ec2: Ec2Client, clock: Clock): RouteTables {
  return {
    describe: (query, signal) => describe({ ec2, clock }, query, signal),
    async apply(action, signal) {
      const mutation = routeMutation(action);
      if (mutation === undefined) {
        const api = action.kind === 'create' ? 'CreateRoute' : 'ReplaceRoute';
        const message = `a route cannot be pointed at ${action.to?.kind ?? 'nothing'}`;
        return {
          ok: false,
          failure: { kind: 'invalid', api, code: 'unwritable-target', message, requestId: undefined },
        };
      }
      const context = { api: mutation.api, roleArn: action.roleArn, signal };
      const result = await ec2.call(context, (client, until) => send(client, mutation, until));
      return result.ok ? { ok: true } : result;
    },
  };
}

async function describe(
  { ec2, clock }: { readonly ec2: Ec2Client; readonly clock: Clock },
  query: TableQuery,
  signal: AbortSignal,
): Promise<DescribeResult> {
  const readAtMs = clock.now();
  const tables = new Map<string, ObservedTable>();
  for (const filters of requestsOf(query)) {
    const result = await readTables(ec2, { ...query, filters }, signal);
    if (!result.ok) return result;
    for (const answered of result.value) {
      const table = observedTable(answered, { roleArn: query.roleArn, readAtMs });
      if (table !== undefined) tables.set(table.id, table);
    }
  }
  return { ok: true, tables: [...tables.values()] };
}

/** The filters of each request that a query takes: one, or one per so many ids. */
function requestsOf(query: TableQuery): readonly Filters[] {
  if (query.ids === undefined) return [query.filters];
  return chunks([...new Set(query.ids)], IDS_PER_REQUEST).map((values) => [
    { name: 'route-table-id', values },
  ]);
}

function readTables(ec2: Ec2Client, query: TableQuery, signal: AbortSignal) {
  const api = 'DescribeRouteTables';
  const Filters = query.filters.map(({ name, values }) => ({ Name: name, Values: [...values] }));
  return readPages(api, (token) =>
    ec2.call({ api, roleArn: query.roleArn, signal }, async (client, abortSignal) => {
      const input = { Filters, MaxResults: PAGE_SIZE, ...(token === undefined ? {} : { NextToken: token }) };
      const answer = await client.send(new DescribeRouteTablesCommand(input), { abortSignal });
      return { items: answer.RouteTables ?? [], nextToken: answer.NextToken };
    }),
  );
}

async function send(client: EC2Client, mutation: RouteMutation, abortSignal: AbortSignal): Promise<void> {
  switch (mutation.api) {
    case 'CreateRoute':
      await client.send(new CreateRouteCommand(mutation.input), { abortSignal });
      return;
    case 'ReplaceRoute':
      await client.send(new ReplaceRouteCommand(mutation.input), { abortSignal });
      return;
    case 'DeleteRoute':
      await client.send(new DeleteRouteCommand(mutation.input), { abortSignal });
      return;
  }
}
