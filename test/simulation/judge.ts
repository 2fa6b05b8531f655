import type { AgentSpec } from '../../src/agent/index.ts';
import {
  destinationKey,
  matches,
  type ObservedRoute,
  type RouteAction,
  type RouteSpec,
} from '../../src/core/index.ts';
import { TokenBucket } from '../../src/lib/token-bucket.ts';
import { LOCAL } from './agent-spec.ts';
import { ExchangeCounter } from './exchange-counter.ts';
import { addressOfTarget, nameOf } from './ids.ts';
import type { FleetSetup } from './script.ts';
import type { Told, ToldRead } from './told.ts';
import type { Invariant, Violation } from './violation.ts';

/** A change may rest on facts that came no longer ago than this. */
const FRESH_MS = 1_000;
/** An answer that lacks what the metadata lists is not believed for so long. */
const LAG_MS = 12_000;
/** EC2's word on an instance is believed for this long. */
const STATUS_MS = 10_000;
/** Rounding, and answers that are told within one instant. */
const EPSILON_MS = 1e-6;

/** Takeovers by a backup's own view; a dead or missing route is nobody's to exchange. */
const BACKUP_REASONS: ReadonlySet<RouteAction['reason']> = new Set(['holder-unhealthy', 'holder-impaired']);

/** A process as the judge sees it. */
export interface Actor {
  readonly name: string;
  readonly label: string;
  readonly told: Told;
  readonly spec: AgentSpec;
  /** It is stopping and gives its routes away. */
  readonly isReleasing: boolean;
}

/** A delete that was carried out on a route that was somebody else's by then. */
export interface DeleteRace {
  readonly atMs: number;
  /** From the moment that the deleter's newest read showed, to the delete's effect at EC2. */
  readonly windowMs: number;
}

/** Holds every change that a process sends against what that process was told, and against the config. */
export class Judge {
  readonly races: DeleteRace[] = [];
  readonly #setup: FleetSetup;
  readonly #nowMs: () => number;
  readonly #report: (violation: Violation) => void;
  readonly #buckets = new WeakMap<Told, TokenBucket>();
  readonly #exchanges = new WeakMap<Told, ExchangeCounter>();

  constructor(setup: FleetSetup, nowMs: () => number, report: (violation: Violation) => void) {
    this.#setup = setup;
    this.#nowMs = nowMs;
    this.#report = report;
  }

  /** A process sends this change now. */
  sent(actor: Actor, action: RouteAction): void {
    const accuse = (invariant: Invariant, why: string): void =>
      this.#accuse(actor, action, { invariant, why });
    const read = actor.told.reads.get(action.tableId);
    const spec = read && routeSpecOf(actor.spec, read, action);
    if (read === undefined || spec === undefined) {
      accuse('configured-only', 'no configured route of a table that it was shown');
      return;
    }
    this.#checkRate(actor, accuse);
    this.#checkFacts(read, action, accuse);
    const held = routeIn(read, action);
    this.#checkHealth(actor, { spec, action }, accuse);
    if (action.kind === 'delete' || isFallback(spec, action.to?.id)) {
      if (action.kind === 'delete' && spec.neverDelete)
        accuse('never-delete', 'the route is never to be deleted');
      if (nameOf(held?.target.id) !== actor.name)
        accuse('own-route-only', `the read shows ${held?.target.id}`);
    } else if (held !== undefined && nameOf(held.target.id) !== actor.name) {
      this.#checkTaking(actor, { spec, held }, accuse);
    }
  }

