import { type ExportContext, type ExportedRoute, exportRoute } from './export-route.ts';
import type { AddressFamily, UpdateMessage } from './message.ts';
import type { BgpRoute } from './spec.ts';
import { endOfRib, packAnnouncements, packWithdrawals } from './updates.ts';

/** What is to be sent so that the peer has what it should have. */
export interface RibChange {
  /** Withdrawals first. Empty: the peer has all of it. */
  readonly messages: readonly UpdateMessage[];
  readonly announced: number;
  readonly withdrawn: number;
}

interface Sent {
  readonly route: ExportedRoute;
  /** Equal for routes that can share an UPDATE. */
  readonly key: string;
}

/**
 * Adj-RIB-Out (RFC 4271 §3.2) of one established session: what the peer was sent. Each change is the difference between
 * that and what it should have, so that nothing is sent twice.
 */
export class AdjRibOut {
  readonly #context: ExportContext;
  readonly #sent = new Map<string, Sent>();
  #withheld: ReadonlyMap<string, string> = new Map();
  readonly #exported = new WeakMap<BgpRoute, Sent | string>();

  constructor(context: ExportContext) {
    this.#context = context;
  }

  /** Prefixes that the peer has. */
  announced(): ReadonlySet<string> {
    return new Set(this.#sent.keys());
  }

  /** Prefixes that it can't have, and why. */
  withheld(): ReadonlyMap<string, string> {
    return this.#withheld;
  }

  /** Takes all that should be announced; what the messages say counts as sent from now on. */
  change(routes: readonly BgpRoute[]): RibChange {
    const wanted = new Map<string, Sent>();
    const withheld = new Map<string, string>();
    for (const route of routes) {
      const exported = this.#export(route);
      if (typeof exported === 'string') withheld.set(route.prefix, exported);
      else wanted.set(route.prefix, exported);
    }
    this.#withheld = withheld;
    const gone = [...this.#sent].filter(([prefix]) => !wanted.has(prefix));
    const news = [...wanted].filter(([prefix, { key }]) => this.#sent.get(prefix)?.key !== key);
    for (const [prefix] of gone) this.#sent.delete(prefix);
    for (const [prefix, sent] of news) this.#sent.set(prefix, sent);
    const messages = [
      ...packWithdrawals(gone.map(([, { route }]) => route)),
      ...this.#announce(news.map(([, sent]) => sent)),
    ];
    return { messages, announced: news.length, withdrawn: gone.length };
  }

  /** All of one family again (RFC 2918 §4). */
  repeat(family: AddressFamily): RibChange {
    const again = [...this.#sent.values()].filter(({ route }) => route.prefix.family === family);
    return { messages: this.#announce(again), announced: again.length, withdrawn: 0 };
  }

  /** What ends the first transfer of all routes (RFC 4724 §2), one for each family. */
  endOfRibs(): readonly UpdateMessage[] {
    return this.#context.negotiated.families.map(endOfRib);
  }

  #export(route: BgpRoute): Sent | string {
    const known = this.#exported.get(route);
    if (known !== undefined) return known;
    const result = exportRoute(route, this.#context);
    const exported = result.ok ? { route: result.route, key: keyOf(result.route) } : result.why;
    this.#exported.set(route, exported);
    return exported;
  }

  #announce(news: readonly Sent[]): readonly UpdateMessage[] {
    const groups = new Map<string, ExportedRoute[]>();
    for (const { key, route } of news) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [route]);
      else group.push(route);
    }
    const { isFourOctetAs } = this.#context.negotiated;
    return [...groups.values()].flatMap((routes) => packAnnouncements(routes, { isFourOctetAs }));
  }
}

/** One attribute set per UPDATE, and one family. Of bytes JSON makes a long text, but each its own. */
function keyOf({ prefix, attributes, nextHops }: ExportedRoute): string {
  return JSON.stringify([prefix.family, nextHops, attributes]);
}
