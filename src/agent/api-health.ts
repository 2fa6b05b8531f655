import type { AwsFailure, FailureKind } from '../aws/index.ts';
import { type BackoffLimits, backoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import type { AgentEvent } from './events.ts';

/** Failures that say something of the API as a whole, not of the one request. */
const TRANSIENT: BackoffLimits = { firstMs: 100, lastMs: 10_000 };
const THROTTLED: BackoffLimits = { firstMs: 500, lastMs: 30_000 };
const RACED: BackoffLimits = { firstMs: 200, lastMs: 5_000 };
const RACE_FORGOTTEN_MS = 60_000;
/** What only a person can mend is tried again slowly. */
const HUMAN: BackoffLimits = { firstMs: 15_000, lastMs: 60_000 };

export interface ApiHealthOptions {
  readonly clock: Clock;
  readonly random: () => number;
  report(event: AgentEvent): void;
}

interface Trouble {
  readonly failures: number;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly told: string;
}

/**
 * Which calls are failing, and until when each is left alone. A subject (`ReplaceRoute`, or `ReplaceRoute rtb-1 …`
 * for what concerns one route only) is told of once when it begins to fail and once when it works again.
 */
export class ApiHealth {
  readonly #options: ApiHealthOptions;
  readonly #troubles = new Map<string, Trouble>();
  readonly #races = new Map<string, { readonly failures: number; readonly untilMs: number }>();

  constructor(options: ApiHealthOptions) {
    this.#options = options;
  }

  /** When the subject may be called: now or later, monotonic ms. */
  readyAtMs(subject: string): number {
    const failed = this.#troubles.get(subject)?.untilMs ?? Number.NEGATIVE_INFINITY;
    const raced = this.#races.get(subject)?.untilMs ?? Number.NEGATIVE_INFINITY;
    return Math.max(failed, raced);
  }

  isReady(subject: string): boolean {
    return this.readyAtMs(subject) <= this.#options.clock.now();
  }

  /** Records a failure and returns when to try again (monotonic ms). */
  failed(subject: string, failure: AwsFailure): number {
    const { clock, random, report } = this.#options;
    const nowMs = clock.now();
    const earlier = this.#troubles.get(subject);
    const failures = (earlier?.failures ?? 0) + 1;
    const untilMs = nowMs + backoffMs(failures, limitsFor(failure.kind), random);
    const told = `${failure.kind} ${failure.code}`;
    this.#troubles.set(subject, { failures, sinceMs: earlier?.sinceMs ?? nowMs, untilMs, told });
    if (earlier?.told !== told) report({ type: 'api-failing', failure, subject });
    return untilMs;
  }

  /**
   * Records a lost race and returns when to try again: at once the first time, then after a growing wait, since a
   * read that stays stale would otherwise make us lose the same race at the speed of the network.
   */
  raced(subject: string): number {
    const nowMs = this.#options.clock.now();
    const earlier = this.#races.get(subject);
    const isSameFight = earlier !== undefined && nowMs - earlier.untilMs < RACE_FORGOTTEN_MS;
    const failures = isSameFight ? earlier.failures + 1 : 1;
    const waitMs = failures === 1 ? 0 : backoffMs(failures - 1, RACED, this.#options.random);
    this.#races.set(subject, { failures, untilMs: nowMs + waitMs });
    return nowMs + waitMs;
  }

  succeeded(subject: string): void {
    this.#races.delete(subject);
    const trouble = this.#troubles.get(subject);
    if (trouble === undefined) return;
    this.#troubles.delete(subject);
    const { clock, report } = this.#options;
    report({
      type: 'api-recovered',
      api: subject,
      failures: trouble.failures,
      forMs: clock.now() - trouble.sinceMs,
    });
  }

  /** Forgets subjects that no longer exist, so that the map does not grow with tables that come and go. */
  forget(isGone: (subject: string) => boolean): void {
    for (const subject of this.#troubles.keys()) if (isGone(subject)) this.#troubles.delete(subject);
    for (const subject of this.#races.keys()) if (isGone(subject)) this.#races.delete(subject);
  }
}

/** Whether a failure says something of the API as a whole; otherwise it concerns the one request. */
export function isApiWide(kind: FailureKind): boolean {
  return kind === 'throttled' || kind === 'transient' || kind === 'credentials' || kind === 'clock-skew';
}

function limitsFor(kind: FailureKind): BackoffLimits {
  switch (kind) {
    case 'throttled':
      return THROTTLED;
    case 'unauthorized':
    case 'clock-skew':
    case 'limit':
    case 'invalid':
      return HUMAN;
    case 'transient':
    case 'credentials':
    case 'already-exists':
    case 'route-missing':
    case 'table-missing':
    case 'target-missing':
    case 'not-ready':
      return TRANSIENT;
  }
}
