import { SingleFlight } from '../lib/single-flight.ts';
import { pause } from '../lib/wait.ts';
import type { AgentDeps } from './deps.ts';
import { DueReads } from './due-reads.ts';
import type { Engine } from './engine.ts';
import type { SourceDestRefusal } from './own-interfaces.ts';
import type { DecideMode } from './route-facts.ts';
import { type TableKey, tableKey } from './table-reader.ts';

/**
 * After a change the table is read at once to verify it, and again after these times: early, because the unhealthy
 * holder's own delete comes when its backup's takeover comes; late, because reads may be stale.
 */
const VERIFY_AFTER_MS = [0, 200, 1_000, 3_000, 10_000] as const;

/** A loop that is under way for longer than this is stuck. */
const STUCK_MS = 60_000;

const RELEASE_MS = 8_000;

export interface RouteLoopsOptions {
  readonly deps: AgentDeps;
  readonly engine: Engine;
  /** Something other than a stop has the routes given away. */
  isDraining(): boolean;
  /** Tables and interfaces are known for the first time. */
  onReady(): void;
  onRefused(refusals: readonly SourceDestRefusal[]): void;
}

/**
 * The three loops that keep routes (poll, verify, cycle), each in single flight, over one engine. Where the spec has no
 * groups of tables they turn and ask nobody for anything.
 */
export class RouteLoops {
  readonly #options: RouteLoopsOptions;
  readonly #polls: SingleFlight;
  readonly #reads: SingleFlight;
  readonly #cycles: SingleFlight;
  readonly #abort = new AbortController();
  readonly #dueReads: DueReads;
  #polledAtMs: number;
  /** When the poll began that failed in part and is to be tried again; what was read since need not be. */
  #retrySinceMs: number | undefined;
  #isReleasing = false;
  #isReady = false;
  /** Set when the interfaces have been found fit; no route is touched before. */
  #isCleared = false;
  /** The spec had groups when the agent was started. */
  #mayRefuse = false;
  #isRefused = false;
  #cycleSinceMs: number | undefined;

  constructor(options: RouteLoopsOptions) {
    this.#options = options;
    const { clock, report } = options.deps;
    this.#polledAtMs = clock.now();
    this.#dueReads = new DueReads(this.#polledAtMs);
    const crashed = (where: string) => (error: unknown) => report({ type: 'crash', where, error });
    this.#polls = new SingleFlight(clock, () => this.#poll(), crashed('poll'));
    this.#reads = new SingleFlight(clock, () => this.#read(), crashed('read'));
    this.#cycles = new SingleFlight(clock, () => this.#cycle(), crashed('cycle'));
  }

  start(): void {
    this.#mayRefuse = this.#hasGroups();
    this.#polls.request();
  }

  /** Reads everything anew: what is known is in doubt. */
  pollAnew(): void {
    this.#retrySinceMs = undefined;
    this.#polls.request();
  }

  /** Something that decisions rest on has changed. */
  wake(): void {
    this.#cycles.request();
  }

  /** True once tables and interfaces are known; where there are none to know, at once. */
  isReady(): boolean {
    return this.#isReady || !this.#hasGroups();
  }

  /** True while the loops turn: no cycle under way for over a minute, and polls that come to an end. */
  isAlive(): boolean {
    const nowMs = this.#options.deps.clock.now();
    const isCycling = this.#cycleSinceMs === undefined || nowMs - this.#cycleSinceMs < STUCK_MS;
    return isCycling && nowMs - this.#polledAtMs < Math.max(3 * this.#options.engine.spec().pollMs, STUCK_MS);
  }

  /** From now on routes are given away as if draining. */
  beginRelease(): void {
    this.#isReleasing = true;
    this.#cycles.request();
  }

