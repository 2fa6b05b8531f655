import { type ApiResult, failure, notFound, success } from './api-error.ts';
import type { Destination, Target, TargetKind, TargetRequest, WorldState } from './state.ts';
import { interfacesOf } from './state.ts';

/** EC2's word and code for a target that does not exist. */
const MISSING: Readonly<Record<Exclude<TargetKind, 'local'>, readonly [code: string, noun: string]>> = {
  'network-interface': ['InvalidNetworkInterfaceID.NotFound', 'networkInterface'],
  'nat-gateway': ['InvalidNatGatewayID.NotFound', 'natGateway'],
  gateway: ['InvalidGatewayID.NotFound', 'gateway'],
  'transit-gateway': ['InvalidTransitGatewayID.NotFound', 'transitGateway'],
  'vpc-endpoint': ['InvalidVpcEndpointId.NotFound', 'vpcEndpoint'],
  'vpc-peering-connection': ['InvalidVpcPeeringConnectionID.NotFound', 'vpcPeeringConnection'],
  'egress-only-internet-gateway': ['InvalidGatewayID.NotFound', 'egressOnlyInternetGateway'],
  'local-gateway': ['InvalidLocalGatewayID.NotFound', 'localGateway'],
  'carrier-gateway': ['InvalidCarrierGatewayID.NotFound', 'carrierGateway'],
  'core-network': ['InvalidCoreNetworkArn.NotFound', 'coreNetwork'],
  'odb-network': ['InvalidOdbNetworkArn.NotFound', 'odbNetwork'],
};

/** What the request's target comes down to in this VPC, or EC2's refusal. */
export function resolveTarget(
  state: WorldState,
  request: TargetRequest,
  place: { readonly vpcId: string; readonly destination: Destination },
): ApiResult<Target> {
  if (request.kind === 'local') return success({ kind: 'local', id: 'local' });
  if (request.kind === 'instance') return resolveInstance(state, request.id, place.vpcId);
  if (request.kind === 'network-interface') return resolveInterface(state, request.id, place.vpcId);
  return resolveGateway(state, { kind: request.kind, id: request.id }, place);
}

function resolveInstance(state: WorldState, id: string, vpcId: string): ApiResult<Target> {
  if (!id.startsWith('i-'))
    return failure('InvalidInstanceID.Malformed', `Invalid id: "${id}" (expecting "i-...")`);
  const instance = state.instances.get(id);
  if (instance === undefined) return notFound('InvalidInstanceID.NotFound', 'instance', id);
  const [only, ...others] = interfacesOf(state, id);
  if (only === undefined) {
    return failure('InvalidInstanceID', `There are no interfaces attached to instance '${id}'.`);
  }
  if (others.length > 0) {
    const message = `There are multiple interfaces attached to instance '${id}'. Please specify an interface ID for the operation instead.`;
    return failure('InvalidInstanceID', message);
  }
  return instance.vpcId === vpcId ? success({ kind: 'network-interface', id: only.id }) : otherVpc(id);
}

function resolveInterface(state: WorldState, id: string, vpcId: string): ApiResult<Target> {
  if (!id.startsWith('eni-')) {
    return failure('InvalidNetworkInterfaceId.Malformed', `Invalid id: "${id}" (expecting "eni-...")`);
  }
  const eni = state.interfaces.get(id);
  if (eni === undefined) return notFound('InvalidNetworkInterfaceID.NotFound', 'networkInterface', id);
  return eni.vpcId === vpcId ? success({ kind: 'network-interface', id }) : otherVpc(id);
}

function resolveGateway(
  state: WorldState,
  target: { readonly kind: Exclude<TargetKind, 'local'>; readonly id: string },
  place: { readonly vpcId: string; readonly destination: Destination },
): ApiResult<Target> {
  // EC2 shows a VPC endpoint as a gateway, and takes it back as one.
  const isEndpoint = target.kind === 'gateway' && target.id.startsWith('vpce-');
  const kind = isEndpoint ? 'vpc-endpoint' : target.kind;
  const gateway = state.gateways.get(target.id);
  if (gateway === undefined || gateway.kind !== kind) {
    const [code, noun] = MISSING[kind];
    return notFound(code, noun, target.id);
  }
  if (gateway.vpcId !== undefined && gateway.vpcId !== place.vpcId) return otherVpc(target.id);
  if (kind === 'egress-only-internet-gateway' && place.destination.kind === 'ipv4') {
    return failure('InvalidParameterValue', 'An egress-only internet gateway takes IPv6 destinations only.');
  }
  return success({ kind, id: target.id });
}

function otherVpc(id: string) {
  return failure('InvalidParameterValue', `${id} and the route table belong to different networks`);
}
