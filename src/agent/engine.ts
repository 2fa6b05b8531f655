import { type DecidedRoute, firstHoldEndMs, isSameChange, plan, type RouteAction } from '../core/index.ts';
import { least } from '../lib/least.ts';
import { ApiHealth } from './api-health.ts';
import { Applier } from './applier.ts';
import { type CycleReport, IDLE, sumOf } from './cycle-report.ts';
import { Decider } from './decider.ts';
import { tellDecisions } from './decision-news.ts';
import type { AgentDeps } from './deps.ts';
import { Freshness } from './freshness.ts';
import { HealthView } from './health-view.ts';
import { Holders, type StatusReport } from './holders.ts';
import { OwnInterfacesView } from './own-interfaces.ts';
import { isReleased } from './release.ts';
import type { DecideMode } from './route-facts.ts';
import { RouteHooksRunner } from './route-hooks.ts';
import { RouteIndex, type RouteView } from './route-index.ts';
import { RouteStates } from './route-states.ts';
import type { AgentSpec } from './spec.ts';
import { isGoneRoute } from './subjects.ts';
import { type PollOptions, type ReadReport, type TableKey, TableReader, tableKey } from './table-reader.ts';

export interface EngineOptions {
  readonly deps: AgentDeps;
  /** The status of a check has changed. */
  onHealth(check: string): void;
  /** A cycle should run: a hook ended, tables were read. */
  onWake(): void;
  /** Something shows that what was read is wrong: a poll should run. */
  onDoubt(): void;
}

/**
 * One pass of each kind: reading, deciding, acting. It has no timer and no loop of its own, so the commands that act
 * once use it as well as the agent.
 */
export class Engine {
  readonly health: HealthView;
  readonly own: OwnInterfacesView;
  readonly #deps: AgentDeps;
  readonly #onWake: () => void;
  readonly #reader: TableReader;
  readonly #apiHealth: ApiHealth;
  readonly #holders: Holders;
  readonly #decider: Decider;
  readonly #applier: Applier;
  readonly #index: RouteIndex;
  #spec: AgentSpec;
  /** Tables to be read again in the next seconds although nothing was changed there. */
  readonly #watched = new Set<TableKey>();
  #isFrozen = false;
  /** No check runs before `setSpec`, remote ones included. */
  #isProbing = false;
  #tidied: readonly RouteView[] | undefined;

