import type { ChangeReason, Decision, HoldReason } from './action.ts';
import type { Health } from './health.ts';
import type { HealthVerdict } from './health-expression.ts';
import { CONSISTENCY_MS, type RouteMemory, settling } from './memory.ts';
import type { ObservedRoute, RouteSpec, RouteTarget } from './route.ts';

/** EC2's word on the instance that holds a route. `unknown` where it was not asked or did not answer. */
export type InstanceStatus = 'ok' | 'impaired' | 'not-running' | 'unknown';

/** This agent's interfaces for one route. `target` is where the route should point: undefined while nothing is known. */
export interface OwnInterfaces {
  readonly interfaceIds: ReadonlySet<string>;
  readonly instanceId: string | undefined;
  readonly target: RouteTarget | undefined;
}

/** All that a decision rests on. `observed` is the static route for exactly this destination, or undefined for none. */
export interface RouteFacts {
  readonly spec: RouteSpec;
  readonly observed: ObservedRoute | undefined;
  readonly readAtMs: number;
  readonly own: OwnInterfaces;
  readonly health: HealthVerdict;
  readonly isDraining: boolean;
  /** Health of the holder by the remote check; undefined where none is configured. */
  readonly holderHealth: Health | undefined;
  readonly holderStatus: InstanceStatus;
  readonly memory: RouteMemory;
  readonly nowMs: number;
}

/** How long an unhealthy holder leaves a route to its backups before it gives it away. */
export const BACKUP_FIRST_MS = 500;

/** The decision table of docs/architecture.md, a row a line, first match wins. Total: every state has an answer. */
export function decide(facts: RouteFacts): Decision {
  const { observed, health, memory } = facts;
  const isFit = health.health === 'healthy' && !facts.isDraining;
  if (observed !== undefined && isUnmanageable(observed)) return hold('not-manageable');
  if (health.health === 'unknown') return hold('checks-unsettled');
  const unseen = settling(memory, { holder: holderOf(observed), readAtMs: facts.readAtMs });
  if (unseen !== undefined) return hold('change-settling', unseen.atMs + CONSISTENCY_MS);
  if (observed === undefined) return isFit ? take(facts, undefined, 'absent') : hold('self-unhealthy');
  if (isMine(observed, facts.own)) return isFit ? keep(facts, observed) : release(facts, observed);
  if (!isFit) return hold('self-unhealthy');
  if (!facts.spec.ifUnhealthy) return decideAsOwner(facts, observed);
  if (isFallback(observed, facts.spec)) return take(facts, observed, 'recover-from-fallback');
  return decideAsBackup(facts, observed);
}

/** Whether the route points at this agent: by ENI id; by instance id only where EC2 names no interface. Never by IP. */
export function isMine(observed: ObservedRoute, own: OwnInterfaces): boolean {
  if (observed.interfaceId !== undefined) return own.interfaceIds.has(observed.interfaceId);
  return observed.instanceId !== undefined && observed.instanceId === own.instanceId;
}

/** The one string that stands for a holder: the ENI's id where there is one, else the target's. */
export function holderOf(observed: ObservedRoute | undefined): string | undefined {
  return observed === undefined ? undefined : (observed.interfaceId ?? observed.target.id);
}

/** A takeover by one agent's own view of the holder, which that view may be wrong about. */
export function isTakeover(reason: ChangeReason): boolean {
  return reason === 'holder-unhealthy' || reason === 'holder-impaired';
}

/** Whether EC2's status of the holder can change this decision: it is asked for only then. */
export function needsHolderStatus(facts: Omit<RouteFacts, 'holderStatus'>): boolean {
  // The status is looked at only where nothing else speaks against the holder.
  if (decide({ ...facts, holderStatus: 'ok' }).reason !== 'holder-healthy') return false;
  return decide({ ...facts, holderStatus: 'impaired' }).verdict !== 'hold';
}

function keep(facts: RouteFacts, observed: ObservedRoute): Decision {
  if (observed.state !== 'blackhole') return hold('already-held');
  return take(facts, observed, 'blackhole-self');
}

/**
 * Gives a route away. Where a remote check lets backups see for themselves that the service is down, they go first: a
 * delete at the very moment of their takeover would strike what has just become theirs (EC2 has no compare-and-set).
 */
function release(facts: RouteFacts, observed: ObservedRoute): Decision {
  const { spec, health, nowMs } = facts;
  if (isFallback(observed, spec)) return hold('held-by-fallback');
  if (spec.neverDelete && spec.fallback === undefined) return hold('never-delete');
  const untilMs = (health.unhealthySinceMs ?? Number.NEGATIVE_INFINITY) + BACKUP_FIRST_MS;
  if (spec.remoteCheck !== undefined && !facts.isDraining && nowMs < untilMs)
    return hold('backup-first', untilMs);
  if (spec.fallback !== undefined) {
    return { verdict: 'replace', reason: 'unhealthy-fallback', from: observed.target, to: spec.fallback };
  }
  return { verdict: 'delete', reason: 'unhealthy', from: observed.target };
}

