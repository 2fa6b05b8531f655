import type { Fault } from './faults.ts';
import type { InstanceState, RouteOrigin, StatusCheck, Tags } from './world/state.ts';

/**
 * What the region holds when it starts. Plain data (YAML or JSON); `parseScenario` checks it by hand. Ids are chosen by
 * the writer, with EC2's prefixes (`vpc-`, `subnet-`, `rtb-`, `i-`, `eni-`, …), and are what references use.
 */
export interface Scenario {
  /** Default `eu-west-1`. */
  readonly region?: string;
  /** The account that owns everything that names no `owner`, and every unknown access key. Default `123456789012`. */
  readonly accountId?: string;
  /** Access keys of other accounts. Keys from `AssumeRole` belong to the account in the role's ARN. */
  readonly accounts?: readonly AccountSpec[];
  /** Static routes per table and address family before `RouteLimitExceeded`. Default 500. */
  readonly routeQuota?: number;
  /** What replacing a missing route answers. Default `InvalidParameterValue`, as EC2. */
  readonly missingRouteCode?: 'InvalidParameterValue' | 'InvalidRoute.NotFound';
  readonly timing?: Partial<Timing>;
  readonly vpcs: readonly VpcSpec[];
  readonly subnets?: readonly SubnetSpec[];
  /** What else routes can point at: `igw-…`, `vgw-…`, `nat-…`, `tgw-…`, `pcx-…`, `eigw-…`, `vpce-…`, ARNs. */
  readonly gateways?: readonly GatewaySpec[];
  readonly prefixLists?: readonly PrefixListSpec[];
  readonly instances?: readonly InstanceSpec[];
  /** Interfaces attached to no instance. */
  readonly interfaces?: readonly InterfaceSpec[];
  readonly routeTables?: readonly RouteTableSpec[];
  /** In force from the start; removable like any other. */
  readonly faults?: readonly Fault[];
  /** EC2's token buckets are in force from the start. Default false. */
  readonly throttling?: boolean;
}

/** How long instances take. All 0 by default: a change is complete when the call returns. */
export interface Timing {
  readonly stopMs: number;
  readonly startMs: number;
  readonly rebootMs: number;
  readonly terminateMs: number;
  /** How long both status checks say `initializing` after a start. */
  readonly initializingMs: number;
}

export interface AccountSpec {
  readonly id: string;
  readonly accessKeyIds: readonly string[];
}

export interface VpcSpec {
  readonly id: string;
  readonly cidr: string;
  readonly secondaryCidrs?: readonly string[];
  readonly ipv6Cidr?: string;
  readonly owner?: string;
}

export interface SubnetSpec {
  readonly id: string;
  readonly vpc: string;
  readonly cidr: string;
  readonly ipv6Cidr?: string;
  /** Availability zone, e.g. `eu-west-1a`. */
  readonly az: string;
}

/** The kind follows from the id's prefix. */
export type GatewaySpec = string | { readonly id: string; readonly vpc?: string };

export interface PrefixListSpec {
  readonly id: string;
  readonly family?: 'ipv4' | 'ipv6';
  /** What the list counts for in a table's quota. Default 1. */
  readonly maxEntries?: number;
}

export interface InstanceSpec {
  readonly id: string;
  readonly subnet: string;
  /** The primary interface's address; short for `interfaces: [{privateIp}]`. */
  readonly privateIp?: string;
  /** Of the primary interface; default true, as EC2. */
  readonly sourceDestCheck?: boolean;
  /** In order of device index; default: one, whose id is `eni-` and the rest of the instance's id. */
  readonly interfaces?: readonly InterfaceSpec[];
  readonly type?: string;
  readonly spot?: boolean;
  /** Default `running`. */
  readonly state?: InstanceState;
  readonly systemStatus?: StatusCheck;
  readonly instanceStatus?: StatusCheck;
  /** Role of the instance profile. Default `sandbox`; `null`: none. */
  readonly role?: string | null;
  /** The access key that its IMDS gives out. Default: `ASIA` and the upper-case id. */
  readonly accessKeyId?: string;
  readonly owner?: string;
  readonly tags?: Tags;
}

export interface InterfaceSpec {
  readonly id?: string;
  /** Default: the instance's. Required for an interface without an instance. */
  readonly subnet?: string;
  /** Default: the next free address of the subnet. */
  readonly privateIp?: string;
  readonly secondaryIps?: readonly string[];
  readonly ipv6s?: readonly string[];
  readonly mac?: string;
  readonly deviceIndex?: number;
  readonly sourceDestCheck?: boolean;
  /** Default true for the primary interface, false otherwise. */
  readonly deleteOnTermination?: boolean;
  readonly description?: string;
  readonly owner?: string;
  readonly tags?: Tags;
}

export interface RouteTableSpec {
  readonly id: string;
  readonly vpc: string;
  readonly main?: boolean;
  readonly subnets?: readonly string[];
  /** Edge associations: internet or VPN gateways. */
  readonly gateways?: readonly string[];
  readonly propagatingVgws?: readonly string[];
  readonly owner?: string;
  readonly tags?: Tags;
  /** Beside the `local` routes, which every table gets by itself. */
  readonly routes?: readonly RouteEntrySpec[];
}

export interface RouteEntrySpec {
  /** CIDR or `pl-…`. */
  readonly destination: string;
  /** `eni-…`, `i-…` (its primary interface), a gateway's id or ARN. */
  readonly target: string;
  /** Default `CreateRoute`. A propagated route may stand beside a static one for the same destination. */
  readonly origin?: RouteOrigin;
}