  constructor(spec: AgentSpec, { deps, onHealth, onWake, onDoubt }: EngineOptions) {
    this.#spec = spec;
    this.#deps = deps;
    this.#onWake = onWake;
    this.#apiHealth = new ApiHealth(deps);
    this.own = new OwnInterfacesView(deps, this.#apiHealth);
    this.health = new HealthView({ ...deps, onChange: onHealth });
    this.#holders = new Holders(deps, this.#apiHealth);
    this.#reader = new TableReader(deps, this.#apiHealth, () => this.health.doubtRemote());
    const states = new RouteStates();
    this.#decider = new Decider(deps, { health: this.health, holders: this.#holders, own: this.own }, states);
    this.#index = new RouteIndex(deps, this.#reader, states);
    this.#applier = new Applier({
      deps,
      apiHealth: this.#apiHealth,
      decider: this.#decider,
      hooks: new RouteHooksRunner(deps, onWake),
      limits: spec.aws,
      onTargetMissing: () => {
        this.own.doubt();
        onDoubt();
      },
    });
  }

  spec(): AgentSpec {
    return this.#spec;
  }

  /** Takes a spec and runs its checks: what stayed the same keeps running and keeps its state. */
  setSpec(spec: AgentSpec): void {
    this.#spec = spec;
    this.#isProbing = true;
    this.own.doubt();
    this.health.setLocal(spec.checks);
  }

  /** Lets what is under way at EC2 come to its end, and sends nothing more. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /**
   * Reads everything that decisions rest on, but tables that were read in full at `sinceMs` or later. Returns when to
   * try again if a part failed (monotonic ms).
   */
  async poll(mode: DecideMode, { sinceMs, signal }: PollOptions): Promise<number | undefined> {
    const [ownRetryAtMs, report] = await Promise.all([
      this.own.refresh(this.#spec, signal),
      this.#reader.readAll(this.#spec, { sinceMs, signal }),
    ]);
    this.#afterRead();
    this.#decider.tellGroups(this.#spec, this.#reader.tables(), report.roles);
    this.#onWake();
    await this.refreshHolders(signal);
    await this.refreshStatuses(mode, signal);
    return least([report.retryAtMs, ownRetryAtMs]);
  }

  /** Asks EC2 about the holders whose status could change a decision, where its last word grew old. */
  async refreshStatuses(mode: DecideMode, signal: AbortSignal): Promise<StatusReport> {
    return this.#holders.ask(this.#decider.instancesToAsk(this.routes(), mode), signal);
  }

  /** Whether a decision waits for a status that EC2 was never asked for: checks settle between two polls. */
  hasUnaskedHolders(mode: DecideMode): boolean {
    return this.#holders.hasUnasked(this.#decider.instancesToAsk(this.routes(), mode));
  }

  /** Reads some tables again. */
  async readTables(keys: readonly TableKey[], signal: AbortSignal): Promise<ReadReport> {
    const report = await this.#reader.readSome(keys, signal);
    this.#afterRead();
    return report;
  }

  /**
   * Learns the addresses of new holders, and starts and stops the remote checks accordingly. Returns when to try again
   * if some are still unknown (monotonic ms).
   */
  async refreshHolders(signal: AbortSignal): Promise<number | undefined> {
    const interfaceIds = this.#decider.interfacesToWatch(this.routes());
    const retryAtMs = await this.#holders.resolve(interfaceIds, signal);
    this.#syncRemoteChecks();
    return retryAtMs;
  }

  /** Every managed route as the newest reads show it. */
  routes(): readonly RouteView[] {
    return this.#index.all(this.#spec);
  }

  /** What should be done now, without doing it. Tells decisions that changed. */
  decide(mode: DecideMode): readonly DecidedRoute[] {
    const views = this.routes();
    const decided = this.#decider.decideAll(views, mode);
    for (const { state, table } of tellDecisions(views, decided, this.#deps.report)) {
      // A holder that looks dead and is not to be taken from may yet leave the route: only reads will show that.
      if (state.told?.reason === 'owner-reclaimed') this.#watched.add(tableKey(table.id, table.roleArn));
    }
    return decided;
  }

  /** Whether nothing is left to give away since a release began. */
  isReleased(mode: DecideMode, sinceMs: number): boolean {
    const views = this.routes();
    const decided = this.#decider.decideAll(views, mode);
    return isReleased({ views, decided, memoryOf: (key) => this.#decider.memory(key), sinceMs });
  }

  /** Decides, reads again what a change would rest on, decides again, acts. Roles do not wait for each other. */
  async cycle(mode: () => DecideMode, signal: AbortSignal): Promise<CycleReport> {
    if (this.#isFrozen) return IDLE;
    const decided = this.decide(mode());
    const intended = plan(decided);
    if (intended.length === 0) {
      const retryAtMs = firstHoldEndMs(decided, this.#deps.clock.now());
      return { ...IDLE, changed: this.#takeWatched(), retryAtMs };
    }
    const roles = [...new Set(intended.map((action) => action.roleArn))];
    const parts = roles.map((roleArn) => {
      const own = intended.filter((action) => action.roleArn === roleArn);
      return this.#actAs(roleArn, own, mode, signal);
    });
    const reports = await Promise.all(parts);
    const holdEndMs = firstHoldEndMs(this.decide(mode()), this.#deps.clock.now());
    return sumOf([...reports, { ...IDLE, changed: this.#takeWatched() }], holdEndMs);
  }

  async #actAs(
    roleArn: string | undefined,
    intended: readonly RouteAction[],
    mode: () => DecideMode,
    signal: AbortSignal,
  ): Promise<CycleReport> {
    const freshness = new Freshness(this.#deps.clock, this.#decider);
    const chosen = this.#applier.choose(intended);
    const doubtful = freshness.doubtful(chosen.actions, (key) => this.#viewOf(key));
    const read = doubtful.length === 0 ? undefined : await this.readTables(doubtful, signal);
    freshness.confirm(read?.tables.map((table) => tableKey(table.id, table.roleArn)) ?? []);
    const isStillWanted = (action: RouteAction): boolean => {
      const view = this.#viewOf(action.key);
      if (this.#isFrozen || view === undefined || !freshness.isCurrent(action, view)) return false;
      const [now] = plan([this.#decider.decideOne(view, mode())]);
      return now !== undefined && isSameChange(now, action);
    };
    const wanted = plan(this.decide(mode())).filter((action) => action.roleArn === roleArn);
    const actions = wanted.flatMap((action) => {
      const view = this.#viewOf(action.key);
      return view !== undefined && freshness.isCurrent(action, view) ? [{ action, view }] : [];
    });
    const report = await this.#applier.apply(actions, isStillWanted, signal);
    const waitsUntilMs = least([
      chosen.retryAtMs,
      read?.retryAtMs,
      chosen.waiting > 0 ? this.#applier.tokensAtMs(chosen.waiting) : undefined,
    ]);
    // What was not worth a read before, and is wanted by now.
    const isPostponed = actions.length < wanted.length && waitsUntilMs === undefined;
    const retryAtMs = least([
      report.retryAtMs,
      waitsUntilMs,
      isPostponed ? this.#deps.clock.now() : undefined,
    ]);
    return { ...report, actions: actions.length, hasRead: read !== undefined, retryAtMs };
  }

  #takeWatched(): readonly TableKey[] {
    const keys = [...this.#watched];
    this.#watched.clear();
    return keys;
  }

  #afterRead(): void {
    const views = this.routes();
    this.#index.tidy(this.#spec);
    this.#decider.remember(views);
    this.#applier.settleUnanswered((key) => this.#viewOf(key));
    this.#syncRemoteChecks();
    if (views === this.#tidied) return;
    this.#tidied = views;
    const isManaged = (key: string): boolean => this.#viewOf(key) !== undefined;
    this.#applier.forgetOthers(isManaged);
    this.#apiHealth.forget((subject) => isGoneRoute(subject, isManaged));
  }

  #syncRemoteChecks(): void {
    if (!this.#isProbing) return;
    const wanted = this.#decider.remoteTargets(this.#spec, this.routes());
    this.health.setRemote(this.#holders.targets(this.#spec.remoteChecks, wanted));
  }

  #viewOf(key: string): RouteView | undefined {
    return this.#index.byKey(this.#spec, key);
  }
}
