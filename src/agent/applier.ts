import type { AwsFailure } from '../aws/index.ts';
import { holderOf, type RouteAction, rememberChange } from '../core/index.ts';
import { TokenBucket } from '../lib/token-bucket.ts';
import { type ApiHealth, isApiWide } from './api-health.ts';
import type { Decider } from './decider.ts';
import type { AgentDeps } from './deps.ts';
import type { RouteHooksRunner } from './route-hooks.ts';
import type { RouteView } from './route-index.ts';
import type { AwsSpec } from './spec.ts';
import { apiOf, changeOf, mayHaveHappened, subjectOf } from './subjects.ts';
import { type TableKey, tableKey } from './table-reader.ts';
import { UnansweredChanges } from './unanswered-changes.ts';

/** A cycle for less than this many tokens would only read. */
const TOKENS_WORTH_A_CYCLE = 4;

/** Where nothing could be sent though there are tokens, a before-hook or a newer fact is in the way. */
const LEAST_WAIT_MS = 100;

/** Waits for tokens with less than this between them are one. */
const EPISODE_MS = 60_000;

/** An action, and the route as it was when it was decided. */
export interface Task {
  readonly action: RouteAction;
  readonly view: RouteView;
}

interface Batch {
  readonly changed: Set<TableKey>;
  readonly raced: Set<TableKey>;
  retryAtMs: number | undefined;
  /** Nothing more is sent: the facts grew old, or the tokens are used up. */
  isOver: boolean;
}

/** How far a batch of actions came. */
export interface ApplyReport {
  /** Tables in which something was changed: they are to be read again to verify. */
  readonly changed: readonly TableKey[];
  /** Tables that another agent was faster in: they are to be read and decided again. */
  readonly raced: readonly TableKey[];
  /** When to decide again at the latest (monotonic ms): tokens, back-off, or facts that grew old on the way. */
  readonly retryAtMs: number | undefined;
}

