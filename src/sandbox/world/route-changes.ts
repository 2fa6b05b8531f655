import { type ApiResult, failure, success } from './api-error.ts';
import { type Cidr, isWithin, parseCidr } from './destination.ts';
import { resolveTarget } from './resolve-target.ts';
import type { Destination, Route, RouteTable, Target, TargetRequest, WorldState } from './state.ts';
import { withEntry } from './state.ts';

/** One change of one table; pure. `from` and `to` are the route's target before and after. */
export interface RouteChange {
  readonly state: WorldState;
  readonly from: Target | undefined;
  readonly to: Target | undefined;
}

export interface RouteRules {
  readonly routeQuota: number;
  readonly missingRouteCode: 'InvalidParameterValue' | 'InvalidRoute.NotFound';
}

export interface RouteTo {
  readonly table: RouteTable;
  readonly destination: Destination;
  readonly target: TargetRequest;
}

/** EC2 reserves these for its own use: IMDS, DNS, time. */
const RESERVED = ['169.254.168.0/22', 'fd00:ec2::/32'].map(knownCidr);

export function createRoute(state: WorldState, to: RouteTo, rules: RouteRules): ApiResult<RouteChange> {
  const { table, destination } = to;
  const misfit = checkDestination(state, to);
  if (misfit !== undefined) return misfit;
  if (to.target.kind === 'local') {
    return failure(
      'InvalidParameterValue',
      'A local route cannot be created; it can only be restored by ReplaceRoute.',
    );
  }
  if (staticRoute(table, destination) !== undefined) {
    return failure('RouteAlreadyExists', `The route identified by ${destination.key} already exists.`);
  }
  const resolved = resolveTarget(state, to.target, { vpcId: table.vpcId, destination });
  if (!resolved.ok) return resolved;
  if (quotaUsed(state, table, destination) + weight(state, destination) > rules.routeQuota) {
    return failure('RouteLimitExceeded', 'The maximum number of routes has been reached.');
  }
  const route: Route = { destination, target: resolved.value, origin: 'CreateRoute' };
  return success({
    state: withRoutes(state, table, [...table.routes, route]),
    from: undefined,
    to: resolved.value,
  });
}

export function replaceRoute(state: WorldState, to: RouteTo, rules: RouteRules): ApiResult<RouteChange> {
  const { table, destination } = to;
  const present = staticRoute(table, destination);
  if (present === undefined) {
    const message = `There is no route defined for '${destination.key}' in the route table. Use CreateRoute instead.`;
    return failure(rules.missingRouteCode, message);
  }
  const misfit = checkDestination(state, to);
  if (misfit !== undefined) return misfit;
  if (to.target.kind === 'local' && present.origin !== 'CreateRouteTable') {
    return failure('InvalidParameterValue', `The route ${destination.key} is not a local route.`);
  }
  const resolved = resolveTarget(state, to.target, { vpcId: table.vpcId, destination });
  if (!resolved.ok) return resolved;
  const changed = { ...present, target: resolved.value };
  const routes = table.routes.map((route) => (route === present ? changed : route));
  return success({ state: withRoutes(state, table, routes), from: present.target, to: resolved.value });
}

export function deleteRoute(
  state: WorldState,
  table: RouteTable,
  destination: Destination,
): ApiResult<RouteChange> {
  const present = staticRoute(table, destination);
  if (present === undefined) {
    const message = `no route with destination-${PARAMETER[destination.kind]} ${destination.key} in route table ${table.id}`;
    return failure('InvalidRoute.NotFound', message);
  }
  if (present.origin === 'CreateRouteTable') {
    return failure(
      'InvalidParameterValue',
      `cannot remove local route ${destination.key} in route table ${table.id}`,
    );
  }
  const routes = table.routes.filter((route) => route !== present);
  return success({ state: withRoutes(state, table, routes), from: present.target, to: undefined });
}

const PARAMETER = { ipv4: 'cidr-block', ipv6: 'ipv6-cidr-block', 'prefix-list': 'prefix-list-id' } as const;

