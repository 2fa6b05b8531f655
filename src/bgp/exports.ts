import { type EncodingContext, encodedPathAttributes, encodeMessage } from './encode.ts';
import { type ExportContext, type ExportedRoute, exportRoute } from './export-route.ts';
import type { AddressFamily, UpdateMessage } from './message.ts';
import type { BgpRoute } from './spec.ts';
import { packAnnouncements, packWithdrawals } from './updates.ts';

/** A route that a peer can be sent. */
export interface Sendable {
  readonly route: ExportedRoute;
  /** Equal for routes that can share an UPDATE. */
  readonly key: string;
}

/** By prefix, one for each. */
export type Sendables = ReadonlyMap<string, Sendable>;

/** All that should be announced, as a peer can have it. */
export interface ExportedRoutes {
  readonly sendables: Sendables;
  /** Prefixes that it can't have, and why. */
  readonly withheld: ReadonlyMap<string, string>;
}

/** What is to be sent so that the peer has what it should have. */
export interface RibChange {
  /** Withdrawals first. Empty: the peer has all of it. */
  readonly messages: readonly UpdateMessage[];
  /** The same, as they go on the wire. */
  readonly bytes: Buffer;
  readonly announced: number;
  readonly withdrawn: number;
}

/** A route as it was wanted, and what came of it: why not, where it can't be sent. */
interface Known {
  readonly from: BgpRoute;
  readonly result: Sendable | string;
}

/** So many withdrawn prefixes are remembered beside as many as are announced. */
const MOST_GONE = 1_000;

/** Those of one context, of the newest routes: each next hop matters to the peer whose address it is. */
interface Exported extends ExportedRoutes {
  readonly nextHops: ReadonlySet<string>;
}

/**
 * What the routes look like to the peers, and what is to be said of a change: worked out once for all peers to which it
 * looks alike, as a rule all of a speaker's. They are told one after the other, so the last answer is all that is kept.
 */
export class SharedExports {
  readonly #byContext = new Map<string, Exports>();

  /** For sessions with this context; the peer's own address may be another. */
  of(context: ExportContext): Exports {
    const { peer, negotiated, localAsn, isIbgp } = context;
    const { families, isFourOctetAs, hasExtendedNextHop, localAddress } = negotiated;
    const ofPeer = [localAsn, isIbgp, peer.nextHop.ipv4, peer.nextHop.ipv6, peer.role];
    const key = JSON.stringify([ofPeer, families, isFourOctetAs, hasExtendedNextHop, localAddress]);
    const found = this.#byContext.get(key) ?? new Exports(context);
    this.#byContext.set(key, found);
    return found;
  }
}

/** The part of peers that are alike but for their own addresses. */
export class Exports {
  readonly #context: ExportContext;
  /** By prefix: as it was wanted last, and what came of it. A withdrawn one is kept: as a rule it comes back. */
  readonly #known = new Map<string, Known>();
  #all: { readonly of: readonly BgpRoute[]; readonly exported: Exported } | undefined;
  #change: { readonly from: Sendables; readonly to: Sendables; readonly change: RibChange } | undefined;

  constructor(context: ExportContext) {
    // Nobody's address: what would be the peer's own next hop is looked for peer by peer.
    this.#context = { ...context, negotiated: { ...context.negotiated, remoteAddress: '' } };
  }

  /** As the peer with this address can have them. */
  all(routes: readonly BgpRoute[], remoteAddress: string): ExportedRoutes {
    const exported = this.#all?.of === routes ? this.#all.exported : this.#exportAll(routes);
    this.#all = { of: routes, exported };
    return exported.nextHops.has(remoteAddress) ? this.#without(exported, routes, remoteAddress) : exported;
  }

