import { AdjRibOut, type RibChange } from './adj-rib-out.ts';
import type { Connection } from './connection.ts';
import type { ExportContext } from './export-route.ts';
import { encodeAll, type SharedExports } from './exports.ts';
import type { AddressFamily } from './message.ts';
import type { PeerCounts } from './peer-counts.ts';
import type { BgpRoute } from './spec.ts';
import type { PeerStatus } from './status.ts';

export interface PeerRoutesOptions {
  readonly counts: PeerCounts;
  /** What the peer has in common with others; undefined: nothing. */
  readonly exports?: SharedExports | undefined;
  onWithheld(prefix: string, why: string): void;
}

interface Feed {
  readonly out: AdjRibOut;
  readonly connection: Connection;
}

/** The routes that a peer should have, and the sending of what it lacks while its session is established. */
export class PeerRoutes {
  readonly #options: PeerRoutesOptions;
  /** Families that the peer wants to have again, as soon as it takes what is sent. */
  readonly #again = new Set<AddressFamily>();
  #wanted: readonly BgpRoute[] = [];
  #feed: Feed | undefined;
  #told: ReadonlyMap<string, string> = new Map();

  constructor(options: PeerRoutesOptions) {
    this.#options = options;
  }

  /** From now on the peer should have exactly these; what differs is sent before this returns. */
  set(wanted: readonly BgpRoute[]): void {
    this.#wanted = wanted;
    this.sync();
  }

  /** The session stands: all routes go out, and then End-of-RIB. */
  begin(connection: Connection, context: ExportContext): void {
    const out = new AdjRibOut(context, this.#options.exports);
    this.#again.clear();
    this.#feed = { out, connection };
    this.#told = new Map();
    const change = out.change(this.#wanted);
    const ends = out.endOfRibs();
    const { isFourOctetAs } = context.negotiated;
    const bytes = Buffer.concat([change.bytes, encodeAll(ends, { isFourOctetAs })]);
    this.#write({ ...change, messages: [...change.messages, ...ends], bytes });
    this.#tellWithheld(out);
  }

  /** The session is over: the peer has nothing any more. */
  end(): void {
    this.#feed = undefined;
  }

  /** A peer that takes nothing gets the newest state when it does again, not every state between. */
  sync(): void {
    if (this.#feed === undefined || this.#feed.connection.isStalled()) return;
    const { out } = this.#feed;
    this.#write(out.change(this.#wanted));
    this.#tellWithheld(out);
    this.#repeat();
  }

  /**
   * The peer wants all of a family again: with the next `sync`, once, however often it was asked for by then. (A refresh
   * is 23 bytes, the answer may be many thousands.)
   */
  askAgain(family: AddressFamily): void {
    this.#again.add(family);
  }

  status(): Pick<PeerStatus, 'announced' | 'withheld'> {
    return {
      announced: this.#feed?.out.announced() ?? new Set(),
      withheld: this.#feed?.out.withheld() ?? new Map(),
    };
  }

  #repeat(): void {
    for (const family of this.#again) {
      if (this.#feed === undefined || this.#feed.connection.isStalled()) return;
      this.#again.delete(family);
      this.#write(this.#feed.out.repeat(family));
    }
  }

  /** In one piece: a packet as large as can be, not one for each message. */
  #write({ messages, bytes, announced, withdrawn }: RibChange): void {
    if (this.#feed === undefined || messages.length === 0) return;
    const { counts } = this.#options;
    for (const message of messages) counts.sent(message);
    counts.routesSent(announced, withdrawn);
    this.#feed.connection.write(bytes);
  }

  #tellWithheld(out: AdjRibOut): void {
    const withheld = out.withheld();
    for (const [prefix, why] of withheld) {
      if (this.#told.get(prefix) !== why) this.#options.onWithheld(prefix, why);
    }
    this.#told = withheld;
  }
}
