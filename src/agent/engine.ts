import type { DecidedRoute, RouteAction } from '../core/index.ts';
import { plan } from '../core/index.ts';
import { ApiHealth } from './api-health.ts';
import { Applier, type ApplyReport, isGoneRoute } from './applier.ts';
import { type DecideMode, Decider, type RouteView } from './decider.ts';
import { DecisionNews } from './decision-news.ts';
import type { AgentDeps } from './deps.ts';
import { Freshness } from './freshness.ts';
import { HealthView } from './health-view.ts';
import { Holders } from './holders.ts';
import { OwnInterfacesView } from './own-interfaces.ts';
import { isReleased } from './release.ts';
import { RouteHooksRunner } from './route-hooks.ts';
import type { AgentSpec } from './spec.ts';
import { type ReadReport, TableReader } from './table-reader.ts';

/** What a cycle came to: when to run the next one, and which tables to read first. */
export interface CycleReport extends ApplyReport {
  readonly actions: number;
}

/** How soon the own interfaces are asked for again while nothing is known of them. */
const UNKNOWN_RETRY_MS = 1_000;

export interface EngineOptions {
  readonly deps: AgentDeps;
  /** A cycle should run: a check changed, a hook ended, tables were read. */
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
  readonly #news: DecisionNews;
  #spec: AgentSpec;
  #isFrozen = false;
  /** No check runs before `setSpec`, remote ones included. */
  #isProbing = false;
  #views:
    | { readonly spec: AgentSpec; readonly tables: unknown; readonly views: readonly RouteView[] }
    | undefined;

  constructor(spec: AgentSpec, { deps, onWake, onDoubt }: EngineOptions) {
    this.#spec = spec;
    this.#deps = deps;
    this.#onWake = onWake;
    const apiHealth = new ApiHealth(deps);
    this.#apiHealth = apiHealth;
    this.#news = new DecisionNews(deps.report);
    this.own = new OwnInterfacesView(deps, apiHealth);
    this.health = new HealthView({ ...deps, onChange: onWake });
    this.#holders = new Holders(deps, apiHealth);
    this.#reader = new TableReader(deps, apiHealth);
    this.#decider = new Decider(deps, { health: this.health, holders: this.#holders, own: this.own });
    this.#applier = new Applier({
      deps,
      apiHealth,
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
    this.health.setLocal(spec.checks);
  }

