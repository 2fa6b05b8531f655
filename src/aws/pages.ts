import type { CallResult } from './ec2-client.ts';

/** One page of an answer. An absent or empty `nextToken` ends it. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextToken: string | undefined;
}

/** How many ids or filter values one request names. EC2 allows 200 filter values. */
export const IDS_PER_REQUEST = 100;

/** Reads page after page. One page that fails fails the whole: half an answer must not look like the world. */
export async function readPages<Item>(
  api: string,
  read: (token: string | undefined) => Promise<CallResult<Page<Item>>>,
): Promise<CallResult<readonly Item[]>> {
  const items: Item[] = [];
  const seen = new Set<string>();
  for (let token: string | undefined; ; ) {
    const page = await read(token);
    if (!page.ok) return page;
    items.push(...page.value.items);
    token = page.value.nextToken;
    if (token === undefined || token === '') return { ok: true, value: items };
    if (seen.has(token)) return loopFailure(api);
    seen.add(token);
  }
}

/** Splits a list for requests that take only so many. */
export function chunks<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

function loopFailure(api: string): CallResult<never> {
  const message = 'the same NextToken was answered twice';
  return {
    ok: false,
    failure: { kind: 'transient', api, code: 'pagination', message, requestId: undefined },
  };
}
