import { type ApiResult, failure, success } from '../world/api-error.ts';
import {
  type Instance,
  type InstanceState,
  interfacesOf,
  type NetworkInterface,
  type WorldState,
} from '../world/state.ts';
import { type Answer, type ApiCall, isoTime, ownedBy, selectIds, tagItems, unlessDryRun } from './call.ts';
import { dnsName, showAddresses, showAttachment } from './describe-interfaces.ts';
import { applyFilters, type FilterFields } from './filters.ts';
import { paginate } from './paginate.ts';
import { readFilters, readList } from './query-params.ts';
import type { XmlValue } from './xml.ts';

interface InstanceView extends Instance {
  readonly interfaces: readonly NetworkInterface[];
}

export function describeInstances(call: ApiCall): ApiResult<Answer> {
  return unlessDryRun(call, () => {
    const filters = readFilters(call.params);
    if (!filters.ok) return filters;
    const chosen = chooseInstances(call);
    if (!chosen.ok) return chosen;
    const views = chosen.value.map((instance) => viewInstance(call.seen, instance));
    const filtered = applyFilters(views, filters.value, FIELDS);
    if (!filtered.ok) return filtered;
    const page = paginate(filtered.value, call.params, { max: 1000 });
    if (!page.ok) return page;
    return success({
      reservationSet: page.value.items.map(showReservation),
      nextToken: page.value.nextToken,
    });
  });
}

/** The caller's instances, or those of `InstanceId.N`; an unknown id is an error. */
export function chooseInstances(call: ApiCall): ApiResult<readonly Instance[]> {
  const ids = readList(call.params, 'InstanceId');
  if (ids.length > 0 && call.params.has('MaxResults')) {
    const message = 'The parameter instancesSet cannot be used with the parameter maxResults';
    return failure('InvalidParameterCombination', message);
  }
  const malformed = ids.find((id) => !id.startsWith('i-'));
  if (malformed !== undefined) {
    return failure('InvalidInstanceID.Malformed', `Invalid id: "${malformed}" (expecting "i-...")`);
  }
  const own = ownedBy(call.seen.instances.values(), call.world.accountOf(call.accessKeyId));
  const chosen = selectIds(own, ids);
  if (chosen.missing.length === 0) return success(chosen.items);
  const [first, second] = chosen.missing;
  const message =
    second === undefined
      ? `The instance ID '${first}' does not exist`
      : `The instance IDs '${chosen.missing.join(', ')}' do not exist`;
  return failure('InvalidInstanceID.NotFound', message);
}

function viewInstance(state: WorldState, instance: Instance): InstanceView {
  return { ...instance, interfaces: interfacesOf(state, instance.id) };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html */
const STATE_CODES: Readonly<Record<InstanceState, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

export function showState(state: InstanceState) {
  return { code: STATE_CODES[state], name: state };
}

const FIELDS: FilterFields<InstanceView> = {
  'availability-zone': (instance) => [instance.availabilityZone],
  'instance-id': (instance) => [instance.id],
  'instance-lifecycle': (instance) => (instance.isSpot ? ['spot'] : []),
  'instance-state-code': (instance) => [String(STATE_CODES[instance.state])],
  'instance-state-name': (instance) => [instance.state],
  'instance-type': (instance) => [instance.type],
  'ip-address': () => [],
  'network-interface.addresses.private-ip-address': (instance) =>
    instance.interfaces.flatMap((eni) => [eni.primaryIp, ...eni.secondaryIps]),
  'network-interface.network-interface-id': (instance) => instance.interfaces.map((eni) => eni.id),
  'network-interface.private-ip-address': (instance) => instance.interfaces.map((eni) => eni.primaryIp),
  'network-interface.source-dest-check': (instance) =>
    instance.interfaces.map((eni) => String(eni.sourceDestCheck)),
  'network-interface.subnet-id': (instance) => instance.interfaces.map((eni) => eni.subnetId),
  'network-interface.vpc-id': (instance) => instance.interfaces.map((eni) => eni.vpcId),
  'owner-id': (instance) => [instance.ownerId],
  'private-dns-name': (instance) => instance.interfaces.slice(0, 1).map((eni) => dnsName(eni.primaryIp)),
  'private-ip-address': (instance) => instance.interfaces.slice(0, 1).map((eni) => eni.primaryIp),
  'reservation-id': (instance) => [reservationId(instance)],
  'source-dest-check': (instance) =>
    instance.interfaces.slice(0, 1).map((eni) => String(eni.sourceDestCheck)),
  'subnet-id': (instance) => [instance.subnetId],
  'vpc-id': (instance) => [instance.vpcId],
};

function reservationId(instance: Instance): string {
  return `r-${instance.id.slice(2)}`;
}

function showReservation(instance: InstanceView): XmlValue {
  return {
    reservationId: reservationId(instance),
    ownerId: instance.ownerId,
    groupSet: [],
    instancesSet: [showInstance(instance)],
  };
}

function showInstance(instance: InstanceView): XmlValue {
  const [primary] = instance.interfaces;
  return {
    instanceId: instance.id,
    imageId: 'ami-00000000000000000',
    instanceState: showState(instance.state),
    privateDnsName: primary && dnsName(primary.primaryIp),
    instanceType: instance.type,
    launchTime: isoTime(instance.launchedAtMs),
    placement: { availabilityZone: instance.availabilityZone, tenancy: 'default' },
    monitoring: { state: 'disabled' },
    subnetId: instance.state === 'terminated' ? undefined : instance.subnetId,
    vpcId: instance.state === 'terminated' ? undefined : instance.vpcId,
    privateIpAddress: primary?.primaryIp,
    sourceDestCheck: primary?.sourceDestCheck,
    instanceLifecycle: instance.isSpot ? 'spot' : undefined,
    groupSet: [],
    networkInterfaceSet: instance.interfaces.map(showInstanceInterface),
    tagSet: tagItems(instance.tags),
  };
}

function showInstanceInterface(eni: NetworkInterface): XmlValue {
  return {
    networkInterfaceId: eni.id,
    subnetId: eni.subnetId,
    vpcId: eni.vpcId,
    description: eni.description,
    ownerId: eni.ownerId,
    status: 'in-use',
    macAddress: eni.mac,
    privateIpAddress: eni.primaryIp,
    sourceDestCheck: eni.sourceDestCheck,
    interfaceType: 'interface',
    attachment: eni.attachment && showAttachment(eni.attachment),
    privateIpAddressesSet: showAddresses(eni),
    ipv6AddressesSet: eni.ipv6s.map((ipv6Address) => ({ ipv6Address })),
  };
}
