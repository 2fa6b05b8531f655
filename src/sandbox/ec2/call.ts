import { type ApiResult, dryRunPassed, success } from '../world/api-error.ts';
import type { WorldState } from '../world/state.ts';
import type { World } from '../world/world.ts';
import { type QueryParams, readBoolean } from './query-params.ts';
import type { XmlValue } from './xml.ts';

/** One call of an API action. */
export interface ApiCall {
  readonly action: string;
  readonly params: QueryParams;
  readonly accessKeyId: string;
  readonly world: World;
  /** What describes show: the world's state, or an older one where reads are stale. */
  readonly seen: WorldState;
}

/** An action's answer: the elements beside `requestId`. */
export type Answer = Readonly<Record<string, XmlValue>>;

export type ApiAction = (call: ApiCall) => ApiResult<Answer>;

/** Runs a describe unless it is a dry run; describes are allowed to everyone. */
export function unlessDryRun(call: ApiCall, run: () => ApiResult<Answer>): ApiResult<Answer> {
  const dryRun = readBoolean(call.params, 'DryRun');
  if (!dryRun.ok) return dryRun;
  return dryRun.value === true ? dryRunPassed() : run();
}

/** Only what the caller's account owns. */
export function ownedBy<T extends { readonly ownerId: string }>(
  items: Iterable<T>,
  account: string,
): readonly T[] {
  return [...items].filter((item) => item.ownerId === account);
}

/** The items of these ids in their own order; `missing` names the first id that is not among them. */
export function selectIds<T extends { readonly id: string }>(
  items: readonly T[],
  ids: readonly string[],
): { readonly items: readonly T[]; readonly missing: readonly string[] } {
  if (ids.length === 0) return { items, missing: [] };
  const wanted = new Set(ids);
  const present = new Set(items.map((item) => item.id));
  return {
    items: items.filter((item) => wanted.has(item.id)),
    missing: ids.filter((id) => !present.has(id)),
  };
}

export function done(): ApiResult<Answer> {
  return success({ return: true });
}

export function tagItems(tags: Readonly<Record<string, string>>): XmlValue {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

export function isoTime(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
