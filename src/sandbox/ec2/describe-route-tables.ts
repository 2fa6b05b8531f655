import { type ApiResult, failure, notFound, success } from '../world/api-error.ts';
import type { RouteTable, TargetKind, WorldState } from '../world/state.ts';
import { type RouteView, viewRoute } from '../world/views.ts';
import { type Answer, type ApiCall, ownedBy, selectIds, tagItems, unlessDryRun } from './call.ts';
import { applyFilters, type FilterFields } from './filters.ts';
import { paginate } from './paginate.ts';
import { readFilters, readList } from './query-params.ts';
import type { XmlValue } from './xml.ts';

/** A table with what EC2 derives for it. */
interface TableView extends RouteTable {
  readonly views: readonly RouteView[];
  readonly associations: readonly Association[];
}

interface Association {
  readonly id: string;
  readonly isMain: boolean;
  readonly subnetId: string | undefined;
  readonly gatewayId: string | undefined;
}

export function describeRouteTables(call: ApiCall): ApiResult<Answer> {
  return unlessDryRun(call, () => {
    const filters = readFilters(call.params);
    if (!filters.ok) return filters;
    const ids = readList(call.params, 'RouteTableId');
    const malformed = ids.find((id) => !id.startsWith('rtb-'));
    if (malformed !== undefined) {
      return failure('InvalidRouteTableId.Malformed', `Invalid id: "${malformed}" (expecting "rtb-...")`);
    }
    const own = ownedBy(call.seen.routeTables.values(), call.world.accountOf(call.accessKeyId));
    const chosen = selectIds(own, ids);
    const [missing] = chosen.missing;
    if (missing !== undefined) return notFound('InvalidRouteTableID.NotFound', 'routeTable', missing);
    const views = chosen.items.map((table) => viewTable(call.seen, table));
    const filtered = applyFilters(views, filters.value, FIELDS);
    if (!filtered.ok) return filtered;
    const page = paginate(filtered.value, call.params, { max: 100 });
    if (!page.ok) return page;
    return success({ routeTableSet: page.value.items.map(showTable), nextToken: page.value.nextToken });
  });
}

function viewTable(state: WorldState, table: RouteTable): TableView {
  const suffix = table.id.slice('rtb-'.length);
  const main = table.isMain ? [{ id: `rtbassoc-${suffix}-main`, isMain: true }] : [];
  const subnets = table.subnetIds.map((subnetId) => ({ id: `rtbassoc-${subnetId.slice(7)}`, subnetId }));
  const gateways = table.gatewayIds.map((gatewayId) => ({
    id: `rtbassoc-${suffix}-${gatewayId}`,
    gatewayId,
  }));
  const associations = [...main, ...subnets, ...gateways].map((association) => {
    return { isMain: false, subnetId: undefined, gatewayId: undefined, ...association };
  });
  return { ...table, associations, views: table.routes.map((route) => viewRoute(state, route)) };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html; there is no filter by interface. */
const FIELDS: FilterFields<TableView> = {
  'association.gateway-id': (table) => table.associations.map((association) => association.gatewayId),
  'association.route-table-association-id': (table) =>
    table.associations.map((association) => association.id),
  'association.route-table-id': (table) => table.associations.map(() => table.id),
  'association.subnet-id': (table) => table.associations.map((association) => association.subnetId),
  'association.main': (table) => table.associations.map((association) => String(association.isMain)),
  'owner-id': (table) => [table.ownerId],
  'route-table-id': (table) => [table.id],
  'route.destination-cidr-block': (table) => destinations(table, 'ipv4'),
  'route.destination-ipv6-cidr-block': (table) => destinations(table, 'ipv6'),
  'route.destination-prefix-list-id': (table) => destinations(table, 'prefix-list'),
  'route.egress-only-internet-gateway-id': (table) => targets(table, ['egress-only-internet-gateway']),
  'route.gateway-id': (table) => targets(table, ['gateway', 'vpc-endpoint', 'local']),
  'route.instance-id': (table) => table.views.map((view) => view.instance?.id),
  'route.nat-gateway-id': (table) => targets(table, ['nat-gateway']),
  'route.transit-gateway-id': (table) => targets(table, ['transit-gateway']),
  'route.vpc-peering-connection-id': (table) => targets(table, ['vpc-peering-connection']),
  'route.origin': (table) => table.routes.map((route) => route.origin),
  'route.state': (table) => table.views.map((view) => view.state),
  'vpc-id': (table) => [table.vpcId],
};

function destinations(table: TableView, kind: string): readonly string[] {
  return table.routes
    .filter((route) => route.destination.kind === kind)
    .map((route) => route.destination.key);
}

function targets(table: TableView, kinds: readonly TargetKind[]): readonly string[] {
  return table.routes.filter((route) => kinds.includes(route.target.kind)).map((route) => route.target.id);
}

function showTable(table: TableView): XmlValue {
  return {
    routeTableId: table.id,
    vpcId: table.vpcId,
    ownerId: table.ownerId,
    routeSet: table.views.map(showRoute),
    associationSet: table.associations.map((association) => ({
      routeTableAssociationId: association.id,
      routeTableId: table.id,
      subnetId: association.subnetId,
      gatewayId: association.gatewayId,
      main: association.isMain,
      associationState: { state: 'associated' },
    })),
    propagatingVgwSet: table.propagatingVgws.map((gatewayId) => ({ gatewayId })),
    tagSet: tagItems(table.tags),
  };
}

const TARGET_ELEMENTS: Readonly<Record<TargetKind, string>> = {
  'network-interface': 'networkInterfaceId',
  'nat-gateway': 'natGatewayId',
  gateway: 'gatewayId',
  'transit-gateway': 'transitGatewayId',
  // EC2 shows a Gateway Load Balancer endpoint as a gateway.
  'vpc-endpoint': 'gatewayId',
  'vpc-peering-connection': 'vpcPeeringConnectionId',
  'egress-only-internet-gateway': 'egressOnlyInternetGatewayId',
  'local-gateway': 'localGatewayId',
  'carrier-gateway': 'carrierGatewayId',
  'core-network': 'coreNetworkArn',
  'odb-network': 'odbNetworkArn',
  local: 'gatewayId',
};

const DESTINATION_ELEMENTS = {
  ipv4: 'destinationCidrBlock',
  ipv6: 'destinationIpv6CidrBlock',
  'prefix-list': 'destinationPrefixListId',
} as const;

function showRoute(view: RouteView): XmlValue {
  const { destination, target, origin } = view.route;
  return {
    [DESTINATION_ELEMENTS[destination.kind]]: destination.key,
    instanceId: view.instance?.id,
    instanceOwnerId: view.instance?.ownerId,
    [TARGET_ELEMENTS[target.kind]]: target.id,
    state: view.state,
    origin,
    ipAddress: origin === 'Advertisement' ? view.interface?.primaryIp : undefined,
  };
}
