import type { ArrivedCall } from './fleet.ts';
import type { RouteHistory } from './history.ts';

/** The API and this record look at their clocks one after the other. */
const BLUR_MS = 60;

/** A read of route tables as it reached the API, and who it can have shown as the route's holder. */
export interface Sight {
  readonly askedMs: number;
  readonly holders: readonly (string | undefined)[];
}

/** What each agent can have seen: its own reads, answered with the world as it was some time before. */
export class Reads {
  readonly #byCaller = new Map<string, ArrivedCall[]>();
  readonly #history: RouteHistory;

  constructor(calls: readonly ArrivedCall[], history: RouteHistory) {
    this.#history = history;
    for (const call of calls.filter(({ action }) => action === 'DescribeRouteTables')) {
      const known = this.#byCaller.get(call.accessKeyId);
      if (known === undefined) this.#byCaller.set(call.accessKeyId, [call]);
      else known.push(call);
    }
  }

  /** Of the reads that reached the API between, oldest first. Whether they were answered is not looked at. */
  sights(
    caller: string,
    route: string,
    { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  ): readonly Sight[] {
    const reads = (this.#byCaller.get(caller) ?? []).filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    return reads.map(({ atMs, delayMs, staleMs }) => {
      // Half of a delay comes before the call takes effect, and a stale answer is older than that.
      const shownMs = atMs + delayMs / 2 - staleMs;
      return { askedMs: atMs, holders: this.#history.holders(route, shownMs - BLUR_MS, shownMs + BLUR_MS) };
    });
  }
}
