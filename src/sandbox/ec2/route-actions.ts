import { type ApiResult, failure, success } from '../world/api-error.ts';
import { parseDestination } from '../world/destination.ts';
import type { TargetRequest } from '../world/state.ts';
import { type Answer, type ApiCall, done } from './call.ts';
import { type QueryParams, readBoolean } from './query-params.ts';

/** CreateRoute, ReplaceRoute and DeleteRoute: from the call's parameters to the world's method. */
export function createRouteAction(call: ApiCall): ApiResult<Answer> {
  return withTarget(call, (request) => call.world.createRoute(request));
}

export function replaceRouteAction(call: ApiCall): ApiResult<Answer> {
  return withTarget(call, (request) => call.world.replaceRoute(request));
}

export function deleteRouteAction(call: ApiCall): ApiResult<Answer> {
  const key = readKey(call);
  if (!key.ok) return key;
  const deleted = call.world.deleteRoute(key.value);
  return deleted.ok ? done() : deleted;
}

interface Key {
  readonly tableId: string;
  readonly destination: string;
  readonly accessKeyId: string;
  readonly dryRun: boolean;
}

function withTarget(
  call: ApiCall,
  run: (request: Key & { readonly target: TargetRequest }) => ApiResult,
): ApiResult<Answer> {
  const key = readKey(call);
  if (!key.ok) return key;
  const target = readTarget(call);
  if (!target.ok) return target;
  const changed = run({ ...key.value, target: target.value });
  return changed.ok ? done() : changed;
}

function readKey(call: ApiCall): ApiResult<Key> {
  const tableId = call.params.get('RouteTableId');
  if (tableId === undefined || tableId === '') return missing('routeTableId');
  if (!tableId.startsWith('rtb-')) {
    return failure('InvalidRouteTableId.Malformed', `Invalid id: "${tableId}" (expecting "rtb-...")`);
  }
  const dryRun = readBoolean(call.params, 'DryRun');
  if (!dryRun.ok) return dryRun;
  const destination = readDestination(call.params);
  if (!destination.ok) return destination;
  const { accessKeyId } = call;
  return success({ tableId, destination: destination.value, accessKeyId, dryRun: dryRun.value ?? false });
}

const DESTINATIONS = [
  ['DestinationCidrBlock', 'ipv4'],
  ['DestinationIpv6CidrBlock', 'ipv6'],
  ['DestinationPrefixListId', 'prefix-list'],
] as const;

function readDestination(params: QueryParams): ApiResult<string> {
  const given = DESTINATIONS.filter(([name]) => params.has(name));
  const [first, second] = given;
  if (first === undefined) return missing('destinationCidrBlock');
  const names = DESTINATIONS.map(([name]) => lowerFirst(name)).join(', ');
  if (second !== undefined) {
    return failure('InvalidParameterCombination', `The request must contain exactly one of ${names}`);
  }
  const [name, kind] = first;
  const text = params.get(name) ?? '';
  if (parseDestination(text)?.kind === kind) return success(text);
  const why = kind === 'prefix-list' ? 'This is not a prefix list ID.' : 'This is not a valid CIDR block.';
  return failure(
    'InvalidParameterValue',
    `Value (${text}) for parameter ${lowerFirst(name)} is invalid. ${why}`,
  );
}

const TARGETS: readonly (readonly [name: string, kind: TargetRequest['kind']])[] = [
  ['GatewayId', 'gateway'],
  ['NatGatewayId', 'nat-gateway'],
  ['NetworkInterfaceId', 'network-interface'],
  ['InstanceId', 'instance'],
  ['VpcPeeringConnectionId', 'vpc-peering-connection'],
  ['EgressOnlyInternetGatewayId', 'egress-only-internet-gateway'],
  ['TransitGatewayId', 'transit-gateway'],
  ['LocalGatewayId', 'local-gateway'],
  ['CarrierGatewayId', 'carrier-gateway'],
  ['VpcEndpointId', 'vpc-endpoint'],
  ['CoreNetworkArn', 'core-network'],
  ['OdbNetworkArn', 'odb-network'],
];

function readTarget(call: ApiCall): ApiResult<TargetRequest> {
  const isLocal =
    call.action === 'ReplaceRoute' ? readBoolean(call.params, 'LocalTarget') : success(undefined);
  if (!isLocal.ok) return isLocal;
  const given: TargetRequest[] = TARGETS.flatMap(([name, kind]) => {
    const id = call.params.get(name);
    return id === undefined || id === '' ? [] : [{ kind, id }];
  });
  if (isLocal.value === true) given.push({ kind: 'local', id: 'local' });
  const [target, another] = given;
  const message = `The request must contain exactly one of ${TARGETS.map(([name]) => lowerFirst(name)).join(', ')}`;
  if (target === undefined) return failure('MissingParameter', message);
  if (another !== undefined) return failure('InvalidParameterCombination', message);
  return success(target.id === 'local' ? { kind: 'local', id: 'local' } : target);
}

function missing(name: string) {
  return failure('MissingParameter', `The request must contain the parameter ${name}`);
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
