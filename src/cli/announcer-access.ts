import type { AnnouncerSpec } from '../agent/index.ts';
import type { Announcer, AnnouncerEvent } from '../announce/index.ts';
import type { OpenAnnouncer } from './announcer-parts.ts';

interface Open extends OpenAnnouncer {
  readonly addresses: AnnouncerSpec['addresses'];
}

/**
 * The announcer that the configuration asks for, kept over reloads as far as can be. Where it asks for none, nothing is
 * loaded.
 */
export class AnnouncerAccess {
  readonly #onEvent: (event: AnnouncerEvent) => void;
  readonly #leaving = new Set<Promise<unknown>>();
  #open: Open | undefined;
  #isClosed = false;

  constructor(onEvent: (event: AnnouncerEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** The one in force. */
  current(): Announcer | undefined {
    return this.#open?.announcer;
  }

  /** Peers that stay as they were keep their sessions; where service addresses are kept elsewhere, all begin anew. */
  async moveTo(spec: AnnouncerSpec | undefined): Promise<void> {
    if (this.#isClosed) return;
    const isKept = JSON.stringify(spec?.addresses) === JSON.stringify(this.#open?.addresses);
    if (spec !== undefined && this.#open !== undefined && isKept) {
      this.#open.reload(spec);
      return;
    }
    const parts = spec === undefined ? undefined : await import('./announcer-parts.ts');
    if (this.#isClosed) return;
    this.#leave('configuration changed');
    // The same addresses and the same peers: one after the other.
    await Promise.all(this.#leaving);
    if (spec === undefined || parts === undefined || this.#isClosed) return;
    this.#open = { ...parts.openAnnouncer(spec, this.#onEvent), addresses: spec.addresses };
  }

  /** From now on none is opened, changed or ended but by `close`: the one in force may have a drain to finish. */
  stopping(): void {
    this.#isClosed = true;
  }

  /** Ends the one in force, which the agent has closed already as a rule, and waits for those that a reload has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#leave('stopped');
    await Promise.all(this.#leaving);
  }

  #leave(why: string): void {
    const before = this.#open;
    this.#open = undefined;
    if (before === undefined) return;
    const left = before.announcer.close(why).finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
  }
}
