import type { JournalEntry } from '../../../src/sandbox/index.ts';

/** Who held a route, from when to when. `undefined`: there was no route. */
export interface Tenure {
  readonly holder: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
}

const CHANGES = new Set(['CreateRoute', 'ReplaceRoute', 'DeleteRoute']);

export function isRouteChange(entry: JournalEntry): boolean {
  return CHANGES.has(entry.action);
}

export function routeOf({ tableId, destination }: JournalEntry): string {
  return `${tableId} ${destination}`;
}

/** Every route's holders over time, from the API's own journal. */
export class RouteHistory {
  readonly #tenures = new Map<string, Tenure[]>();

  constructor(journal: readonly JournalEntry[]) {
    for (const entry of journal.filter((each) => isRouteChange(each) && each.result === 'ok')) {
      const tenures = this.#tenures.get(routeOf(entry)) ?? [];
      const last = tenures.pop() ?? { holder: undefined, fromMs: Number.NEGATIVE_INFINITY };
      tenures.push({ ...last, toMs: entry.atMs });
      tenures.push({ holder: entry.to, fromMs: entry.atMs, toMs: Number.POSITIVE_INFINITY });
      this.#tenures.set(routeOf(entry), tenures);
    }
  }

  /** Everyone who held it at some moment between. */
  holders(route: string, fromMs: number, toMs: number): readonly (string | undefined)[] {
    const found = (this.#tenures.get(route) ?? []).filter((one) => one.fromMs < toMs && one.toMs >= fromMs);
    return [...new Set(found.map((tenure) => tenure.holder))];
  }
}
