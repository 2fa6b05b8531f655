import { type ApiResult, failure, notFound, success } from '../world/api-error.ts';
import type { Attachment, NetworkInterface } from '../world/state.ts';
import { type Answer, type ApiCall, isoTime, ownedBy, selectIds, tagItems, unlessDryRun } from './call.ts';
import { applyFilters, type FilterFields } from './filters.ts';
import { paginate } from './paginate.ts';
import { readFilters, readList } from './query-params.ts';
import type { XmlValue } from './xml.ts';

export function describeNetworkInterfaces(call: ApiCall): ApiResult<Answer> {
  return unlessDryRun(call, () => {
    const filters = readFilters(call.params);
    if (!filters.ok) return filters;
    const ids = readList(call.params, 'NetworkInterfaceId');
    if (ids.length > 0 && call.params.has('MaxResults')) {
      const message = 'The parameter networkInterfaceIds cannot be used with the parameter maxResults';
      return failure('InvalidParameterCombination', message);
    }
    const malformed = ids.find((id) => !id.startsWith('eni-'));
    if (malformed !== undefined) {
      return failure(
        'InvalidNetworkInterfaceId.Malformed',
        `Invalid id: "${malformed}" (expecting "eni-...")`,
      );
    }
    const own = ownedBy(call.seen.interfaces.values(), call.world.accountOf(call.accessKeyId));
    const chosen = selectIds(own, ids);
    const [missing] = chosen.missing;
    if (missing !== undefined)
      return notFound('InvalidNetworkInterfaceID.NotFound', 'networkInterface', missing);
    const filtered = applyFilters(chosen.items, filters.value, FIELDS);
    if (!filtered.ok) return filtered;
    const page = paginate(filtered.value, call.params, { max: 1000 });
    if (!page.ok) return page;
    return success({
      networkInterfaceSet: page.value.items.map(showInterface),
      nextToken: page.value.nextToken,
    });
  });
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html, as far as modelled. */
const FIELDS: FilterFields<NetworkInterface> = {
  'addresses.primary': (eni) => ['true', ...eni.secondaryIps.map(() => 'false')],
  'addresses.private-ip-address': (eni) => [eni.primaryIp, ...eni.secondaryIps],
  'attachment.attachment-id': (eni) => [eni.attachment?.id],
  'attachment.delete-on-termination': (eni) => flag(eni.attachment?.deleteOnTermination),
  'attachment.device-index': (eni) => [eni.attachment && String(eni.attachment.deviceIndex)],
  'attachment.instance-id': (eni) => [eni.attachment?.instanceId],
  'attachment.instance-owner-id': (eni) => [eni.attachment && eni.ownerId],
  'attachment.status': (eni) => [eni.attachment && 'attached'],
  'availability-zone': (eni) => [eni.availabilityZone],
  description: (eni) => [eni.description],
  'interface-type': () => ['interface'],
  'ipv6-addresses.ipv6-address': (eni) => eni.ipv6s,
  'mac-address': (eni) => [eni.mac],
  'network-interface-id': (eni) => [eni.id],
  'owner-id': (eni) => [eni.ownerId],
  'private-dns-name': (eni) => [dnsName(eni.primaryIp)],
  'private-ip-address': (eni) => [eni.primaryIp],
  'requester-managed': () => ['false'],
  'source-dest-check': (eni) => flag(eni.sourceDestCheck),
  status: (eni) => [statusOf(eni)],
  'subnet-id': (eni) => [eni.subnetId],
  'vpc-id': (eni) => [eni.vpcId],
};

function flag(value: boolean | undefined): readonly string[] {
  return value === undefined ? [] : [String(value)];
}

function statusOf(eni: NetworkInterface): string {
  return eni.attachment === undefined ? 'available' : 'in-use';
}

export function dnsName(ip: string): string {
  return `ip-${ip.replaceAll('.', '-')}.ec2.internal`;
}

/** An interface as DescribeNetworkInterfaces shows it. */
function showInterface(eni: NetworkInterface): XmlValue {
  return {
    networkInterfaceId: eni.id,
    subnetId: eni.subnetId,
    vpcId: eni.vpcId,
    availabilityZone: eni.availabilityZone,
    description: eni.description,
    ownerId: eni.ownerId,
    requesterManaged: false,
    status: statusOf(eni),
    interfaceType: 'interface',
    macAddress: eni.mac,
    privateIpAddress: eni.primaryIp,
    privateDnsName: dnsName(eni.primaryIp),
    sourceDestCheck: eni.sourceDestCheck,
    groupSet: [],
    attachment: eni.attachment && {
      ...showAttachment(eni.attachment),
      instanceId: eni.attachment.instanceId,
      instanceOwnerId: eni.ownerId,
    },
    privateIpAddressesSet: showAddresses(eni),
    ipv6AddressesSet: eni.ipv6s.map((ipv6Address) => ({ ipv6Address })),
    tagSet: tagItems(eni.tags),
  };
}

export function showAttachment(attachment: Attachment) {
  return {
    attachmentId: attachment.id,
    deviceIndex: attachment.deviceIndex,
    networkCardIndex: 0,
    status: 'attached',
    attachTime: isoTime(attachment.attachedAtMs),
    deleteOnTermination: attachment.deleteOnTermination,
  };
}

export function showAddresses(eni: NetworkInterface): XmlValue {
  return [eni.primaryIp, ...eni.secondaryIps].map((privateIpAddress, position) => ({
    privateIpAddress,
    privateDnsName: dnsName(privateIpAddress),
    primary: position === 0,
  }));
}
