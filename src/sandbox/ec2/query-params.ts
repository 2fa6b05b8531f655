import { type ApiResult, failure, success } from '../world/api-error.ts';

/** A Query API call's parameters, as sent. */
export type QueryParams = ReadonlyMap<string, string>;

export interface Filter {
  readonly name: string;
  readonly values: readonly string[];
}

/** Joins the query string and the form body; the body wins. */
export function parseQueryParams(query: URLSearchParams, body: string): QueryParams {
  return new Map([...query, ...new URLSearchParams(body)]);
}

/** `Name.1`, `Name.2`, … in the order of their numbers; gaps are passed over. */
export function readList(params: QueryParams, name: string): readonly string[] {
  const numbered: [number, string][] = [];
  for (const [key, value] of params) {
    const match = key.startsWith(`${name}.`) ? /^\d+$/.exec(key.slice(name.length + 1)) : null;
    if (match) numbered.push([Number(match[0]), value]);
  }
  return numbered.sort(([a], [b]) => a - b).map(([, value]) => value);
}

/** `Filter.N.Name` with `Filter.N.Value.M`. */
export function readFilters(params: QueryParams): ApiResult<readonly Filter[]> {
  const numbers = new Set<number>();
  for (const key of params.keys()) {
    const match = /^Filter\.(\d+)\./.exec(key);
    if (match) numbers.add(Number(match[1]));
  }
  const filters = [...numbers]
    .sort((a, b) => a - b)
    .map((number) => {
      const name = params.get(`Filter.${number}.Name`) ?? '';
      return { name, values: readList(params, `Filter.${number}.Value`) };
    });
  const nameless = filters.some((filter) => filter.name === '');
  if (nameless) return failure('InvalidParameterValue', 'The filter name must not be empty.');
  const empty = filters.find((filter) => filter.values.length === 0);
  if (empty !== undefined)
    return failure('InvalidParameterValue', `The filter '${empty.name}' has no values.`);
  const total = filters.reduce((sum, filter) => sum + filter.values.length, 0);
  if (total <= 200) return success(filters);
  return failure(
    'FilterLimitExceeded',
    'The maximum number of filter values specified on a single call is 200',
  );
}

/** `true` or `false`, any case; undefined: absent. */
export function readBoolean(params: QueryParams, name: string): ApiResult<boolean | undefined> {
  const text = params.get(name)?.toLowerCase();
  if (text === undefined) return success(undefined);
  if (text === 'true') return success(true);
  if (text === 'false') return success(false);
  return failure(
    'InvalidParameterValue',
    `Value (${params.get(name)}) for parameter ${name} is invalid. Expected a boolean.`,
  );
}
