import {
  evaluate,
  type Health,
  type HealthExpression,
  type HealthVerdict,
  type InstanceStatus,
  isMine,
  type ObservedRoute,
  type OwnInterfaces,
  type RouteFacts,
  type SelfTarget,
} from '../core/index.ts';
import type { HealthView } from './health-view.ts';
import type { Holders } from './holders.ts';
import type { OwnInterfacesView } from './own-interfaces.ts';
import type { RouteView } from './route-index.ts';

/** What facts are taken from: only the look-ups of each. */
export interface FactViews {
  readonly health: Pick<HealthView, 'lookup' | 'remoteHealth'>;
  readonly holders: Pick<Holders, 'interface' | 'status'>;
  readonly own: Pick<OwnInterfacesView, 'lookup'>;
}

/** How the checks count: `ignored` is for the one-shot command, where every route is taken as fit. */
export interface DecideMode {
  readonly isDraining: boolean;
  readonly checks: 'heeded' | 'ignored';
}

/** When a pass is made, and since when a route without a check counts as healthy (monotonic ms). */
export interface PassTimes {
  readonly nowMs: number;
  readonly startedAtMs: number;
}

/** A config with more different expressions than this shares few of them: keeping them costs more than it saves. */
const MOST_VERDICTS = 5_000;

const FIT: HealthVerdict = {
  health: 'healthy',
  healthySinceMs: Number.NEGATIVE_INFINITY,
  unhealthySinceMs: undefined,
};

/**
 * The facts of routes, for one synchronous pass over them: what many share is looked up once. Nothing in it is kept
 * beyond the pass, so nothing in it can be out of date.
 */
export class FactPass {
  readonly #views: FactViews;
  readonly #times: PassTimes;
  readonly #lookup = (name: string) => this.#views.health.lookup(name);
  readonly #own = new Map<string, Map<SelfTarget['interface'], OwnInterfaces>>();
  readonly #verdicts = new Map<HealthExpression, HealthVerdict>();
  readonly #remote = new Map<string, Map<string, Health>>();

  constructor(views: FactViews, times: PassTimes) {
    this.#views = views;
    this.#times = times;
  }

  of({ spec, observed, table, state }: RouteView, mode: DecideMode): RouteFacts {
    const isIgnored = mode.checks === 'ignored';
    return {
      spec,
      observed,
      readAtMs: table.readAtMs,
      own: this.#ownOf(spec.target),
      health: isIgnored ? FIT : this.#verdict(spec.health),
      isDraining: mode.isDraining,
      holderHealth: isIgnored ? undefined : this.#holderHealth(spec.remoteCheck, observed?.interfaceId),
      holderStatus: this.#holderStatus(observed),
      memory: state.memory,
      nowMs: this.#times.nowMs,
    };
  }

  isMine({ spec, observed }: RouteView): boolean {
    return observed !== undefined && isMine(observed, this.#ownOf(spec.target));
  }

  isHeldByAnother(view: RouteView): boolean {
    return view.observed !== undefined && !this.isMine(view);
  }

  holderInstance(observed: ObservedRoute | undefined): string | undefined {
    if (observed === undefined) return undefined;
    if (observed.instanceId !== undefined) return observed.instanceId;
    if (observed.interfaceId === undefined) return undefined;
    return this.#views.holders.interface(observed.interfaceId)?.instanceId;
  }

  #holderStatus(observed: ObservedRoute | undefined): InstanceStatus {
    return this.#views.holders.status(this.holderInstance(observed));
  }

  #ownOf(target: SelfTarget): OwnInterfaces {
    const known = this.#own.get(target.instance)?.get(target.interface);
    if (known !== undefined) return known;
    const own = this.#views.own.lookup(target);
    inner(this.#own, target.instance).set(target.interface, own);
    return own;
  }

  #verdict(expression: HealthExpression): HealthVerdict {
    const known = this.#verdicts.get(expression);
    if (known !== undefined) return known;
    const verdict = evaluate(expression, this.#lookup, this.#times.startedAtMs);
    if (this.#verdicts.size < MOST_VERDICTS) this.#verdicts.set(expression, verdict);
    return verdict;
  }

  #holderHealth(template: string | undefined, interfaceId: string | undefined): Health | undefined {
    if (template === undefined || interfaceId === undefined) return undefined;
    const known = this.#remote.get(template)?.get(interfaceId);
    if (known !== undefined) return known;
    const health = this.#views.health.remoteHealth(template, interfaceId);
    inner(this.#remote, template).set(interfaceId, health);
    return health;
  }
}

/** The map within the map, made where there is none. */
function inner<K, L, V>(maps: Map<K, Map<L, V>>, key: K): Map<L, V> {
  const known = maps.get(key);
  if (known !== undefined) return known;
  const made = new Map<L, V>();
  maps.set(key, made);
  return made;
}
