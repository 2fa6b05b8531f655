import { type ApiResult, failure, success } from '../world/api-error.ts';
import type { QueryParams } from './query-params.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken: string | undefined;
}

/**
 * One page. The token names the last item of the page before, so that a page is right even if items came or went
 * meanwhile. Without `MaxResults` everything is one page.
 */
export function paginate<T extends { readonly id: string }>(
  items: readonly T[],
  params: QueryParams,
  limits: { readonly max: number },
): ApiResult<Page<T>> {
  const size = readSize(params, limits.max);
  if (!size.ok) return size;
  const start = findStart(items, params.get('NextToken'));
  if (start === undefined) return failure('InvalidNextToken', 'The specified NextToken is not valid.');
  const end = size.value === undefined ? items.length : start + size.value;
  const last = items[end - 1];
  const hasMore = end < items.length && last !== undefined;
  return success({ items: items.slice(start, end), nextToken: hasMore ? encodeToken(last.id) : undefined });
}

function readSize(params: QueryParams, max: number): ApiResult<number | undefined> {
  const text = params.get('MaxResults');
  if (text === undefined) return success(undefined);
  const size = Number(text);
  if (!/^\d+$/.test(text)) {
    return failure('InvalidParameterValue', `Value ( ${text} ) for parameter maxResults is invalid.`);
  }
  if (size < 5) return outOfRange(text, 'greater than or equal to 5');
  return size > max ? outOfRange(text, `less than or equal to ${max}`) : success(size);
}

function outOfRange(text: string, expected: string) {
  const message = `Value ( ${text} ) for parameter maxResults is invalid. Expecting a value ${expected}.`;
  return failure('InvalidParameterValue', message);
}

function findStart(items: readonly { readonly id: string }[], token: string | undefined): number | undefined {
  if (token === undefined || token === '') return 0;
  const decoded = Buffer.from(token, 'base64url').toString('utf8');
  if (!decoded.startsWith(TOKEN_PREFIX)) return undefined;
  const position = items.findIndex((item) => item.id === decoded.slice(TOKEN_PREFIX.length));
  return position === -1 ? undefined : position + 1;
}

const TOKEN_PREFIX = 'after:';

function encodeToken(id: string): string {
  return Buffer.from(`${TOKEN_PREFIX}${id}`).toString('base64url');
}
