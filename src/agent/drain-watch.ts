import type { Timer } from '../lib/clock.ts';
import type { AgentDeps } from './deps.ts';
import type { DrainSignal } from './spec.ts';

/** How often the instance metadata is asked for signs that the instance goes away (AWS advises 5 s). */
const POLL_MS = 5_000;

/** Watches the instance metadata for the signals in `drain_on`, and tells when they begin and end. */
export class DrainWatch {
  readonly #deps: AgentDeps;
  readonly #onChange: () => void;
  #wanted: readonly DrainSignal[] = [];
  #signals: readonly DrainSignal[] = [];
  #timer: Timer | undefined;
  #isLooking = false;
  #isClosed = false;

  constructor(deps: AgentDeps, onChange: () => void) {
    this.#deps = deps;
    this.#onChange = onChange;
  }

  /** The signals that stand now; none while the metadata has never answered. */
  signals(): readonly DrainSignal[] {
    return this.#signals;
  }

  watch(wanted: readonly DrainSignal[]): void {
    this.#wanted = wanted;
    this.#timer?.cancel();
    if (wanted.length === 0) this.#set([]);
    else if (!this.#isLooking) void this.#look();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** Metadata that does not answer says nothing: the last signals stand. */
  async #look(): Promise<void> {
    this.#isLooking = true;
    const wanted = this.#wanted;
    const isAsked = (): boolean => wanted === this.#wanted && !this.#isClosed;
    try {
      const signals = await this.#deps.readDrainSignals(wanted);
      if (signals !== undefined && isAsked()) this.#set(signals);
    } catch (error) {
      this.#deps.report({ type: 'crash', where: 'drain signals', error });
    }
    this.#isLooking = false;
    if (this.#isClosed || this.#wanted.length === 0) return;
    // Where a reload changed the question meanwhile, the new one is asked at once: a notice must not wait for a turn.
    this.#timer = this.#deps.clock.after(isAsked() ? POLL_MS : 0, () => void this.#look());
  }

  #set(signals: readonly DrainSignal[]): void {
    const before = this.#signals;
    if (before.join() === signals.join()) return;
    this.#signals = signals;
    this.#deps.report(signals.length > 0 ? { type: 'draining', signals } : { type: 'drain-ended' });
    this.#onChange();
  }
}