  /** From what the peer has to what it should have. */
  change(from: Sendables, to: Sendables): RibChange {
    if (this.#change?.from === from && this.#change.to === to) return this.#change.change;
    const gone = [...from].flatMap(([prefix, { route }]) => (to.has(prefix) ? [] : route));
    const news = [...to].flatMap(([prefix, each]) => (from.get(prefix)?.key === each.key ? [] : each));
    const messages = [...packWithdrawals(gone), ...this.#announce(news)];
    const change = { ...this.#encoded(messages), announced: news.length, withdrawn: gone.length };
    this.#change = { from, to, change };
    return change;
  }

  /** All of one family again. */
  repeat(has: Sendables, family: AddressFamily): RibChange {
    const again = [...has.values()].filter(({ route }) => route.prefix.family === family);
    return { ...this.#encoded(this.#announce(again)), announced: again.length, withdrawn: 0 };
  }

  #exportAll(routes: readonly BgpRoute[]): Exported {
    const sendables = new Map<string, Sendable>();
    const withheld = new Map<string, string>();
    const nextHops = new Set<string>();
    for (const route of routes) {
      const { prefix } = route;
      const result = this.#export(route);
      if (typeof result === 'string') withheld.set(prefix, result);
      else {
        sendables.set(prefix, result);
        nextHops.add(nextHopOf(result.route));
      }
    }
    this.#forget(routes);
    return { sendables, withheld, nextHops };
  }

  #export(route: BgpRoute): Sendable | string {
    const known = this.#known.get(route.prefix);
    if (known !== undefined && isSameRoute(known.from, route)) return known.result;
    const exported = exportRoute(route, this.#context);
    const result = exported.ok ? { route: exported.route, key: this.#keyOf(exported.route) } : exported.why;
    this.#known.set(route.prefix, { from: route, result });
    return result;
  }

  /** Those that are gone are more than ever come back: the configuration has had other prefixes. */
  #forget(wanted: readonly BgpRoute[]): void {
    if (this.#known.size <= MOST_GONE + 2 * wanted.length) return;
    const prefixes = new Set(wanted.map(({ prefix }) => prefix));
    for (const prefix of this.#known.keys()) if (!prefixes.has(prefix)) this.#known.delete(prefix);
  }

  /** For a peer to which some next hop is itself: these it can't have. */
  #without({ sendables, withheld }: Exported, routes: readonly BgpRoute[], own: string): ExportedRoutes {
    const { negotiated } = this.#context;
    const context = { ...this.#context, negotiated: { ...negotiated, remoteAddress: own } };
    const left = new Map(sendables);
    const more = new Map(withheld);
    for (const route of routes) {
      const sendable = sendables.get(route.prefix);
      if (sendable === undefined || nextHopOf(sendable.route) !== own) continue;
      const result = exportRoute(route, context);
      if (result.ok) continue;
      left.delete(route.prefix);
      more.set(route.prefix, result.why);
    }
    return { sendables: left, withheld: more };
  }

  #announce(news: readonly Sendable[]): readonly UpdateMessage[] {
    const { isFourOctetAs } = this.#context.negotiated;
    const groups = Map.groupBy(news, ({ key }) => key);
    return [...groups.values()].flatMap((group) =>
      packAnnouncements(
        group.map(({ route }) => route),
        { isFourOctetAs },
      ),
    );
  }

  #encoded(messages: readonly UpdateMessage[]): Pick<RibChange, 'messages' | 'bytes'> {
    const { isFourOctetAs } = this.#context.negotiated;
    return { messages, bytes: encodeAll(messages, { isFourOctetAs }) };
  }

  /** One attribute set per UPDATE, and one family. */
  #keyOf({ prefix, attributes, nextHops }: ExportedRoute): string {
    const { isFourOctetAs } = this.#context.negotiated;
    const encoded = encodedPathAttributes(attributes, { isFourOctetAs }).toString('latin1');
    return `${prefix.family} ${nextHops?.join() ?? ''} ${encoded}`;
  }
}

/** In one piece: a packet as large as can be, not one for each message. */
export function encodeAll(messages: readonly UpdateMessage[], context: EncodingContext): Buffer {
  return Buffer.concat(messages.map((message) => encodeMessage(message, context)));
}

function nextHopOf({ attributes, nextHops }: ExportedRoute): string {
  const classic = attributes.find((attribute) => attribute.type === 'next-hop');
  return nextHops?.[0] ?? classic?.nextHop ?? '';
}

/** Made of the same parts; another list that says the same is found to be the same by its key. */
function isSameRoute(a: BgpRoute, b: BgpRoute): boolean {
  return (
    a.communities === b.communities &&
    a.extendedCommunities === b.extendedCommunities &&
    a.largeCommunities === b.largeCommunities &&
    a.med === b.med &&
    a.localPref === b.localPref &&
    a.asPathPrepend === b.asPathPrepend &&
    a.nextHop === b.nextHop
  );
}
