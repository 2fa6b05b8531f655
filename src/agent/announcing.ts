import type { Announcer, AnnouncerStatus } from '../announce/index.ts';
import {
  type AnnounceFacts,
  type Announcement,
  type AnnouncePhase,
  announcementsOf,
  type CheckLookup,
  type DecidedPrefix,
  type Health,
  type HealthExpression,
  healthOf,
  isSameSet,
} from '../core/index.ts';
import type { Timer } from '../lib/clock.ts';
import { DecidedPrefixes, type PrefixChange } from './decided-prefixes.ts';
import type { AgentDeps } from './deps.ts';
import type { AnnouncerSpec } from './spec.ts';

/** What is decided for each prefix, in the order of the config, and what the backend has made of it. */
export interface AnnouncerView {
  readonly status: AnnouncerStatus;
  readonly prefixes: readonly DecidedPrefix[];
}

export type AnnouncingDeps = Pick<AgentDeps, 'clock' | 'announcer' | 'report'>;

type Phase = 'serving' | 'draining' | 'drained' | 'stopping';

/** A `set` that threw is a bug; what it left undone must not last until the next change. */
const RETRY_MS = 1_000;

const SERVING: AnnouncePhase = { kind: 'serving' };
const DRAINED: AnnouncePhase = { kind: 'withdrawn', reason: 'drained' };
const STOPPING: AnnouncePhase = { kind: 'withdrawn', reason: 'stopping' };

/**
 * Has the announcer announce what health says, at once: from the outcome of a probe to `set` nothing is waited for, least
 * of all AWS. It knows what was set last and says only what is new; to carry that out is the announcer's part.
 */
export class Announcing {
  readonly #deps: AnnouncingDeps;
  readonly #lookup: CheckLookup;
  readonly #prefixes = new DecidedPrefixes();
  #spec: AnnouncerSpec | undefined;
  /** What was set last, and on whom: one that a reload brought knows nothing yet. */
  #last: { readonly announcer: Announcer; readonly all: readonly Announcement[] } | undefined;
  #retry: Timer | undefined;
  #phase: Phase = 'serving';
  #drain: { readonly sinceMs: number; timer: Timer | undefined } | undefined;
  /** Called when nothing is announced any more. */
  #onEmpty: (() => void) | undefined;

  constructor(deps: AnnouncingDeps, lookup: CheckLookup) {
    this.#deps = deps;
    this.#lookup = lookup;
  }