  /**
   * Gives every held route away, by reads made for it: what was read before may not show a route that was taken just
   * now. False when time ran out.
   */
  async release(): Promise<boolean> {
    const { engine, deps } = this.#options;
    // Nothing was taken before the interfaces were found fit, so there is nothing to release then.
    if (!this.#isCleared) return true;
    this.#isReleasing = true;
    await this.#cycles.idle();
    const sinceMs = deps.clock.now();
    while (deps.clock.now() < sinceMs + RELEASE_MS) {
      const tables = engine.routes().map(({ table }) => tableKey(table.id, table.roleArn));
      await engine.readTables([...new Set(tables)], this.#abort.signal);
      this.#cycles.request();
      await this.#cycles.idle();
      if (engine.isReleased(this.#mode(), sinceMs)) return true;
      await pause(deps.clock, 100);
    }
    return false;
  }

  /** No loop turns any more; resolves when what is under way has ended. */
  async close(): Promise<void> {
    await Promise.all([this.#polls.close(), this.#reads.close(), this.#cycles.close()]);
  }

  /** Ends the calls that are under way. */
  abort(): void {
    this.#abort.abort();
  }

  /** Whatever happens in it, the next poll is set. */
  async #poll(): Promise<void> {
    const { engine, deps, onReady } = this.#options;
    const { clock, random } = deps;
    const { pollMs } = engine.spec();
    const startedMs = clock.now();
    this.#polls.requestAt(startedMs + pollMs * (0.9 + 0.2 * random()));
    // A retry asks again for what failed only: in a throttled region each call more makes it worse.
    const sinceMs = Math.max(this.#retrySinceMs ?? startedMs, startedMs - pollMs / 2);
    this.#retrySinceMs = undefined;
    const retryAtMs = await engine.poll(this.#mode(), { sinceMs, signal: this.#abort.signal });
    this.#polledAtMs = clock.now();
    if (retryAtMs !== undefined) {
      this.#retrySinceMs = sinceMs;
      this.#polls.requestAt(retryAtMs);
    }
    this.#reads.request();
    this.#clear();
    if (!this.#isReady && retryAtMs === undefined && engine.own.isKnown()) {
      this.#isReady = true;
      onReady();
    }
    this.#cycles.request();
  }

  /**
   * Only the first answer after the start may refuse: a running agent that stops is worse than one that says what is
   * wrong, and nothing is pointed at an interface that is unfit.
   */
  #clear(): void {
    const { engine, onRefused } = this.#options;
    if (this.#isCleared || !engine.own.isSettled()) return;
    const refusals = engine.own.refusals();
    this.#isCleared = refusals.length === 0 || !this.#mayRefuse;
    if (this.#isCleared || this.#isRefused) return;
    this.#isRefused = true;
    onRefused(refusals);
  }

  async #cycle(): Promise<void> {
    const { engine, deps } = this.#options;
    if (!this.#isCleared) return;
    this.#cycleSinceMs = deps.clock.now();
    try {
      const report = await engine.cycle(() => this.#mode(), this.#abort.signal);
      this.#readLater(report.changed, VERIFY_AFTER_MS);
      this.#readLater(report.raced, [0]);
      // Its own reads may have shown a holder that nobody watches yet.
      if (report.hasRead || engine.hasUnaskedHolders(this.#mode())) this.#reads.request();
      if (report.retryAtMs !== undefined) this.#cycles.requestAt(report.retryAtMs);
    } finally {
      this.#cycleSinceMs = undefined;
    }
  }

  /** Reads the tables that are due, looks up who holds their routes, and has the cycle look at the result. */
  async #read(): Promise<void> {
    const { engine, deps } = this.#options;
    const nowMs = deps.clock.now();
    const keys = this.#dueReads.take(nowMs);
    const nextAtMs = this.#dueReads.nextAtMs(nowMs);
    if (nextAtMs !== undefined) this.#reads.requestAt(nextAtMs);
    if (keys.length > 0) {
      const { tables, retryAtMs } = await engine.readTables(keys, this.#abort.signal);
      const shown = new Set(tables.map((table) => tableKey(table.id, table.roleArn)));
      const unread = keys.filter((key) => !shown.has(key));
      if (retryAtMs !== undefined) this.#readLater(unread, [retryAtMs - deps.clock.now()]);
      this.#cycles.request();
    }
    const holdersAtMs = await engine.refreshHolders(this.#abort.signal);
    if (holdersAtMs !== undefined) this.#reads.requestAt(holdersAtMs);
    const statuses = await engine.refreshStatuses(this.#mode(), this.#abort.signal);
    if (statuses.retryAtMs !== undefined) this.#reads.requestAt(statuses.retryAtMs);
    if (statuses.isNew) this.#cycles.request();
  }

  #readLater(keys: readonly TableKey[], delaysMs: readonly number[]): void {
    if (keys.length === 0) return;
    const nowMs = this.#options.deps.clock.now();
    const timesMs = delaysMs.map((delayMs) => nowMs + delayMs);
    this.#dueReads.add(keys, timesMs);
    for (const atMs of timesMs) this.#reads.requestAt(atMs);
  }

  #mode(): DecideMode {
    return { isDraining: this.#isReleasing || this.#options.isDraining(), checks: 'heeded' };
  }

  #hasGroups(): boolean {
    return this.#options.engine.spec().tableGroups.length > 0;
  }
}
