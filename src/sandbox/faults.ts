import type { Clock } from '../lib/clock.ts';
import { createThrottle, type ThrottleLimits } from './throttle.ts';

/** Which calls a fault strikes, and how often. */
export interface FaultScope {
  /** API actions; default: all. `*` is all too. */
  readonly actions?: readonly string[];
  /** Callers; default: all. */
  readonly accessKeyIds?: readonly string[];
  /** 0 to 1; default 1. */
  readonly probability?: number;
  /** Strikes this many times, then is gone; default: for ever. */
  readonly count?: number;
}

export type FaultEffect =
  /** Half of it before the call takes effect, half of it after. */
  | { readonly kind: 'latency'; readonly latencyMs: number; readonly jitterMs?: number }
  /** The call is refused and has no effect. Default 500 `InternalError`. */
  | {
      readonly kind: 'error';
      readonly code?: string;
      readonly httpStatus?: number;
      readonly message?: string;
    }
  /** 403 `UnauthorizedOperation`. */
  | { readonly kind: 'deny' }
  /** The connection is reset before the call takes effect. */
  | { readonly kind: 'reset' }
  /** The call takes effect, and then the connection is reset. */
  | { readonly kind: 'lose-answer' }
  /** No answer ever comes; the call has no effect. */
  | { readonly kind: 'stuck' }
  /** Describes show the world as it was this long ago, at most 10 s. */
  | { readonly kind: 'stale'; readonly ageMs: number }
  /** Connections are taken and closed at once. */
  | { readonly kind: 'unreachable' };

export type Fault = FaultEffect & FaultScope;

export type ActiveFault = Fault & { readonly id: string };

/** What happens to one call; several faults on it add up. */
export interface CallFate {
  readonly isUnreachable: boolean;
  readonly isStuck: boolean;
  readonly isReset: boolean;
  readonly losesAnswer: boolean;
  readonly isDenied: boolean;
  readonly isThrottled: boolean;
  readonly error:
    | { readonly code: string; readonly message: string; readonly httpStatus: number }
    | undefined;
  readonly delayMs: number;
  readonly staleMs: number;
}

export interface FaultedCall {
  readonly action: string;
  readonly accessKeyId: string;
  readonly accountId: string;
  /** A describe with neither filters, ids nor pagination, which EC2 throttles sooner. */
  readonly isUnfiltered: boolean;
}

/** The faults in force; changeable at any time, effective with the next call. */
export interface Faults {
  /** Returns the id to remove it by. */
  add(fault: Fault): string;
  /** False: there was none. */
  remove(id: string): boolean;
  /** Removes all, throttling included. */
  clear(): void;
  list(): readonly ActiveFault[];
  /** EC2's token buckets (`true`), others, or none (`false`). Turning it on fills the buckets. */
  throttle(limits: boolean | Partial<ThrottleLimits>): void;
  throttling(): ThrottleLimits | undefined;
  /** Decides over one call, and counts it. */
  decide(call: FaultedCall): CallFate;
}

const NO_FATE: CallFate = {
  isUnreachable: false,
  isStuck: false,
  isReset: false,
  losesAnswer: false,
  isDenied: false,
  isThrottled: false,
  error: undefined,
  delayMs: 0,
  staleMs: 0,
};

export function createFaults(options: { readonly clock: Clock; readonly random: () => number }): Faults {
  const { clock, random } = options;
  const active = new Map<string, { readonly fault: Fault; left: number }>();
  let throttle: ReturnType<typeof createThrottle> | undefined;
  let added = 0;
  return {
    add(fault) {
      added += 1;
      const id = `fault-${added}`;
      if (fault.count === undefined || fault.count > 0)
        active.set(id, { fault, left: fault.count ?? Infinity });
      return id;
    },
    remove: (id) => active.delete(id),
    clear() {
      active.clear();
      throttle = undefined;
    },
    list: () =>
      [...active].map(([id, { fault, left }]) => ({
        ...fault,
        id,
        ...(left < Infinity ? { count: left } : {}),
      })),
    throttle(limits) {
      throttle = limits === false ? undefined : createThrottle(limits === true ? {} : limits, clock);
    },
    throttling: () => throttle?.limits,
    decide(call) {
      let fate = NO_FATE;
      for (const [id, entry] of active) {
        if (!strikes(entry.fault, call) || random() >= (entry.fault.probability ?? 1)) continue;
        entry.left -= 1;
        if (entry.left <= 0) active.delete(id);
        fate = { ...fate, ...effectOf(entry.fault, fate, random) };
      }
      if (fate.isUnreachable) return fate;
      return { ...fate, isThrottled: throttle !== undefined && !throttle.take(call) };
    },
  };
}

function strikes(fault: Fault, call: FaultedCall): boolean {
  const { actions, accessKeyIds } = fault;
  const isAction = actions === undefined || actions.includes('*') || actions.includes(call.action);
  return isAction && (accessKeyIds === undefined || accessKeyIds.includes(call.accessKeyId));
}

function effectOf(fault: Fault, fate: CallFate, random: () => number): Partial<CallFate> {
  switch (fault.kind) {
    case 'latency':
      return { delayMs: fate.delayMs + fault.latencyMs + random() * (fault.jitterMs ?? 0) };
    case 'error': {
      const { code = 'InternalError', httpStatus = 500, message = 'An internal error has occurred' } = fault;
      return { error: fate.error ?? { code, httpStatus, message } };
    }
    case 'deny':
      return { isDenied: true };
    case 'reset':
      return { isReset: true };
    case 'lose-answer':
      return { losesAnswer: true };
    case 'stuck':
      return { isStuck: true };
    case 'stale':
      return { staleMs: Math.max(fate.staleMs, fault.ageMs) };
    case 'unreachable':
      return { isUnreachable: true };
  }
}
