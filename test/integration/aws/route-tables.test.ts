import { describe, expect, it } from 'vitest';
import { createRouteTables } from '../../../src/aws/index.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { empty, failed, signal, useHarness } from './harness.ts';
import { answer, refuse } from './local-server.ts';

const { serve, open } = useHarness();

describe('reading tables', () => {
  const table = (id: string) =>
    `<item><routeTableId>${id}</routeTableId><vpcId>vpc-1</vpcId><ownerId>1</ownerId><routeSet/></item>`;

  it('reads all pages, and says when the first was asked for', async () => {
    const server = await serve((request, response) => {
      const page = request.params.get('NextToken') ?? 'a';
      const next = page === 'a' ? '<nextToken>b</nextToken>' : '';
      answer(
        response,
        'DescribeRouteTables',
        `<routeTableSet>${table(`rtb-${page}`)}</routeTableSet>${next}`,
      );
    });
    const tables = createRouteTables(open({ endpoint: server.url }), { ...systemClock, now: counting(100) });
    const filters = [{ name: 'vpc-id', values: ['vpc-1'] }];
    const result = await tables.describe({ ids: undefined, filters, roleArn: undefined }, signal);
    expect(result.ok && result.tables.map(({ id, readAtMs }) => ({ id, readAtMs }))).toEqual([
      { id: 'rtb-a', readAtMs: 100 },
      { id: 'rtb-b', readAtMs: 100 },
    ]);
    expect(server.received.map(({ params }) => params.get('MaxResults'))).toEqual(['100', '100']);
    expect(server.received[0]?.params.get('Filter.1.Name')).toBe('vpc-id');
  });

  it('shows nothing of a read whose second page failed', async () => {
    const server = await serve((request, response) => {
      if (request.params.has('NextToken')) refuse(response, 503, 'RequestLimitExceeded');
      else
        answer(
          response,
          'DescribeRouteTables',
          `<routeTableSet>${table('rtb-a')}</routeTableSet><nextToken>b</nextToken>`,
        );
    });
    const tables = createRouteTables(open({ endpoint: server.url }), systemClock);
    const result = await tables.describe({ ids: undefined, filters: [], roleArn: undefined }, signal);
    expect(result).toMatchObject(failed({ kind: 'throttled' }));
  });

  it('asks for many ids in requests of a hundred, and for none without any request', async () => {
    const server = await serve(empty);
    const tables = createRouteTables(open({ endpoint: server.url }), systemClock);
    const ids = Array.from({ length: 230 }, (_, index) => `rtb-${index}`);
    await tables.describe({ ids, filters: [], roleArn: undefined }, signal);
    const asked = server.received.map(({ params }) =>
      [...params].filter(([name]) => name.startsWith('Filter.1.Value')).map(([, value]) => value),
    );
    expect(asked.map((values) => values.length)).toEqual([100, 100, 30]);
    expect(asked.flat()).toEqual(ids);
    expect(await tables.describe({ ids: [], filters: [], roleArn: undefined }, signal)).toEqual({
      ok: true,
      tables: [],
    });
    expect(server.received).toHaveLength(3);
  });

  it('has no call for an action that nothing can carry out', async () => {
    const server = await serve(empty);
    const tables = createRouteTables(open({ endpoint: server.url }), systemClock);
    const action = {
      kind: 'create',
      key: 'k',
      tableId: 'rtb-1',
      roleArn: undefined,
      destination: { kind: 'ipv4', cidr: '10.9.0.0/16' },
      from: undefined,
      to: { kind: 'unknown', id: '' },
      reason: 'absent',
    } as const;
    expect(await tables.apply(action, signal)).toMatchObject(
      failed({ kind: 'invalid', code: 'unwritable-target' }),
    );
    expect(server.received).toHaveLength(0);
  });
});

/** A clock that ticks at every look, so that an early and a late look differ. */
function counting(from: number): () => number {
  let next = from;
  return () => next++;
}