/** The actions to go on with, and when to look at the others again. */
export interface Chosen {
  readonly actions: readonly RouteAction[];
  /** How many are due and wait for tokens. */
  readonly waiting: number;
  /** When those that are not due will be (monotonic ms). */
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
  readonly #unanswered: UnansweredChanges;
  #outOfTokensAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ApplierOptions) {
    this.#options = options;
    const { mutationBurst, mutationRate } = options.limits;
    const limits = { capacity: mutationBurst, refillPerSec: mutationRate };
    this.#unanswered = new UnansweredChanges(options);
    this.#bucket = new TokenBucket(limits, options.deps.clock.now());
  }

  /**
   * Tries each action once. `isStillWanted` is asked just before each call, so that a decision that a newer fact has
   * overtaken is never sent; what is not sent is planned anew in the next cycle.
   */
  async apply(
    actions: readonly Task[],
    isStillWanted: (action: RouteAction, view: RouteView) => boolean,
    signal: AbortSignal,
  ): Promise<ApplyReport> {
    const batch: Batch = { changed: new Set(), raced: new Set(), retryAtMs: undefined, isOver: false };
    const queue = this.#inOrder(actions, ({ action }) => action);
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < queue.length && !batch.isOver && !signal.aborted) {
        const task = queue[next];
        next += 1;
        if (task === undefined || !this.#isDue(task.action, batch)) continue;
        if (!isStillWanted(task.action, task.view)) {
          // What else waits rests on facts as old as these: the next cycle plans it anew.
          batch.isOver = true;
          retry(batch, this.#nowMs());
        } else if (!this.#bucket.has(this.#nowMs())) {
          batch.isOver = true;
          this.#tellWaiting(queue.length - next + 1);
          retry(batch, this.tokensAtMs(queue.length - next + 1));
        } else if (this.#options.hooks.isCleared(task.action, task.view.spec.hooks)) {
          this.#bucket.take(this.#nowMs());
          await this.#applyOne(task, batch, signal);
        }
      }
    };
    const workers = Math.min(this.#options.limits.mutationsInFlight, actions.length);
    await Promise.all(Array.from({ length: workers }, work));
    return { changed: [...batch.changed], raced: [...batch.raced], retryAtMs: batch.retryAtMs };
  }

  /**
   * What is worth reading for: of the actions that are due as many as there are tokens for, the most urgent first. The
   * rest is planned anew later; its facts would only grow old meanwhile.
   */
  choose(actions: readonly RouteAction[]): Chosen {
    const nowMs = this.#nowMs();
    const rest: Pick<Batch, 'retryAtMs'> = { retryAtMs: undefined };
    const due = this.#inOrder(actions, (action) => action).filter((action) => this.#isDue(action, rest));
    // One whose before-hook runs waits for that, not for a token.
    const sendable = due.filter((action) => !this.#options.hooks.isRunningFor(action));
    const tokens = this.#bucket.level(nowMs);
    const waiting = Math.max(0, sendable.length - tokens);
    if (waiting > 0) this.#tellWaiting(waiting);
    return { actions: sendable.slice(0, tokens), waiting, retryAtMs: rest.retryAtMs };
  }

  /** When so many actions that wait for tokens are worth a cycle, after the present one has sent what it could. */
  tokensAtMs(waiting: number): number {
    const readyAtMs = this.#bucket.readyAtMs(Math.min(waiting, TOKENS_WORTH_A_CYCLE), this.#nowMs());
    return Math.max(readyAtMs, this.#nowMs() + LEAST_WAIT_MS);
  }

  /** Looks in what was read for changes whose answer was lost. */
  settleUnanswered(viewOf: (key: string) => RouteView | undefined): void {
    this.#unanswered.settle(viewOf);
  }

  /** Forgets what belongs to routes that are not managed any more. */
  forgetOthers(isManaged: (key: string) => boolean): void {
    this.#options.hooks.forgetOthers(isManaged);
  }

  /** What failed before comes last, so that it can't use up the tokens of what may succeed. */
  #inOrder<Item>(items: readonly Item[], actionOf: (item: Item) => RouteAction): readonly Item[] {
    const { apiHealth } = this.#options;
    const failed = new Set(items.filter((item) => apiHealth.isFailing(subjectOf(actionOf(item)))));
    if (failed.size === 0) return items;
    return [...items.filter((item) => !failed.has(item)), ...failed];
  }

  #isDue(action: RouteAction, batch: Pick<Batch, 'retryAtMs'>): boolean {
    const { apiHealth } = this.#options;
    const readyAtMs = Math.max(apiHealth.readyAtMs(apiOf(action)), apiHealth.readyAtMs(subjectOf(action)));
    if (readyAtMs <= this.#nowMs()) return true;
    retry(batch, readyAtMs);
    return false;
  }

  /** Told once for each time that changes have to wait, not for each token. */
  #tellWaiting(waiting: number): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#outOfTokensAtMs > EPISODE_MS) {
      const waitMs = this.#bucket.readyAtMs(waiting, nowMs) - nowMs;
      this.#options.deps.report({ type: 'throttled-by-us', waiting, waitMs });
    }
    this.#outOfTokensAtMs = nowMs;
  }

  async #applyOne({ action, view }: Task, batch: Batch, signal: AbortSignal): Promise<void> {
    const { deps, apiHealth, decider, hooks } = this.#options;
    const sentAtMs = this.#nowMs();
    const result = await deps.tables.apply(action, signal);
    const atMs = this.#nowMs();
    const table = tableKey(action.tableId, action.roleArn);
    if (!result.ok) {
      // An answer that was lost may follow a change that was made: only reads can tell.
      const mayBeMade = mayHaveHappened(result.failure);
      (mayBeMade ? batch.changed : batch.raced).add(table);
      if (mayBeMade) this.#unanswered.add({ action, view, sentAtMs, lostAtMs: atMs });
      this.#failed(action, view, result.failure, batch);
      return;
    }
    this.#unanswered.delete(action.key);
    apiHealth.succeeded(apiOf(action));
    apiHealth.succeeded(subjectOf(action));
    const before = holderOf(view.observed);
    decider.setMemory(action.key, rememberChange(decider.memory(action.key), changeOf(action, before, atMs)));
    batch.changed.add(table);
    deps.report({ type: 'route-changed', action, tookMs: atMs - sentAtMs });
    hooks.carriedOut(action, view.spec.hooks);
  }

  #failed(action: RouteAction, view: RouteView, failure: AwsFailure, batch: Batch): void {
    const { deps, apiHealth, onTargetMissing } = this.#options;
    if (failure.kind === 'already-exists' || failure.kind === 'route-missing') {
      deps.report({ type: 'route-race', action, failure });
      retry(batch, apiHealth.raced(subjectOf(action)));
      return;
    }
    // A fallback that EC2 does not know says nothing of our own interfaces.
    if (failure.kind === 'target-missing' && action.to?.id !== view.spec.fallback?.id) onTargetMissing();
    deps.report({ type: 'route-failed', action, failure });
    const subject = isApiWide(failure.kind) ? apiOf(action) : subjectOf(action);
    retry(batch, apiHealth.failed(subject, failure));
  }

  #nowMs(): number {
    return this.#options.deps.clock.now();
  }
}

function retry(batch: Pick<Batch, 'retryAtMs'>, atMs: number): void {
  batch.retryAtMs = Math.min(batch.retryAtMs ?? atMs, atMs);
}