  /** EC2 has carried the change out; `before` is what the route pointed at until now. */
  executed(actor: Actor, action: RouteAction, before: string | undefined): void {
    if (action.kind === 'delete') this.#checkRace(actor, action, before);
    const exchanges = this.#exchangesOf(actor);
    if (nameOf(action.to?.id) !== actor.name) {
      exchanges.gaveAway(action.key);
      return;
    }
    // From each other agent once, from nobody and from a dead interface of its own: more is a read's staleness.
    const takes = exchanges.countTakes(action.key, this.#nowMs());
    if (takes > this.#setup.names.length + 2)
      this.#accuse(actor, action, { invariant: 'no-storm', why: `${takes} times in 10 s` });
    if (before !== undefined && nameOf(before) !== actor.name) {
      const isOwner = !BACKUP_REASONS.has(action.reason);
      const perHour = exchanges.count({ key: action.key, holder: before, isOwner }, this.#nowMs());
      const limit = isOwner ? ExchangeCounter.OWNER_LIMIT : ExchangeCounter.BACKUP_LIMIT;
      if (perHour > limit)
        this.#accuse(actor, action, { invariant: 'bounded-exchanges', why: `${perHour} in an hour` });
    }
  }

  /** The answer to a change that EC2 has made was lost: whoever sent it may well send it again. */
  unanswered(actor: Actor, action: RouteAction): void {
    this.#exchangesOf(actor).forgetTake(action.key);
  }

  /** EC2 has no compare-and-set: a delete in flight strikes whatever is there when it arrives. */
  #checkRace(actor: Actor, action: RouteAction, before: string | undefined): void {
    if (before === undefined || nameOf(before) === actor.name) return;
    const read = actor.told.reads.get(action.tableId);
    if (read === undefined) return;
    const windowMs = this.#nowMs() - read.viewAtMs;
    this.races.push({ atMs: this.#nowMs(), windowMs });
    const { requestTimeoutMs } = actor.spec.aws;
    // The read's staleness and flight, the second for which it is believed, the flight of the delete (twice the
    // timeout for one that EC2 carries out after its sender has given up).
    const boundMs = read.sentAtMs - read.viewAtMs + requestTimeoutMs + FRESH_MS + 2 * requestTimeoutMs;
    if (windowMs <= Math.max(boundMs, 3 * requestTimeoutMs + FRESH_MS)) return;
    const why = `the route was ${before}'s; the read that it rests on is ${windowMs} ms old`;
    this.#accuse(actor, action, { invariant: 'delete-race-bound', why });
  }

  #checkRate(actor: Actor, accuse: Accuse): void {
    const { mutationBurst, mutationRate } = actor.spec.aws;
    // A hundredth more: two sums of the same fractions may differ in the last digit.
    const limits = { capacity: mutationBurst + 0.01, refillPerSec: mutationRate };
    const bucket = this.#buckets.get(actor.told) ?? new TokenBucket(limits, 0);
    this.#buckets.set(actor.told, bucket);
    if (!bucket.take(this.#nowMs())) accuse('mutation-rate', 'more changes than the bucket holds');
  }

  #checkFacts(read: ToldRead, action: RouteAction, accuse: Accuse): void {
    const nowMs = this.#nowMs();
    const isFresh = nowMs - read.toldAtMs <= FRESH_MS + EPSILON_MS || nowMs - read.sentAtMs <= FRESH_MS;
    if (!isFresh) accuse('fresh-facts', `the table was read ${nowMs - read.toldAtMs} ms ago`);
    const shown = routeIn(read, action)?.target.id;
    if (shown !== action.from?.id) accuse('fresh-facts', `the newest read shows ${shown}`);
  }

  /** Taking needs health and no notice to drain; giving away needs the contrary; both need to know. */
  #checkHealth(actor: Actor, { spec, action }: Taking, accuse: Accuse): void {
    const { told } = actor;
    const nowMs = this.#nowMs();
    const possible = told.healthOf(checkOf(spec), LOCAL, nowMs);
    const isDraining = actor.isReleasing || told.drain.isOn;
    const mayDrain = isDraining || told.drain.atMs === nowMs;
    if (possible.every((health) => health === 'unknown')) accuse('known-health', 'its own health is unknown');
    const isGiving = action.kind === 'delete' || isFallback(spec, action.to?.id);
    if (isGiving) {
      if (!mayDrain && !possible.includes('unhealthy')) accuse('unfit-to-release', 'it is healthy');
      return;
    }
    if (!possible.includes('healthy')) accuse('fit-to-take', `its own health is ${possible.join(' or ')}`);
    if (isDraining && told.drain.atMs !== nowMs) accuse('fit-to-take', 'it is draining');
    const target = told.interfaces.get(action.to?.id ?? '');
    // Where EC2 does not answer, or for as long as it may lag behind the metadata, the last view stands.
    const isDropping = target?.facts.sourceDestCheck === true && nowMs - target.sinceMs > LAG_MS;
    if (target === undefined || isDropping)
      accuse('own-target', `it was told of ${[...told.interfaces.keys()].join() || 'no interface'}`);
  }

  #checkTaking(
    actor: Actor,
    { spec, held }: Omit<Taking, 'action'> & { held: ObservedRoute },
    accuse: Accuse,
  ): void {
    if (held.state === 'blackhole' || isFallback(spec, held.target.id)) return;
    if (!spec.ifUnhealthy) {
      this.#checkPreemption(actor, spec, accuse);
      return;
    }
    if (nameOf(held.target.id) === undefined) accuse('gateway-spared', `${held.target.id} is no instance's`);
    const trust = this.#trustOf(actor, spec, held);
    if (trust !== undefined) accuse('holder-suspect', trust);
  }

  #exchangesOf({ told }: Actor): ExchangeCounter {
    const known = this.#exchanges.get(told) ?? new ExchangeCounter();
    this.#exchanges.set(told, known);
    return known;
  }

  /** Why the holder is above suspicion by all that this process was told; undefined where it is not. */
  #trustOf({ told }: Actor, spec: RouteSpec, held: ObservedRoute): string | undefined {
    const nowMs = this.#nowMs();
    const address = addressOfTarget(this.#setup, held.target.id) ?? '';
    const health =
      spec.remoteCheck === undefined
        ? (['healthy'] as const)
        : told.healthOf(spec.remoteCheck, address, nowMs);
    if (health.includes('unhealthy')) return undefined;
    if (!health.includes('healthy')) return 'the holder is not known yet by the remote check';
    const status = told.statuses.get(held.instanceId ?? `i-${nameOf(held.target.id)}`);
    const isBelieved = status !== undefined && nowMs - status.sentAtMs <= STATUS_MS + EPSILON_MS;
    const isBad = isBelieved && (status.status === 'impaired' || status.status === 'not-running');
    return isBad ? undefined : `the holder's service passes and EC2 says ${status?.status ?? 'nothing'}`;
  }

  #checkPreemption({ told }: Actor, spec: RouteSpec, accuse: Accuse): void {
    const check = [...told.checks].find(([key]) => key === `${checkOf(spec)}@${LOCAL}`)?.[1];
    const sinceMs = check?.changedAtMs ?? Number.NEGATIVE_INFINITY;
    const forMs = this.#nowMs() - sinceMs;
    if (forMs + EPSILON_MS < spec.preemptDelayMs)
      accuse('preempt-delay', `healthy for ${forMs} ms of ${spec.preemptDelayMs}`);
  }

