/**
 * Everything that a run follows from, as plain data: what the fleet is like, and what happens to it when. A script that
 * fails is made smaller by leaving events out, so each event heals what it broke by itself.
 */
export interface Script {
  readonly seed: number;
  readonly fleet: FleetSetup;
  readonly events: readonly SimEvent[];
}

export interface FleetSetup {
  /** `a`, `b`, …: one instance, one agent, one service and one route table each. */
  readonly names: readonly string[];
  readonly routes: readonly RouteSetup[];
  /** The second agent is an owner of the first one's table as well. */
  readonly hasRivals: boolean;
  readonly pollMs: number;
  readonly everyMs: number;
  readonly rise: number;
  readonly fall: number;
  readonly timeoutMs: number;
  readonly onExit: 'keep' | 'release';
  readonly requestTimeoutMs: number;
  /** The client's own bucket for changes. */
  readonly mutationBurst: number;
  readonly mutationRate: number;
  /** There and back; each call takes between this and twice as long. */
  readonly latencyMs: number;
  /** How long EC2 says `stopping` of an instance that carries nothing any more. */
  readonly stopMs: number;
}

export interface RouteSetup {
  readonly cidr: string;
  readonly hasRemoteCheck: boolean;
  readonly neverDelete: boolean;
  readonly hasFallback: boolean;
  readonly preemptDelayMs: number;
}

/** The agent's APIs, as EC2 names them. */
export type Api =
  | 'DescribeRouteTables'
  | 'DescribeNetworkInterfaces'
  | 'DescribeInstanceStatus'
  | 'CreateRoute'
  | 'ReplaceRoute'
  | 'DeleteRoute';

export type ApiTrouble =
  /** Refused without effect. */
  | 'throttled'
  | 'error'
  | 'unauthorized'
  /** The connection breaks before the call has an effect, or after it. */
  | 'reset'
  | 'lose-answer'
  /** No effect and no answer; or the effect comes after the client has given up. */
  | 'stuck'
  | 'late'
  /** Nothing is sent at all. */
  | 'unreachable';

/** Where in a call a process is ended: the request is on its way, or it was carried out and the answer is on its way. */
export type CrashPoint = 'now' | 'sent' | 'executed';

/** What an agent's config is changed to by a reload. */
export type Variation = 'faster' | 'slower' | 'never-delete' | 'no-remote-check' | 'other-check';

/** `atMs` from the start; `forMs` until it is over. `agent` is a name, or `*` for all where it says so. */
export type SimEvent = { readonly atMs: number } & (
  | { readonly kind: 'service-down'; readonly agent: string; readonly forMs: number }
  /** It stays down. */
  | { readonly kind: 'service-lost'; readonly agent: string }
  | {
      readonly kind: 'service-flaps';
      readonly agent: string;
      readonly forMs: number;
      readonly periodMs: number;
    }
  | { readonly kind: 'instance-stop'; readonly agent: string; readonly forMs: number }
  | { readonly kind: 'reboot'; readonly agent: string; readonly forMs: number }
  | { readonly kind: 'impair'; readonly agent: string; readonly forMs: number }
  | { readonly kind: 'crash'; readonly agent: string; readonly forMs: number; readonly point: CrashPoint }
  | { readonly kind: 'restart'; readonly agent: string; readonly forMs: number }
  | { readonly kind: 'stall'; readonly agent: string; readonly forMs: number }
  /** Probes from `agent` to `to` get no answer; those the other way do. */
  | { readonly kind: 'cut'; readonly agent: string; readonly to: string; readonly forMs: number }
  /** Cut off from everything: the other instances and EC2. */
  | { readonly kind: 'offline'; readonly agent: string; readonly forMs: number }
  | { readonly kind: 'isolate'; readonly agent: string; readonly forMs: number }
  | {
      readonly kind: 'api';
      /** Or `*`. */
      readonly agent: string;
      /** Or `*`. */
      readonly api: Api | '*';
      readonly trouble: ApiTrouble;
      /** Of the calls, 0 to 1. */
      readonly share: number;
      readonly forMs: number;
    }
  /** Each read shows a moment up to so long ago. */
  | { readonly kind: 'stale'; readonly agent: string; readonly maxMs: number; readonly forMs: number }
  | { readonly kind: 'slow'; readonly agent: string; readonly addMs: number; readonly forMs: number }
  /** Others of the account use up EC2's buckets: this many calls a second of every kind. */
  | { readonly kind: 'tenants'; readonly callsPerSec: number; readonly forMs: number }
  /** A new interface takes the place of the present one. */
  | { readonly kind: 'new-interface'; readonly agent: string }
  /** The present interface drops what is routed to it. */
  | { readonly kind: 'source-dest-check'; readonly agent: string; readonly forMs: number }
  /** An operator points a route at an agent's interface (`a`), at a gateway, or deletes it. */
  | {
      readonly kind: 'edit-route';
      readonly table: string;
      readonly route: number;
      readonly to: string | 'gateway' | 'none';
    }
  | { readonly kind: 'untag'; readonly table: string; readonly forMs: number }
  | { readonly kind: 'reload'; readonly agent: string; readonly variation: Variation; readonly forMs: number }
  | { readonly kind: 'wall-clock'; readonly byMs: number }
  | { readonly kind: 'drain'; readonly agent: string; readonly forMs: number }
);

/** When the last event has healed by itself. */
export function healedAtMs(script: Script): number {
  return Math.max(0, ...script.events.map((event) => event.atMs + ('forMs' in event ? event.forMs : 0)));
}
