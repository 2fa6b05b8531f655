import type { HealthExpression } from './health-expression.ts';

/** A route's destination as EC2 writes it: canonical CIDR or prefix list id. */
export type Destination =
  | { readonly kind: 'ipv4'; readonly cidr: string }
  | { readonly kind: 'ipv6'; readonly cidr: string }
  | { readonly kind: 'prefix-list'; readonly id: string };

/** The one string that stands for a destination: the canonical CIDR or the prefix list id. */
export function destinationKey(destination: Destination): string {
  return destination.kind === 'prefix-list' ? destination.id : destination.cidr;
}

/** Where a route can point, in EC2's words. `instance` only where EC2 (or an emulator) gives no interface. */
export type TargetKind =
  | 'network-interface'
  | 'instance'
  | 'nat-gateway'
  | 'gateway'
  | 'transit-gateway'
  | 'vpc-endpoint'
  | 'vpc-peering-connection'
  | 'egress-only-internet-gateway'
  | 'local-gateway'
  | 'carrier-gateway'
  | 'core-network'
  | 'odb-network'
  | 'local'
  | 'unknown';

/** `id` is the resource id or ARN; for `local` it is `local`. */
export interface RouteTarget {
  readonly kind: TargetKind;
  readonly id: string;
}

/** EC2's Route.Origin. Advertisement and EnableVgwRoutePropagation are propagated routes, which are not ours to see. */
export type RouteOrigin = 'CreateRouteTable' | 'CreateRoute' | 'EnableVgwRoutePropagation' | 'Advertisement';

/** A route that a table holds. `interfaceId` and `instanceId` are whatever EC2 filled in beside the target. */
export interface ObservedRoute {
  readonly destination: Destination;
  readonly target: RouteTarget;
  readonly instanceId: string | undefined;
  readonly interfaceId: string | undefined;
  readonly origin: RouteOrigin;
  readonly state: 'active' | 'blackhole' | 'filtered';
}

/** A route table as one read showed it. */
export interface ObservedTable {
  readonly id: string;
  readonly vpcId: string;
  readonly ownerId: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly isMain: boolean;
  readonly subnetIds: readonly string[];
  readonly routes: readonly ObservedRoute[];
  /** Role by which it was read and is to be written; undefined is the agent's own. */
  readonly roleArn: string | undefined;
  /** Monotonic ms at which the read that showed this was sent: facts are at least this fresh. */
  readonly readAtMs: number;
}

/** Whose interface a managed route points at when this agent holds it. */
export interface SelfTarget {
  /** `SELF`, or the instance id that the config names. */
  readonly instance: string;
  /** An ENI id or a device index; undefined: the one with source/dest check off, else the primary. */
  readonly interface: string | number | undefined;
}

/** One managed route of one group of tables. */
export interface RouteSpec {
  readonly destination: Destination;
  readonly target: SelfTarget;
  /** `{kind: 'all', of: []}` where the config names no check. */
  readonly health: HealthExpression;
  /** Name of the remote check template that watches the holder; undefined: only EC2's word counts. */
  readonly remoteCheck: string | undefined;
  readonly ifUnhealthy: boolean;
  readonly neverDelete: boolean;
  readonly fallback: RouteTarget | undefined;
  readonly preemptDelayMs: number;
  readonly hooks: RouteHooks;
}

export type RouteHookName =
  | 'run_before_add_route'
  | 'run_after_add_route'
  | 'run_before_replace_route'
  | 'run_after_replace_route'
  | 'run_before_delete_route'
  | 'run_after_delete_route';

/** argv lists; a hook that is not configured is absent. */
export type RouteHooks = Readonly<Partial<Record<RouteHookName, readonly string[]>>>;