  #accuse(
    actor: Actor,
    action: RouteAction,
    { invariant, why }: { invariant: Invariant; why: string },
  ): void {
    const what = `${action.kind} ${action.key} ${action.from?.id ?? 'none'} → ${action.to?.id ?? 'none'} (${action.reason}): ${why}`;
    this.#report({ invariant, atMs: this.#nowMs(), process: actor.label, what });
  }
}

type Accuse = (invariant: Invariant, why: string) => void;

interface Taking {
  readonly spec: RouteSpec;
  readonly action: RouteAction;
}

/** The route of the config that an action is about: of the first group that means the table as it was shown. */
function routeSpecOf(spec: AgentSpec, { table }: ToldRead, action: RouteAction): RouteSpec | undefined {
  const group = spec.tableGroups.find(({ find }) => matches(find, { ...table, readAtMs: 0 }));
  const key = destinationKey(action.destination);
  return group?.routes.find((route) => destinationKey(route.destination) === key);
}

function routeIn({ table }: ToldRead, action: RouteAction): ObservedRoute | undefined {
  const key = destinationKey(action.destination);
  return table.routes.find((route) => destinationKey(route.destination) === key);
}

function isFallback(spec: RouteSpec, target: string | undefined): boolean {
  return spec.fallback !== undefined && spec.fallback.id === target;
}

function checkOf({ health }: RouteSpec): string {
  return health.kind === 'check' ? health.name : '';
}