function decideAsOwner(facts: RouteFacts, observed: ObservedRoute): Decision {
  const { memory, nowMs, spec, health } = facts;
  const reason = isFallback(observed, spec) ? 'recover-from-fallback' : 'owner';
  // A dead route is neither fought over nor preempted, it is saved: waiting would only lengthen the outage.
  if (observed.state === 'blackhole') return take(facts, observed, reason);
  const { conflict } = memory;
  if (conflict !== undefined && conflict.holder === holderOf(observed) && nowMs < conflict.untilMs) {
    return hold('owner-conflict', conflict.untilMs);
  }
  const preemptAtMs = (health.healthySinceMs ?? nowMs) + spec.preemptDelayMs;
  if (spec.preemptDelayMs > 0 && nowMs < preemptAtMs) {
    return hold('preempt-delay', preemptAtMs);
  }
  return take(facts, observed, reason);
}

function decideAsBackup(facts: RouteFacts, observed: ObservedRoute): Decision {
  const { memory, nowMs, holderHealth, holderStatus } = facts;
  if (observed.state === 'blackhole') return take(facts, observed, 'blackhole');
  if (!isInstanceHeld(observed)) return hold('held-by-gateway');
  const suspicion = holderSuspicion(holderHealth, holderStatus);
  if (suspicion === 'holder-unsettled' || suspicion === 'holder-healthy') return hold(suspicion);
  const { reclaim } = memory;
  if (reclaim?.holders.includes(holderOf(observed) ?? '') && nowMs < reclaim.untilMs) {
    return hold('owner-reclaimed', reclaim.untilMs);
  }
  return take(facts, observed, suspicion);
}

/** P decides first, S second: a dead service on a running instance is dead. */
function holderSuspicion(
  health: Health | undefined,
  status: InstanceStatus,
): 'holder-unhealthy' | 'holder-impaired' | 'holder-unsettled' | 'holder-healthy' {
  if (health === 'unhealthy') return 'holder-unhealthy';
  if (health === 'unknown') return 'holder-unsettled';
  return status === 'impaired' || status === 'not-running' ? 'holder-impaired' : 'holder-healthy';
}

function take(facts: RouteFacts, observed: ObservedRoute | undefined, reason: ChangeReason): Decision {
  const to = facts.own.target;
  if (to === undefined) return hold('no-interface');
  if (observed === undefined) return { verdict: 'create', reason, to };
  return { verdict: 'replace', reason, from: observed.target, to };
}

/** The `local` route and whatever came with the table are not ours to touch. */
function isUnmanageable(observed: ObservedRoute): boolean {
  return observed.target.kind === 'local' || observed.origin === 'CreateRouteTable';
}

function isFallback(observed: ObservedRoute, spec: RouteSpec): boolean {
  if (spec.fallback === undefined) return false;
  return observed.target.id === spec.fallback.id || observed.interfaceId === spec.fallback.id;
}

function isInstanceHeld(observed: ObservedRoute): boolean {
  return observed.interfaceId !== undefined || observed.instanceId !== undefined;
}

function hold(reason: HoldReason, untilMs?: number): Decision {
  return untilMs === undefined ? HOLDS[reason] : { verdict: 'hold', reason, untilMs };
}

function holdFor(reason: HoldReason): Decision {
  return { verdict: 'hold', reason, untilMs: undefined };
}

/** Most routes are left alone most of the time: one object a reason serves them all. */
const HOLDS: Readonly<Record<HoldReason, Decision>> = {
  'not-manageable': holdFor('not-manageable'),
  'checks-unsettled': holdFor('checks-unsettled'),
  'already-held': holdFor('already-held'),
  'never-delete': holdFor('never-delete'),
  'self-unhealthy': holdFor('self-unhealthy'),
  'held-by-fallback': holdFor('held-by-fallback'),
  'backup-first': holdFor('backup-first'),
  'held-by-gateway': holdFor('held-by-gateway'),
  'holder-unsettled': holdFor('holder-unsettled'),
  'holder-healthy': holdFor('holder-healthy'),
  'preempt-delay': holdFor('preempt-delay'),
  'owner-reclaimed': holdFor('owner-reclaimed'),
  'owner-conflict': holdFor('owner-conflict'),
  'change-settling': holdFor('change-settling'),
  'no-interface': holdFor('no-interface'),
};