  /** Lets what is under way at EC2 come to its end, and sends nothing more. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** Reads everything that decisions rest on. Returns when to try again if a part failed (monotonic ms). */
  async poll(mode: DecideMode, signal: AbortSignal): Promise<number | undefined> {
    const [isOwnKnown, report] = await Promise.all([
      this.own.refresh(this.#spec, signal),
      this.#reader.readAll(this.#spec, signal),
    ]);
    this.#afterRead();
    if (report.retryAtMs === undefined) this.#decider.tellGroups(this.#spec, this.#reader.tables());
    this.#onWake();
    await this.refreshHolders(signal);
    const instanceIds = this.#decider.instancesToAsk(this.routes(), mode);
    await this.#holders.ask(instanceIds, signal);
    return report.retryAtMs ?? (isOwnKnown ? undefined : this.#deps.clock.now() + UNKNOWN_RETRY_MS);
  }

  /** Reads some tables again. */
  async readTables(tableIds: readonly string[], signal: AbortSignal): Promise<ReadReport> {
    const report = await this.#reader.readSome(tableIds, signal);
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
    const tables = this.#reader.tables();
    if (this.#views?.spec !== this.#spec || this.#views.tables !== tables) {
      const views = this.#decider.routes(this.#spec, tables);
      this.#views = { spec: this.#spec, tables, views };
    }
    return this.#views.views;
  }

  /** What should be done now, without doing it. Tells decisions that changed. */
  decide(mode: DecideMode): readonly DecidedRoute[] {
    const views = this.routes();
    const decided = this.#decider.decideAll(views, mode);
    this.#news.tell(views, decided);
    return decided;
  }

  /** Whether nothing is left to give away since a release began. */
  isReleased(mode: DecideMode, sinceMs: number): boolean {
    const views = this.routes();
    const decided = this.#decider.decideAll(views, mode);
    return isReleased({ views, decided, memoryOf: (key) => this.#decider.memory(key), sinceMs });
  }

  /** Decides, reads again what a change would rest on, decides again, acts. */
  async cycle(mode: () => DecideMode, signal: AbortSignal): Promise<CycleReport> {
    const first = this.decide(mode());
    const wakeAtMs = this.#wakeAtMs(first);
    const intended = plan(first);
    if (intended.length === 0) return { actions: 0, changed: [], raced: [], retryAtMs: wakeAtMs };
    const freshness = new Freshness(this.#deps.clock, this.#decider);
    const doubtful = freshness.doubtful(intended, (key) => this.#viewOf(key));
    const read = doubtful.length === 0 ? undefined : await this.readTables(doubtful, signal);
    freshness.confirm(read?.tables.map((table) => table.id) ?? []);
    const isStillWanted = (action: RouteAction): boolean => {
      const view = this.#viewOf(action.key);
      if (this.#isFrozen || view === undefined || !freshness.isCurrent(action, view)) return false;
      const [now] = plan([this.#decider.decideOne(view, mode())]);
      return now !== undefined && isSameChange(now, action);
    };
    const second = this.decide(mode());
    const actions = plan(second).flatMap((action) => {
      const view = this.#viewOf(action.key);
      return view !== undefined && freshness.isCurrent(action, view) ? [{ action, view }] : [];
    });
    const postponed = plan(second).length - actions.length;
    const report = await this.#applier.apply(actions, isStillWanted, signal);
    const retryAtMs = least([
      report.retryAtMs,
      this.#wakeAtMs(second),
      read?.retryAtMs,
      postponed > 0 && read?.retryAtMs === undefined ? this.#deps.clock.now() : undefined,
    ]);
    return { ...report, actions: actions.length, retryAtMs };
  }

  #afterRead(): void {
    this.#decider.remember(this.routes());
    this.#syncRemoteChecks();
    const keys = new Set(this.routes().map((view) => view.route.key));
    this.#news.forgetOthers(keys);
    this.#apiHealth.forget((subject) => isGoneRoute(subject, keys));
  }

  #syncRemoteChecks(): void {
    if (!this.#isProbing) return;
    const templates = new Map(this.#spec.remoteChecks.map((template) => [template.name, template]));
    const targets = this.#decider
      .remoteTargets(this.#spec, this.routes())
      .flatMap(({ name, interfaceId }) => {
        const template = templates.get(name);
        const address = this.#holders.interface(interfaceId)?.primaryAddress;
        return template === undefined || address === undefined ? [] : [{ template, interfaceId, address }];
      });
    this.health.setRemote(targets);
  }

  /** When a hold may end by itself. One whose time is over waits for the read that is due then. */
  #wakeAtMs(decided: readonly DecidedRoute[]): number | undefined {
    const nowMs = this.#deps.clock.now();
    const ends = decided.map(({ decision }) => (decision.verdict === 'hold' ? decision.untilMs : undefined));
    return least(ends.filter((endMs) => endMs !== undefined && endMs > nowMs));
  }

  #viewOf(key: string): RouteView | undefined {
    return this.#index().get(key);
  }

  #indexed:
    | { readonly views: readonly RouteView[]; readonly byKey: ReadonlyMap<string, RouteView> }
    | undefined;

  #index(): ReadonlyMap<string, RouteView> {
    const views = this.routes();
    if (this.#indexed?.views !== views) {
      this.#indexed = { views, byKey: new Map(views.map((view) => [view.route.key, view])) };
    }
    return this.#indexed.byKey;
  }
}

function isSameChange(a: RouteAction, b: RouteAction): boolean {
  return a.kind === b.kind && a.to?.id === b.to?.id && a.from?.id === b.from?.id;
}

function least(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
