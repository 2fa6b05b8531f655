import { deadlineAfter } from '../lib/wait.ts';
import { Announcing } from './announcing.ts';
import type { AgentDeps } from './deps.ts';
import { DrainWatch } from './drain-watch.ts';
import { Engine } from './engine.ts';
import type { SourceDestRefusal } from './own-interfaces.ts';
import { RouteLoops } from './route-loops.ts';
import { type AgentSnapshot, snapshotOf, statusLine } from './snapshot.ts';
import type { AgentSpec } from './spec.ts';

/** Stopping takes no longer than this, released routes included, and the drain of prefixes not included. */
const STOP_MS = 10_000;

export interface AgentOptions {
  readonly deps: AgentDeps;
  /** The agent must not go on: traffic would be dropped by the interface. Called at most once, at start. */
  onRefused(refusals: readonly SourceDestRefusal[]): void;
}

/**
 * The long-lived agent: probes, and two things that rest on them. Prefixes are announced and withdrawn at once, when a
 * check changes; routes are kept by loops that ask AWS. Neither waits for the other.
 */
export class Agent {
  readonly #deps: AgentDeps;
  readonly #engine: Engine;
  readonly #announcing: Announcing;
  readonly #loops: RouteLoops;
  readonly #drain: DrainWatch;
  readonly #startedAtMs: number;
  #isReadyTold = false;

  constructor(spec: AgentSpec, { deps, onRefused }: AgentOptions) {
    this.#deps = deps;
    this.#startedAtMs = deps.clock.now();
    this.#engine = new Engine(spec, {
      deps,
      onHealth: (check) => this.#checkChanged(check),
      onWake: () => this.#loops.wake(),
      onDoubt: () => this.#loops.pollAnew(),
    });
    this.#announcing = new Announcing(deps, (name) => this.#engine.health.lookup(name));
    this.#drain = new DrainWatch(deps, () => this.#drainChanged());
    this.#loops = new RouteLoops({
      deps,
      engine: this.#engine,
      isDraining: () => this.#isDraining(),
      onReady: () => this.#tellReady(true),
      onRefused,
    });
  }

  /** Starts probing at once; routes are touched only when the checks, the interfaces and the tables are known. */
  start(): void {
    const spec = this.#engine.spec();
    this.#deps.report({ type: 'started', ...sizesOf(spec), managed: spec.tableGroups.length > 0 });
    this.#engine.setSpec(spec);
    this.#announcing.setSpec(spec.announcer);
    this.#loops.start();
    this.#drain.watch(spec.drainOn);
    this.#tellSettled();
  }

  /** Takes a new spec without a pause: unchanged checks keep their state. */
  reload(spec: AgentSpec): void {
    const needsRestart = JSON.stringify(spec.aws) !== JSON.stringify(this.#engine.spec().aws);
    this.#engine.setSpec(spec);
    this.#announcing.setSpec(spec.announcer);
    this.#deps.report({ type: 'reloaded', ...sizesOf(spec), needsRestart });
    this.#loops.pollAnew();
    this.#loops.wake();
    this.#drain.watch(spec.drainOn);
    this.#tellSettled();
  }

  /** True while the loops turn. For the watchdog. */
  isAlive(): boolean {
    return this.#loops.isAlive();
  }

  /** What there is to show now. Asks nobody. */
  snapshot(): AgentSnapshot {
    return snapshotOf(this.#engine, {
      isReady: this.#loops.isReady(),
      startedAtMs: this.#startedAtMs,
      drainSignals: this.#drain.signals(),
      announcer: this.#announcing.view(),
    });
  }

  /** One line for `systemctl status`. */
  status(): string {
    return statusLine(this.snapshot());
  }

  /** `close` is over by then. */
  stopsWithinMs(): number {
    return STOP_MS + this.#announcing.stopDrainMs();
  }

  /**
   * Stops in order: prefixes are withdrawn (first of all and at once, or drained), probing ends, then routes as `on_exit`
   * says, then the rest. Bounded by `stopsWithinMs`; true when all went well.
   */
  async close(why: string): Promise<boolean> {
    const withdrawn = this.#announcing.stop(why);
    const { clock, report } = this.#deps;
    const startMs = clock.now();
    const { onExit, announcer } = this.#engine.spec();
    report({ type: 'stopping', why, onExit, prefixes: announcer?.onExit });
    this.#drain.close();
    const deadline = deadlineAfter(clock, this.stopsWithinMs());
    const work = this.#closeInOrder(onExit, withdrawn);
    const isClean = await Promise.race([work, deadline.passed]);
    deadline.cancel();
    this.#loops.abort();
    report({ type: 'stopped', tookMs: clock.now() - startMs, isClean });
    return isClean;
  }

  /** Probing goes on while prefixes are drained: one whose service ends before that is withdrawn at once. */
  async #closeInOrder(onExit: AgentSpec['onExit'], withdrawn: Promise<boolean>): Promise<boolean> {
    if (onExit === 'keep') this.#engine.freeze();
    else this.#loops.beginRelease();
    if (this.#announcing.stopDrainMs() > 0) await withdrawn;
    await this.#engine.health.close();
    const isReleased = onExit === 'keep' || (await this.#loops.release());
    await this.#loops.close();
    return (await withdrawn) && isReleased;
  }

  /** The prefixes first: what the routes need may be a while in coming. */
  #checkChanged(check: string): void {
    this.#announcing.checkChanged(check);
    this.#loops.wake();
    this.#tellSettled();
  }

  #drainChanged(): void {
    this.#announcing.setDraining(this.#isDraining());
    this.#loops.wake();
  }

  #isDraining(): boolean {
    return this.#drain.signals().length > 0;
  }

  /** Without routes an agent is ready when its checks have settled. */
  #tellSettled(): void {
    if (this.#isReadyTold || this.#engine.spec().tableGroups.length > 0) return;
    const checks = this.#engine.health.checks();
    if (checks.every(({ health }) => health !== 'unknown')) this.#tellReady(false);
  }

  #tellReady(managed: boolean): void {
    this.#isReadyTold = true;
    const sinceStartMs = this.#deps.clock.now() - this.#startedAtMs;
    this.#deps.report({ type: 'ready', sinceStartMs, managed });
  }
}

function sizesOf({ checks, tableGroups, announcer }: AgentSpec) {
  const prefixes = new Set(announcer?.routes.map(({ prefix }) => prefix)).size;
  return { checks: checks.length, groups: tableGroups.length, prefixes };
}
