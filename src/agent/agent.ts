import { SingleFlight } from '../lib/single-flight.ts';
import { deadlineAfter, pause } from '../lib/wait.ts';
import type { AgentDeps } from './deps.ts';
import { DrainWatch } from './drain-watch.ts';
import { DueReads } from './due-reads.ts';
import { Engine } from './engine.ts';
import type { SourceDestRefusal } from './own-interfaces.ts';
import type { DecideMode } from './route-facts.ts';
import { type AgentSnapshot, snapshotOf, statusLine } from './snapshot.ts';
import type { AgentSpec } from './spec.ts';
import { type TableKey, tableKey } from './table-reader.ts';

/**
 * After a change the table is read at once to verify it, and again after these times: early, because the unhealthy
 * holder's own delete comes when its backup's takeover comes; late, because reads may be stale.
 */
const VERIFY_AFTER_MS = [0, 200, 1_000, 3_000, 10_000] as const;

/** A loop that is under way for longer than this is stuck. */
const STUCK_MS = 60_000;

/** Stopping takes no longer than this, released routes included. */
const STOP_MS = 10_000;
const RELEASE_MS = 8_000;

export interface AgentOptions {
  readonly deps: AgentDeps;
  /** The agent must not go on: traffic would be dropped by the interface. Called at most once, at start. */
  onRefused(refusals: readonly SourceDestRefusal[]): void;
}

/** The long-lived agent: three loops (poll, verify, cycle), each in single flight, over one engine. */
export class Agent {
  readonly #deps: AgentDeps;
  readonly #onRefused: AgentOptions['onRefused'];
  readonly #engine: Engine;
  readonly #drain: DrainWatch;
  readonly #polls: SingleFlight;
  readonly #reads: SingleFlight;
  readonly #cycles: SingleFlight;
  readonly #abort = new AbortController();
  readonly #startedAtMs: number;
  readonly #dueReads: DueReads;
  #polledAtMs: number;
  /** When the poll began that failed in part and is to be tried again; what was read since need not be. */
  #retrySinceMs: number | undefined;
  #isReleasing = false;
  #isReady = false;
  /** Set when the interfaces have been found fit; no route is touched before. */
  #isCleared = false;
  #isRefused = false;
  #cycleSinceMs: number | undefined;

