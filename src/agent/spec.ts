import type { BackendSpec, ServiceAddressesSpec } from '../announce/index.ts';
import type { CheckSpec, CheckTemplate } from '../checks/index.ts';
import type {
  AnnouncedRouteSpec,
  DrainAttributes,
  Finder,
  HealthExpression,
  RouteSpec,
} from '../core/index.ts';

/** Tables that are managed alike. */
export interface TableGroupSpec {
  readonly name: string;
  readonly find: Finder;
  /** False: finding no table is reported as an error (probing and other groups go on). */
  readonly noResultsOk: boolean;
  /** `own`: only the instance's VPC; `any`: every VPC that the credentials see; else one VPC id. */
  readonly vpc: string;
  /** Role to assume for tables owned by another account. */
  readonly assumeRole: string | undefined;
  readonly routes: readonly RouteSpec[];
}

/** A named health expression. Routes have it inlined already; this is for those who show how it stands. */
export interface NamedHealth {
  readonly name: string;
  readonly expression: HealthExpression;
}

export type DrainSignal = 'spot' | 'rebalance' | 'lifecycle' | 'maintenance';

/** Settings of the EC2 client. Rates are calls a second. */
export interface AwsSpec {
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  readonly requestTimeoutMs: number;
  readonly mutationBurst: number;
  readonly mutationRate: number;
  readonly mutationsInFlight: number;
}

/** Anycast prefixes, and the backend that announces them. */
export interface AnnouncerSpec {
  readonly backend: BackendSpec;
  /** In the order of the config: of several that name one prefix, the first healthy one says how it is announced. */
  readonly routes: readonly AnnouncedRouteSpec[];
  readonly drain: DrainAttributes;
  /** How long the prefixes stay announced with the drain's attributes before they are withdrawn. */
  readonly drainMs: number;
  /** What happens to the prefixes when the agent is stopped: withdrawn at once, or drained first. */
  readonly onExit: 'withdraw' | 'drain';
  readonly addresses: ServiceAddressesSpec | undefined;
}

/** All that the agent needs to know: what the config comes down to. */
export interface AgentSpec {
  readonly pollMs: number;
  readonly checks: readonly CheckSpec[];
  /** Templates by name. */
  readonly remoteChecks: readonly CheckTemplate[];
  readonly health: readonly NamedHealth[];
  readonly tableGroups: readonly TableGroupSpec[];
  readonly manageSourceDestCheck: boolean;
  readonly onExit: 'keep' | 'release';
  readonly drainOn: readonly DrainSignal[];
  readonly aws: AwsSpec;
  /** Undefined: nothing is announced. */
  readonly announcer: AnnouncerSpec | undefined;
}
