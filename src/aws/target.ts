import type { CreateRouteRequest, ReplaceRouteRequest, Route, RouteTable } from '@aws-sdk/client-ec2';
import type {
  Destination,
  ObservedRoute,
  ObservedTable,
  RouteAction,
  RouteOrigin,
  RouteTarget,
  TargetKind,
} from '../core/index.ts';
import { parseCidr } from '../lib/cidr.ts';

/** The parameter in which CreateRoute and ReplaceRoute take a target, and DescribeRouteTables answers it. */
type TargetField = Exclude<
  keyof CreateRouteRequest & keyof ReplaceRouteRequest,
  'DryRun' | 'RouteTableId' | `Destination${string}`
>;

const TARGET_FIELDS = {
  'network-interface': 'NetworkInterfaceId',
  'nat-gateway': 'NatGatewayId',
  gateway: 'GatewayId',
  'transit-gateway': 'TransitGatewayId',
  'vpc-endpoint': 'VpcEndpointId',
  'vpc-peering-connection': 'VpcPeeringConnectionId',
  'egress-only-internet-gateway': 'EgressOnlyInternetGatewayId',
  'local-gateway': 'LocalGatewayId',
  'carrier-gateway': 'CarrierGatewayId',
  'core-network': 'CoreNetworkArn',
  'odb-network': 'OdbNetworkArn',
  instance: 'InstanceId',
} as const satisfies Record<Exclude<TargetKind, 'local' | 'unknown'>, TargetField>;

/** Fields of an answered route that name its target, the most telling first: beside an interface EC2 fills in the instance. */
const ANSWERED_FIELDS = [
  'network-interface',
  'nat-gateway',
  'transit-gateway',
  'vpc-peering-connection',
  'egress-only-internet-gateway',
  'local-gateway',
  'carrier-gateway',
  'core-network',
  'odb-network',
  'instance',
] as const;

const ORIGINS: readonly string[] = [
  'CreateRouteTable',
  'CreateRoute',
  'EnableVgwRoutePropagation',
  'Advertisement',
] satisfies RouteOrigin[];

/** How a table was read. */
export interface ReadFacts {
  readonly roleArn: string | undefined;
  readonly readAtMs: number;
}

/** EC2's RouteTable as the core sees it; undefined if it lacks what every table has. */
export function observedTable(table: RouteTable, read: ReadFacts): ObservedTable | undefined {
  const { RouteTableId: id, VpcId: vpcId, OwnerId: ownerId = '' } = table;
  if (id === undefined || vpcId === undefined) return undefined;
  const associations = table.Associations ?? [];
  return {
    id,
    vpcId,
    ownerId,
    tags: Object.fromEntries((table.Tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? ''])),
    isMain: associations.some((association) => association.Main === true),
    subnetIds: associations.flatMap((association) => association.SubnetId ?? []),
    routes: (table.Routes ?? []).flatMap((route) => observedRoute(route) ?? []),
    ...read,
  };
}

/** EC2's Route as the core sees it; undefined if its destination is of no kind that we know. */
export function observedRoute(route: Route): ObservedRoute | undefined {
  const destination = observedDestination(route);
  if (destination === undefined) return undefined;
  const target = observedTarget(route);
  return {
    destination,
    target,
    instanceId: route.InstanceId || undefined,
    interfaceId: route.NetworkInterfaceId || undefined,
    origin: observedOrigin(route, target),
    // A state that AWS may add later must not read as a dead holder, whose route is taken over.
    state: route.State === 'blackhole' || route.State === 'filtered' ? route.State : 'active',
  };
}

function observedDestination(route: Route): Destination | undefined {
  if (route.DestinationCidrBlock) return { kind: 'ipv4', cidr: canonicalCidr(route.DestinationCidrBlock) };
  if (route.DestinationIpv6CidrBlock) {
    return { kind: 'ipv6', cidr: canonicalCidr(route.DestinationIpv6CidrBlock) };
  }
  return route.DestinationPrefixListId
    ? { kind: 'prefix-list', id: route.DestinationPrefixListId }
    : undefined;
}

/**
 * EC2 answers canonical CIDRs already; what an emulator answers is brought to the same form, because destinations are
 * compared as text.
 */
function canonicalCidr(text: string): string {
  return parseCidr(text)?.cidr.text ?? text;
}

function observedTarget(route: Route): RouteTarget {
  if (route.GatewayId === 'local') return { kind: 'local', id: 'local' };
  // Endpoints, of a gateway as of a Gateway Load Balancer, are answered as GatewayId, though they are created by VpcEndpointId.
  if (route.GatewayId?.startsWith('vpce-')) return { kind: 'vpc-endpoint', id: route.GatewayId };
  if (route.GatewayId) return { kind: 'gateway', id: route.GatewayId };
  for (const kind of ANSWERED_FIELDS) {
    const id = route[TARGET_FIELDS[kind]];
    if (id) return { kind, id };
  }
  return { kind: 'unknown', id: '' };
}

/** An origin that AWS may add later is read as the one that is never touched; an emulator may leave it out. */
function observedOrigin(route: Route, target: RouteTarget): RouteOrigin {
  if (route.Origin !== undefined) return isOrigin(route.Origin) ? route.Origin : 'CreateRouteTable';
  return target.kind === 'local' ? 'CreateRouteTable' : 'CreateRoute';
}

function isOrigin(origin: string): origin is RouteOrigin {
  return ORIGINS.includes(origin);
}

/** A call that changes a route: the API's name and its input. */
export type RouteMutation =
  | { readonly api: 'CreateRoute'; readonly input: CreateRouteRequest }
  | { readonly api: 'ReplaceRoute'; readonly input: ReplaceRouteRequest }
  | { readonly api: 'DeleteRoute'; readonly input: DeleteRouteInput };

type DeleteRouteInput = Pick<CreateRouteRequest, 'RouteTableId'> & DestinationInput;
type DestinationInput = Pick<
  CreateRouteRequest,
  'DestinationCidrBlock' | 'DestinationIpv6CidrBlock' | 'DestinationPrefixListId'
>;

/** The call that carries an action out; undefined if EC2 has none: no target, or one that cannot be written. */
export function routeMutation(action: RouteAction): RouteMutation | undefined {
  const where = { RouteTableId: action.tableId, ...destinationInput(action.destination) };
  if (action.kind === 'delete') return { api: 'DeleteRoute', input: where };
  const { to } = action;
  if (to === undefined || to.kind === 'unknown') return undefined;
  if (action.kind === 'create') {
    if (to.kind === 'local') return undefined;
    return { api: 'CreateRoute', input: { ...where, [TARGET_FIELDS[to.kind]]: to.id } };
  }
  const target = to.kind === 'local' ? { LocalTarget: true } : { [TARGET_FIELDS[to.kind]]: to.id };
  return { api: 'ReplaceRoute', input: { ...where, ...target } };
}

function destinationInput(destination: Destination): DestinationInput {
  switch (destination.kind) {
    case 'ipv4':
      return { DestinationCidrBlock: destination.cidr };
    case 'ipv6':
      return { DestinationIpv6CidrBlock: destination.cidr };
    case 'prefix-list':
      return { DestinationPrefixListId: destination.id };
  }
}
