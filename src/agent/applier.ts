import type { AwsFailure } from '../aws/index.ts';
import { holderOf, isTakeover, type RouteAction, rememberChange } from '../core/index.ts';
import { TokenBucket } from '../lib/token-bucket.ts';
import { type ApiHealth, isApiWide } from './api-health.ts';
import type { Decider, RouteView } from './decider.ts';
import type { AgentDeps } from './deps.ts';
import type { RouteHooksRunner } from './route-hooks.ts';
import type { AwsSpec } from './spec.ts';

/** EC2's actions by ours. */
const APIS = { create: 'CreateRoute', replace: 'ReplaceRoute', delete: 'DeleteRoute' } as const;

/** How far a batch of actions came. */
export interface ApplyReport {
  /** Tables in which something was changed: they are to be read again to verify. */
  readonly changed: readonly string[];
  /** Tables that another agent was faster in: they are to be read and decided again. */
  readonly raced: readonly string[];
  /** When to decide again at the latest (monotonic ms): tokens, back-off, or facts that grew old on the way. */
  readonly retryAtMs: number | undefined;
}

export interface ApplierOptions {
  readonly deps: AgentDeps;
  readonly apiHealth: ApiHealth;
  readonly decider: Decider;
  readonly hooks: RouteHooksRunner;
  readonly limits: AwsSpec;
  /** Interfaces may have changed: EC2 does not know the target. */
  onTargetMissing(): void;
}

/** Carries out a plan: some calls in flight, the most urgent first, under the client's own token bucket. */
export class Applier {
  readonly #options: ApplierOptions;
  readonly #bucket: TokenBucket;
  #wasThrottled = false;

  constructor(options: ApplierOptions) {
    this.#options = options;
    const { mutationBurst, mutationRate } = options.limits;
    const limits = { capacity: mutationBurst, refillPerSec: mutationRate };
    this.#bucket = new TokenBucket(limits, options.deps.clock.now());
  }

  /**
   * Tries each action once. `isStillWanted` is asked just before each call, so that a decision that a newer fact has
   * overtaken is never sent; what is not sent is planned anew in the next cycle.
   */
  async apply(
    actions: readonly { readonly action: RouteAction; readonly view: RouteView }[],
    isStillWanted: (action: RouteAction, view: RouteView) => boolean,
    signal: AbortSignal,
  ): Promise<ApplyReport> {
    const report = { changed: new Set<string>(), raced: new Set<string>(), retries: [] as number[] };
    const queue = [...actions];
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        if (signal.aborted) return;
        const { action, view } = next;
        const blockedUntilMs = this.#blockedUntilMs(action);
        if (blockedUntilMs !== undefined) {
          report.retries.push(blockedUntilMs);
          continue;
        }
        if (!isStillWanted(action, view)) {
          report.retries.push(this.#nowMs());
          continue;
        }
        if (!this.#options.hooks.isCleared(action, view.spec.hooks)) continue;
        if (!this.#takeToken(queue.length + 1)) {
          report.retries.push(this.#bucket.readyAtMs(Math.min(queue.length + 1, 4), this.#nowMs()));
          return;
        }
        await this.#applyOne(action, view, report, signal);
      }
    };
    const workers = Math.min(this.#options.limits.mutationsInFlight, actions.length);
    await Promise.all(Array.from({ length: workers }, work));
    return {
      changed: [...report.changed],
      raced: [...report.raced],
      retryAtMs: report.retries.length === 0 ? undefined : Math.min(...report.retries),
    };
  }

  async #applyOne(
    action: RouteAction,
    view: RouteView,
    report: { changed: Set<string>; raced: Set<string>; retries: number[] },
    signal: AbortSignal,
  ): Promise<void> {
    const { deps, apiHealth, decider, hooks } = this.#options;
    const sentAtMs = this.#nowMs();
    const result = await deps.tables.apply(action, signal);
    const atMs = this.#nowMs();
    if (!result.ok) {
      // An answer that was lost may follow a change that was made: only a read can tell.
      report.raced.add(action.tableId);
      if (result.failure.kind === 'transient') this.#rememberAttempt(action, view, atMs);
      this.#failed(action, result.failure, report.retries);
      return;
    }
    apiHealth.succeeded(apiOf(action));
    apiHealth.succeeded(subjectOf(action));
    const before = holderOf(view.observed);
    const memory = decider.memory(action.key);
    decider.setMemory(
      action.key,
      rememberChange(memory, { before, atMs, isTakeover: isTakeover(action.reason) }),
    );
    report.changed.add(action.tableId);
    deps.report({ type: 'route-changed', action, tookMs: atMs - sentAtMs });
    hooks.carriedOut(action, view.spec.hooks);
  }

  /** Whether it took effect is unknown: as a takeover it counts only once a read shows the route as ours. */
  #rememberAttempt(action: RouteAction, view: RouteView, atMs: number): void {
    const from = holderOf(view.observed);
    if (from === undefined || !isTakeover(action.reason)) return;
    const { decider } = this.#options;
    const memory = decider.memory(action.key);
    decider.setMemory(action.key, { ...memory, takeover: { from, atMs, wasSeen: false } });
  }

  #failed(action: RouteAction, failure: AwsFailure, retries: number[]): void {
    const { deps, apiHealth, onTargetMissing } = this.#options;
    const isRace = failure.kind === 'already-exists' || failure.kind === 'route-missing';
    if (failure.kind === 'target-missing') onTargetMissing();
    if (isRace) {
      deps.report({ type: 'route-race', action, failure });
      retries.push(apiHealth.raced(subjectOf(action)));
      return;
    }
    deps.report({ type: 'route-failed', action, failure });
    const subject = isApiWide(failure.kind) ? apiOf(action) : subjectOf(action);
    retries.push(apiHealth.failed(subject, failure));
  }

  #blockedUntilMs(action: RouteAction): number | undefined {
    const { apiHealth } = this.#options;
    const readyAtMs = Math.max(apiHealth.readyAtMs(apiOf(action)), apiHealth.readyAtMs(subjectOf(action)));
    return readyAtMs > this.#nowMs() ? readyAtMs : undefined;
  }

  #takeToken(waiting: number): boolean {
    const nowMs = this.#nowMs();
    const hasToken = this.#bucket.take(nowMs);
    if (!hasToken && !this.#wasThrottled) {
      const waitMs = this.#bucket.readyAtMs(waiting, nowMs) - nowMs;
      this.#options.deps.report({ type: 'throttled-by-us', waiting, waitMs });
    }
    this.#wasThrottled = !hasToken;
    return hasToken;
  }

  #nowMs(): number {
    return this.#options.deps.clock.now();
  }
}

/** Another account's role may be refused or throttled while one's own is not. */
function apiOf(action: RouteAction): string {
  return action.roleArn === undefined ? APIS[action.kind] : `${APIS[action.kind]} ${action.roleArn}`;
}

function subjectOf(action: RouteAction): string {
  return `${APIS[action.kind]} ${action.key}`;
}

/** True for a subject of one route that is none of these any more. */
export function isGoneRoute(subject: string, keys: ReadonlySet<string>): boolean {
  const found = /^(?:Create|Replace|Delete)Route (rtb-.*)$/.exec(subject);
  return found?.[1] !== undefined && !keys.has(found[1]);
}
