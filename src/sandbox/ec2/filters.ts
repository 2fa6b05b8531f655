import { type ApiResult, failure, success } from '../world/api-error.ts';
import type { Tags } from '../world/state.ts';
import type { Filter } from './query-params.ts';

/** The filters that an action knows, each with the values an item has for it. */
export type FilterFields<T> = Readonly<Record<string, (item: T) => readonly (string | undefined)[]>>;

/**
 * Those items that pass every filter. Values of one filter are alternatives; `*` and `?` are wildcards, `\` takes
 * their meaning away. `tag:KEY` and `tag-key` work for everything that has tags.
 */
export function applyFilters<T extends { readonly tags: Tags }>(
  items: readonly T[],
  filters: readonly Filter[],
  fields: FilterFields<T>,
): ApiResult<readonly T[]> {
  let left = items;
  for (const filter of filters) {
    const read = readerOf(filter.name, fields);
    if (read === undefined) return failure('InvalidParameterValue', `The filter '${filter.name}' is invalid`);
    const patterns = filter.values.map(compileWildcard);
    left = left.filter((item) =>
      read(item).some((value) => value !== undefined && patterns.some((pattern) => pattern.test(value))),
    );
  }
  return success(left);
}

function readerOf<T extends { readonly tags: Tags }>(name: string, fields: FilterFields<T>) {
  if (name.startsWith('tag:')) {
    const key = name.slice('tag:'.length);
    return (item: T) => (Object.hasOwn(item.tags, key) ? [item.tags[key]] : []);
  }
  if (name === 'tag-key') return (item: T) => Object.keys(item.tags);
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** EC2 compares filter values case-sensitively and whole. */
export function compileWildcard(value: string): RegExp {
  const source = value.replace(/\\([*?\\])|[\s\S]/g, (character, escaped: string | undefined) => {
    if (escaped !== undefined) return `\\${escaped}`;
    if (character === '*') return '[\\s\\S]*';
    if (character === '?') return '[\\s\\S]';
    return character.replace(/[\\^$.|+()[\]{}/]/, '\\$&');
  });
  return new RegExp(`^${source}$`);
}