/** The route of this destination that an API call can change; propagated ones stand beside it and cannot. */
export function staticRoute(table: RouteTable, destination: Destination): Route | undefined {
  return table.routes.find((route) => route.destination.key === destination.key && isStatic(route));
}

function isStatic(route: Route): boolean {
  return route.origin === 'CreateRoute' || route.origin === 'CreateRouteTable';
}

/** What a route of a gateway's own table can point at. */
const INGRESS_TARGETS: readonly string[] = ['network-interface', 'instance', 'vpc-endpoint', 'local'];

type Refusal = ReturnType<typeof failure>;

function checkDestination(state: WorldState, to: RouteTo): Refusal | undefined {
  const { table, destination } = to;
  if (destination.kind === 'prefix-list') {
    if (!state.prefixLists.has(destination.key)) {
      return failure(
        'InvalidPrefixListID.NotFound',
        `The prefix list ID '${destination.key}' does not exist`,
      );
    }
    if (table.gatewayIds.length === 0) return undefined;
    return failure(
      'InvalidParameterValue',
      'A gateway route table cannot have a prefix list as destination.',
    );
  }
  const cidr = knownCidr(destination.key);
  if (RESERVED.some((reserved) => isWithin(cidr, reserved))) {
    return failure('InvalidParameterValue', `The destination CIDR block ${cidr.key} is reserved.`);
  }
  if (table.gatewayIds.length > 0 && !INGRESS_TARGETS.includes(to.target.kind)) {
    const message =
      'A gateway route table can target only an interface, a Gateway Load Balancer endpoint or local.';
    return failure('InvalidParameterValue', message);
  }
  const vpc = state.vpcs.get(table.vpcId);
  const local = [...(vpc?.cidrs ?? []), ...(vpc?.ipv6Cidrs ?? [])];
  const isWithinVpc = local.some((block) => isWithin(cidr, knownCidr(block)));
  // What comes in through a gateway is for the VPC, so the gateway's table holds nothing else.
  return isWithinVpc || table.gatewayIds.length > 0 ? checkWithinVpc(state, to, local) : undefined;
}

/** Inside the VPC a route may only be as narrow as a whole subnet, and may only lead to something that inspects. */
function checkWithinVpc(state: WorldState, to: RouteTo, local: readonly string[]): Refusal | undefined {
  const { key } = to.destination;
  const inspects = ['network-interface', 'instance', 'vpc-endpoint', 'nat-gateway', 'local'];
  const isEndpoint = to.target.id.startsWith('vpce-');
  if (!inspects.includes(to.target.kind) && !isEndpoint) {
    const message = `The destination CIDR block ${key} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.`;
    return failure('InvalidParameterValue', message);
  }
  const subnets = [...state.subnets.values()].filter((subnet) => subnet.vpcId === to.table.vpcId);
  const isSubnet = subnets.some((subnet) => subnet.cidr === key || subnet.ipv6Cidr === key);
  if (isSubnet || local.includes(key)) return undefined;
  return failure('InvalidParameterValue', "route destination doesn't match any subnet CIDR blocks");
}

/** Non-propagated routes count, IPv4 and IPv6 apart; a prefix list counts for all its entries. */
function quotaUsed(state: WorldState, table: RouteTable, destination: Destination): number {
  const family = familyOf(state, destination);
  return table.routes
    .filter((route) => isStatic(route) && familyOf(state, route.destination) === family)
    .reduce((sum, route) => sum + weight(state, route.destination), 0);
}

function weight(state: WorldState, destination: Destination): number {
  return destination.kind === 'prefix-list' ? (state.prefixLists.get(destination.key)?.maxEntries ?? 1) : 1;
}

function familyOf(state: WorldState, destination: Destination): 'ipv4' | 'ipv6' {
  if (destination.kind !== 'prefix-list') return destination.kind;
  return state.prefixLists.get(destination.key)?.family ?? 'ipv4';
}

function withRoutes(state: WorldState, table: RouteTable, routes: readonly Route[]): WorldState {
  return { ...state, routeTables: withEntry(state.routeTables, table.id, { ...table, routes }) };
}

function knownCidr(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new TypeError(`${text} is not a CIDR`);
  return cidr;
}
