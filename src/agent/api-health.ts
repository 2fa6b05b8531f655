import type { AwsFailure, FailureKind } from '../aws/index.ts';
import { type BackoffLimits, backoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import type { AgentEvent } from './events.ts';

/** Failures that say something of the API as a whole, not of the one request. */
const TRANSIENT: BackoffLimits = { firstMs: 100, lastMs: 5_000 };
/** EC2's buckets refill by the second: waiting longer would only make a failover wait. */
const THROTTLED: BackoffLimits = { firstMs: 500, lastMs: 5_000 };
const RACED: BackoffLimits = { firstMs: 200, lastMs: 5_000 };
const RACE_FORGOTTEN_MS = 60_000;
const FORGOTTEN_MS = 600_000;
/** What concerns one route, and may pass by itself: tried soon at first, and then ever less. */
const ROUTE: BackoffLimits = { firstMs: 100, lastMs: 60_000 };
/** What only a person can mend is tried again slowly. */
const HUMAN: BackoffLimits = { firstMs: 15_000, lastMs: 60_000 };

export interface ApiHealthOptions {
  readonly clock: Clock;
  readonly random: () => number;
  report(event: AgentEvent): void;
}

interface Trouble {
  readonly failures: number;
  readonly untilMs: number;
  /** The complaint that it is told under. */
  readonly complaint: string;
}

/** What was told once: an API that fails in one way, for however many routes. */
interface Complaint {
  readonly api: string;
  readonly sinceMs: number;
  readonly subjects: Set<string>;
  failures: number;
}

/**
 * Which calls are failing, and until when each is left alone. A subject is an API (`ReplaceRoute`), or an API and a
 * route for what concerns that route only. An API that fails in one way is told of once, however many routes it
 * concerns and however often it is tried, and once again when all of them work.
 */
export class ApiHealth {
  readonly #options: ApiHealthOptions;
  readonly #troubles = new Map<string, Trouble>();
  readonly #complaints = new Map<string, Complaint>();
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

  /** True where the last call of the subject failed, whether or not it may be tried again by now. */
  isFailing(subject: string): boolean {
    return this.#troubles.has(subject);
  }

  isReady(subject: string): boolean {
    return this.readyAtMs(subject) <= this.#options.clock.now();
  }

  /** Records a failure and returns when to try again (monotonic ms). */
  failed(subject: string, failure: AwsFailure): number {
    const { clock, random } = this.#options;
    const earlier = this.#troubles.get(subject);
    const failures = (earlier?.failures ?? 0) + 1;
    const untilMs = clock.now() + backoffMs(failures, limitsFor(failure.kind), random);
    const complaint = `${failure.api} ${failure.kind}`;
    if (earlier !== undefined && earlier.complaint !== complaint) this.#settle(subject, earlier, 'changed');
    this.#troubles.set(subject, { failures, untilMs, complaint });
    this.#complain(subject, complaint, failure);
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
    this.#settle(subject, trouble, 'recovered');
  }

  /** Forgets subjects that no longer exist, so that nothing grows with tables that come and go. */
  forget(isGone: (subject: string) => boolean): void {
    for (const [subject, trouble] of this.#troubles) {
      if (!isGone(subject)) continue;
      this.#troubles.delete(subject);
      this.#settle(subject, trouble, 'changed');
    }
    for (const subject of this.#races.keys()) if (isGone(subject)) this.#races.delete(subject);
  }

  #complain(subject: string, key: string, failure: AwsFailure): void {
    this.#dropOld();
    const known = this.#complaints.get(key);
    if (known !== undefined) {
      known.subjects.add(subject);
      known.failures += 1;
      return;
    }
    const { clock, report } = this.#options;
    const { api } = failure;
    this.#complaints.set(key, { api, sinceMs: clock.now(), subjects: new Set([subject]), failures: 1 });
    report({ type: 'api-failing', failure, subject });
  }

  /** A subject that has not been tried for long is not failing any more, it is not wanted any more. */
  #dropOld(): void {
    const nowMs = this.#options.clock.now();
    this.forget((subject) => {
      const trouble = this.#troubles.get(subject);
      return trouble !== undefined && nowMs - trouble.untilMs > FORGOTTEN_MS;
    });
  }

  /** Takes a subject off its complaint; the last one that recovers ends it. */
  #settle(subject: string, trouble: Trouble, how: 'recovered' | 'changed'): void {
    const complaint = this.#complaints.get(trouble.complaint);
    complaint?.subjects.delete(subject);
    if (complaint === undefined || complaint.subjects.size > 0) return;
    this.#complaints.delete(trouble.complaint);
    if (how === 'changed') return;
    const { clock, report } = this.#options;
    const { api, failures, sinceMs } = complaint;
    report({ type: 'api-recovered', api, failures, forMs: clock.now() - sinceMs });
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
    case 'table-missing':
    case 'target-missing':
    case 'not-ready':
      return ROUTE;
    case 'transient':
    case 'credentials':
    case 'already-exists':
    case 'route-missing':
      return TRANSIENT;
  }
}
