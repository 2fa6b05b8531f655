import type { ExportContext } from './export-route.ts';
import { type Exports, type RibChange, type Sendables, SharedExports } from './exports.ts';
import type { AddressFamily, UpdateMessage } from './message.ts';
import type { BgpRoute } from './spec.ts';
import { endOfRib } from './updates.ts';

export type { RibChange } from './exports.ts';

/** Every session begins with this. */
const NOTHING: Sendables = new Map();

/**
 * Adj-RIB-Out (RFC 4271 §3.2) of one established session: what the peer was sent. Each change is the difference between
 * that and what it should have, so that nothing is sent twice.
 */
export class AdjRibOut {
  readonly #context: ExportContext;
  readonly #exports: Exports;
  #sent: Sendables = NOTHING;
  #withheld: ReadonlyMap<string, string> = new Map();

  /** `shared`: with other peers. */
  constructor(context: ExportContext, shared = new SharedExports()) {
    this.#context = context;
    this.#exports = shared.of(context);
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
    const { sendables, withheld } = this.#exports.all(routes, this.#context.negotiated.remoteAddress);
    const change = this.#exports.change(this.#sent, sendables);
    this.#sent = sendables;
    this.#withheld = withheld;
    return change;
  }

  /** All of one family again (RFC 2918 §4). */
  repeat(family: AddressFamily): RibChange {
    return this.#exports.repeat(this.#sent, family);
  }

  /** What ends the first transfer of all routes (RFC 4724 §2), one for each family. */
  endOfRibs(): readonly UpdateMessage[] {
    return this.#context.negotiated.families.map(endOfRib);
  }
}
