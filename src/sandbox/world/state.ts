/** Where a stored route points. An instance target is stored as its interface, as EC2 does. */
export type TargetKind =
  | 'network-interface'
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
  | 'local';

/** `id` is the resource id or ARN; for `local` it is `local`. */
export interface Target {
  readonly kind: TargetKind;
  readonly id: string;
}

/** What a request may name: also an instance, which stands for its only interface. */
export interface TargetRequest {
  readonly kind: TargetKind | 'instance';
  readonly id: string;
}

export type RouteOrigin = 'CreateRouteTable' | 'CreateRoute' | 'EnableVgwRoutePropagation' | 'Advertisement';

/** A canonical CIDR or a prefix list id; `key` is the one string that stands for it. */
export interface Destination {
  readonly kind: 'ipv4' | 'ipv6' | 'prefix-list';
  readonly key: string;
}

export interface Route {
  readonly destination: Destination;
  readonly target: Target;
  readonly origin: RouteOrigin;
}

export type Tags = Readonly<Record<string, string>>;

export interface Vpc {
  readonly id: string;
  readonly cidrs: readonly string[];
  readonly ipv6Cidrs: readonly string[];
  readonly ownerId: string;
}

export interface Subnet {
  readonly id: string;
  readonly vpcId: string;
  readonly cidr: string;
  readonly ipv6Cidr: string | undefined;
  readonly availabilityZone: string;
}

export interface RouteTable {
  readonly id: string;
  readonly vpcId: string;
  readonly ownerId: string;
  readonly isMain: boolean;
  readonly subnetIds: readonly string[];
  /** Internet or VPN gateways associated with the table (edge association). */
  readonly gatewayIds: readonly string[];
  readonly propagatingVgws: readonly string[];
  readonly routes: readonly Route[];
  readonly tags: Tags;
}

export interface Attachment {
  readonly id: string;
  readonly instanceId: string;
  readonly deviceIndex: number;
  readonly deleteOnTermination: boolean;
  /** Wall clock, ms since the epoch. */
  readonly attachedAtMs: number;
}

export interface NetworkInterface {
  readonly id: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly availabilityZone: string;
  readonly ownerId: string;
  readonly description: string;
  readonly mac: string;
  readonly primaryIp: string;
  readonly secondaryIps: readonly string[];
  readonly ipv6s: readonly string[];
  readonly sourceDestCheck: boolean;
  readonly attachment: Attachment | undefined;
  readonly tags: Tags;
}

export type InstanceState = 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';

/** One of the two status checks of a running instance. */
export type StatusCheck = 'ok' | 'impaired' | 'initializing' | 'insufficient-data';

export interface Instance {
  readonly id: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly availabilityZone: string;
  readonly ownerId: string;
  readonly type: string;
  readonly isSpot: boolean;
  readonly state: InstanceState;
  readonly systemStatus: StatusCheck;
  readonly instanceStatus: StatusCheck;
  /** Wall clock, ms since the epoch. */
  readonly launchedAtMs: number;
  /** Name of the instance profile's role; undefined: none. */
  readonly roleName: string | undefined;
  /** The access key that this instance's IMDS gives out: a fault can name one caller by it. */
  readonly accessKeyId: string;
  readonly tags: Tags;
}

/** Anything else that a route can point at. `vpcId` is undefined for what belongs to no one VPC. */
export interface Gateway {
  readonly id: string;
  readonly kind: TargetKind;
  readonly vpcId: string | undefined;
}

export interface PrefixList {
  readonly id: string;
  readonly family: 'ipv4' | 'ipv6';
  /** What the list counts for in a table's quota. */
  readonly maxEntries: number;
}

/** The region at one moment. Never changed in place: a mutation makes a new one, which is what makes stale reads cheap. */
export interface WorldState {
  readonly vpcs: ReadonlyMap<string, Vpc>;
  readonly subnets: ReadonlyMap<string, Subnet>;
  readonly routeTables: ReadonlyMap<string, RouteTable>;
  readonly interfaces: ReadonlyMap<string, NetworkInterface>;
  readonly instances: ReadonlyMap<string, Instance>;
  readonly gateways: ReadonlyMap<string, Gateway>;
  readonly prefixLists: ReadonlyMap<string, PrefixList>;
}

/** A copy of `map` with `value` under `key`, at its old place in the order if it was there. */
export function withEntry<V>(map: ReadonlyMap<string, V>, key: string, value: V): ReadonlyMap<string, V> {
  return new Map(map).set(key, value);
}

/** A copy of `map` without `key`. */
export function withoutEntry<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

/** The interfaces attached to an instance, primary first. */
export function interfacesOf(state: WorldState, instanceId: string): readonly NetworkInterface[] {
  return [...state.interfaces.values()]
    .filter((candidate) => candidate.attachment?.instanceId === instanceId)
    .sort((a, b) => (a.attachment?.deviceIndex ?? 0) - (b.attachment?.deviceIndex ?? 0));
}