  /** Takes what is to be announced from now on. A prefix whose health is not known yet stays as it is. */
  setSpec(spec: AnnouncerSpec | undefined): void {
    if (this.#phase === 'stopping') return;
    this.#spec = spec;
    if (this.#phase === 'draining') this.#setDrainTimer();
    this.#carryOut(this.#prefixes.take(spec?.routes ?? [], this.#facts()));
  }

  /** The status of a check has changed. */
  checkChanged(check: string): void {
    const changes = this.#prefixes.redecide(this.#facts(), check);
    if (changes.length > 0) this.#carryOut(changes);
  }

  /**
   * A drain begins, or ends: the prefixes are announced with the drain's attributes for `drainMs`, and then withdrawn
   * until it ends.
   */
  setDraining(isDraining: boolean): void {
    if (isDraining === (this.#drain !== undefined) || this.#phase === 'stopping') return;
    this.#drain?.timer?.cancel();
    this.#drain = isDraining ? { sinceMs: this.#deps.clock.now(), timer: undefined } : undefined;
    this.#phase = isDraining ? 'draining' : 'serving';
    this.#setDrainTimer();
    this.#carryOut(this.#prefixes.redecide(this.#facts()));
  }

  /** How long `stop` takes at most before it begins to close the announcer. */
  stopDrainMs(): number {
    return this.#spec?.onExit === 'drain' ? this.#spec.drainMs : 0;
  }

  /**
   * Withdraws everything for good and ends the sessions, after a drain where the spec says so. What can be sent at once
   * is sent before this returns. Resolves to true when the peers were told.
   */
  async stop(why: string): Promise<boolean> {
    if (this.stopDrainMs() > 0) {
      this.setDraining(true);
      await this.#empty();
    }
    return this.#close(why);
  }

  /** For those who show it; undefined where there is no announcer. */
  view(): AnnouncerView | undefined {
    const status = this.#guard(() => this.#deps.announcer()?.status());
    return status === undefined ? undefined : { status, prefixes: [...this.#prefixes.all()] };
  }

  /** Told of last: what the operator reads must not delay what the peers do. */
  async #close(why: string): Promise<boolean> {
    this.#phase = 'stopping';
    this.#drain?.timer?.cancel();
    this.#retry?.cancel();
    const announcer = this.#deps.announcer();
    const closing = (async () =>
      announcer === undefined || (await announcer.close(`vpcast stops: ${why}`)))();
    const changes = this.#prefixes.redecide(this.#facts());
    const isTold = await closing.catch((error: unknown) => {
      this.#crashed(error);
      return false;
    });
    this.#tell(changes);
    return isTold;
  }

  #empty(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (!this.#prefixes.hasAnnounced()) resolve();
    });
  }

  #setDrainTimer(): void {
    const drain = this.#drain;
    if (drain === undefined) return;
    drain.timer?.cancel();
    const leftMs = drain.sinceMs + (this.#spec?.drainMs ?? 0) - this.#deps.clock.now();
    if (leftMs > 0) drain.timer = this.#deps.clock.after(leftMs, () => this.#drained());
    else this.#phase = 'drained';
  }

  #drained(): void {
    this.#phase = 'drained';
    this.#carryOut(this.#prefixes.redecide(this.#facts()));
  }

  #carryOut(changes: readonly PrefixChange[]): void {
    this.#send();
    this.#tell(changes);
    if (!this.#prefixes.hasAnnounced()) this.#onEmpty?.();
  }

  #send(): void {
    const announcer = this.#deps.announcer();
    if (announcer === undefined) return;
    const all = announcementsOf(this.#prefixes.all());
    if (this.#last?.announcer === announcer && isSameSet(this.#last.all, all)) return;
    this.#last = undefined;
    this.#retry?.cancel();
    this.#retry = this.#deps.clock.after(RETRY_MS, () => this.#send());
    this.#guard(() => {
      announcer.set(all);
      this.#last = { announcer, all };
      this.#retry?.cancel();
    });
  }

  /** Of one moment: a named expression stands in many routes, and is evaluated once for all of them. */
  #facts(): AnnounceFacts {
    const known = new Map<HealthExpression, Health>();
    const lookup = (expression: HealthExpression): Health => {
      const health = known.get(expression) ?? healthOf(expression, this.#lookup);
      known.set(expression, health);
      return health;
    };
    return { healthOf: lookup, phase: this.#phaseNow() };
  }

  #phaseNow(): AnnouncePhase {
    switch (this.#phase) {
      case 'serving':
        return SERVING;
      case 'draining':
        return this.#spec === undefined ? DRAINED : { kind: 'draining', how: this.#spec.drain };
      case 'drained':
        return DRAINED;
      case 'stopping':
        return STOPPING;
    }
  }

  #tell(changes: readonly PrefixChange[]): void {
    for (const { before, after } of changes) {
      const { prefix, verdict, reason, isAnnounced } = after;
      const [previous, wasAnnounced] = [before?.reason, before?.isAnnounced ?? false];
      this.#deps.report({
        type: 'announcement',
        prefix,
        verdict,
        reason,
        previous,
        wasAnnounced,
        isAnnounced,
      });
    }
  }

  /** A bug of the announcer's is told, and harms nothing else. */
  #guard<T>(call: () => T): T | undefined {
    try {
      return call();
    } catch (error) {
      this.#crashed(error);
      return undefined;
    }
  }

  #crashed(error: unknown): void {
    this.#deps.report({ type: 'crash', where: 'announcer', error });
  }
}