  constructor(spec: AgentSpec, { deps, onRefused }: AgentOptions) {
    this.#deps = deps;
    this.#onRefused = onRefused;
    this.#startedAtMs = deps.clock.now();
    this.#dueReads = new DueReads(this.#startedAtMs);
    this.#polledAtMs = this.#startedAtMs;
    this.#engine = new Engine(spec, {
      deps,
      onWake: () => this.#cycles.request(),
      onDoubt: () => this.#pollAnew(),
    });
    this.#drain = new DrainWatch(deps, () => this.#cycles.request());
    const crashed = (where: string) => (error: unknown) => deps.report({ type: 'crash', where, error });
    this.#polls = new SingleFlight(deps.clock, () => this.#poll(), crashed('poll'));
    this.#reads = new SingleFlight(deps.clock, () => this.#read(), crashed('read'));
    this.#cycles = new SingleFlight(deps.clock, () => this.#cycle(), crashed('cycle'));
  }

  /** Starts probing at once; routes are touched only when the checks, the interfaces and the tables are known. */
  start(): void {
    const spec = this.#engine.spec();
    this.#deps.report({
      type: 'started',
      checks: spec.checks.length,
      groups: spec.tableGroups.length,
      managed: spec.tableGroups.length > 0,
    });
    this.#engine.setSpec(spec);
    this.#polls.request();
    this.#drain.watch(spec.drainOn);
  }

  /** Takes a new spec without a pause: unchanged checks keep their state. */
  reload(spec: AgentSpec): void {
    const needsRestart = JSON.stringify(spec.aws) !== JSON.stringify(this.#engine.spec().aws);
    this.#engine.setSpec(spec);
    const { checks, tableGroups } = spec;
    this.#deps.report({ type: 'reloaded', checks: checks.length, groups: tableGroups.length, needsRestart });
    this.#pollAnew();
    this.#cycles.request();
    this.#drain.watch(spec.drainOn);
  }

  /** True while the loops turn: no cycle under way for over a minute, and polls that come to an end. For the watchdog. */
  isAlive(): boolean {
    const nowMs = this.#deps.clock.now();
    const isCycling = this.#cycleSinceMs === undefined || nowMs - this.#cycleSinceMs < STUCK_MS;
    return isCycling && nowMs - this.#polledAtMs < Math.max(3 * this.#engine.spec().pollMs, STUCK_MS);
  }

  /** What there is to show now. Asks nobody. */
  snapshot(): AgentSnapshot {
    const [isReady, startedAtMs] = [this.#isReady, this.#startedAtMs];
    return snapshotOf(this.#engine, { isReady, startedAtMs, drainSignals: this.#drain.signals() });
  }

  /** One line for `systemctl status`. */
  status(): string {
    return statusLine(this.snapshot());
  }

  /** Stops in order: probing, then routes as `on_exit` says, then the rest. Bounded by 10 s; true when all went well. */
  async close(why: string): Promise<boolean> {
    const { clock, report } = this.#deps;
    const startMs = clock.now();
    const { onExit } = this.#engine.spec();
    report({ type: 'stopping', why, onExit });
    this.#drain.close();
    const deadline = deadlineAfter(clock, STOP_MS);
    const work = this.#closeInOrder(onExit);
    const isClean = await Promise.race([work, deadline.passed]);
    deadline.cancel();
    this.#abort.abort();
    report({ type: 'stopped', tookMs: clock.now() - startMs, isClean });
    return isClean;
  }

  async #closeInOrder(onExit: AgentSpec['onExit']): Promise<boolean> {
    if (onExit === 'keep') this.#engine.freeze();
    await this.#engine.health.close();
    // Nothing was taken before the interfaces were found fit, so there is nothing to release then.
    const isReleased = onExit === 'keep' || !this.#isCleared || (await this.#release());
    await Promise.all([this.#polls.close(), this.#reads.close(), this.#cycles.close()]);
    return isReleased;
  }

  /**
   * Gives every held route away as if draining, by reads made for it: what was read before may not show a route that
   * was taken just now. False when time ran out.
   */
  async #release(): Promise<boolean> {
    this.#isReleasing = true;
    await this.#cycles.idle();
    const sinceMs = this.#deps.clock.now();
    while (this.#deps.clock.now() < sinceMs + RELEASE_MS) {
      const tables = this.#engine.routes().map(({ table }) => tableKey(table.id, table.roleArn));
      await this.#engine.readTables([...new Set(tables)], this.#abort.signal);
      this.#cycles.request();
      await this.#cycles.idle();
      if (this.#engine.isReleased(this.#mode(), sinceMs)) return true;
      await pause(this.#deps.clock, 100);
    }
    return false;
  }

  #pollAnew(): void {
    this.#retrySinceMs = undefined;
    this.#polls.request();
  }

  /** Whatever happens in it, the next poll is set. */
  async #poll(): Promise<void> {
    const { clock, random } = this.#deps;
    const { pollMs } = this.#engine.spec();
    const startedMs = clock.now();
    this.#polls.requestAt(startedMs + pollMs * (0.9 + 0.2 * random()));
    // A retry asks again for what failed only: in a throttled region each call more makes it worse.
    const sinceMs = Math.max(this.#retrySinceMs ?? startedMs, startedMs - pollMs / 2);
    this.#retrySinceMs = undefined;
    const retryAtMs = await this.#engine.poll(this.#mode(), { sinceMs, signal: this.#abort.signal });
    this.#polledAtMs = clock.now();
    if (retryAtMs !== undefined) {
      this.#retrySinceMs = sinceMs;
      this.#polls.requestAt(retryAtMs);
    }
    this.#reads.request();
    this.#checkRefusal();
    if (!this.#isReady && retryAtMs === undefined && this.#engine.own.isKnown()) {
      this.#isReady = true;
      this.#deps.report({ type: 'ready', sinceStartMs: clock.now() - this.#startedAtMs });
    }
    this.#cycles.request();
  }

  /** Only the first answer may refuse: a running agent that stops is worse than one that says what is wrong. */
  #checkRefusal(): void {
    const { own } = this.#engine;
    if (this.#isCleared || !own.isSettled()) return;
    const refusals = own.refusals();
    this.#isCleared = refusals.length === 0;
    if (this.#isCleared || this.#isRefused) return;
    this.#isRefused = true;
    this.#onRefused(refusals);
  }

  async #cycle(): Promise<void> {
    if (!this.#isCleared) return;
    this.#cycleSinceMs = this.#deps.clock.now();
    try {
      const report = await this.#engine.cycle(() => this.#mode(), this.#abort.signal);
      this.#readLater(report.changed, VERIFY_AFTER_MS);
      this.#readLater(report.raced, [0]);
      // Its own reads may have shown a holder that nobody watches yet.
      if (report.hasRead || this.#engine.hasUnaskedHolders(this.#mode())) this.#reads.request();
      if (report.retryAtMs !== undefined) this.#cycles.requestAt(report.retryAtMs);
    } finally {
      this.#cycleSinceMs = undefined;
    }
  }

  /** Reads the tables that are due, looks up who holds their routes, and has the cycle look at the result. */
  async #read(): Promise<void> {
    const nowMs = this.#deps.clock.now();
    const keys = this.#dueReads.take(nowMs);
    const nextAtMs = this.#dueReads.nextAtMs(nowMs);
    if (nextAtMs !== undefined) this.#reads.requestAt(nextAtMs);
    if (keys.length > 0) {
      const { tables, retryAtMs } = await this.#engine.readTables(keys, this.#abort.signal);
      const shown = new Set(tables.map((table) => tableKey(table.id, table.roleArn)));
      const unread = keys.filter((key) => !shown.has(key));
      if (retryAtMs !== undefined) this.#readLater(unread, [retryAtMs - this.#deps.clock.now()]);
      this.#cycles.request();
    }
    const holdersAtMs = await this.#engine.refreshHolders(this.#abort.signal);
    if (holdersAtMs !== undefined) this.#reads.requestAt(holdersAtMs);
    const statuses = await this.#engine.refreshStatuses(this.#mode(), this.#abort.signal);
    if (statuses.retryAtMs !== undefined) this.#reads.requestAt(statuses.retryAtMs);
    if (statuses.isNew) this.#cycles.request();
  }

  #readLater(keys: readonly TableKey[], delaysMs: readonly number[]): void {
    if (keys.length === 0) return;
    const nowMs = this.#deps.clock.now();
    const timesMs = delaysMs.map((delayMs) => nowMs + delayMs);
    this.#dueReads.add(keys, timesMs);
    for (const atMs of timesMs) this.#reads.requestAt(atMs);
  }

  #mode(): DecideMode {
    return { isDraining: this.#isReleasing || this.#drain.signals().length > 0, checks: 'heeded' };
  }
}
