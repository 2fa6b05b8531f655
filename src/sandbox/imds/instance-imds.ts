import { interfacesOf, type NetworkInterface, type WorldState } from '../world/state.ts';
import type { World } from '../world/world.ts';
import type { ImdsIdentity, ImdsInterface } from './imds-tree.ts';

/** What the metadata service of one of the world's instances says now; undefined unless the instance runs. */
export function identityOf(world: World, instanceId: string): ImdsIdentity | undefined {
  const state = world.state();
  const instance = state.instances.get(instanceId);
  // An instance that is shutting down still runs its processes, and they still read their metadata.
  const lives =
    instance !== undefined && ['pending', 'running', 'stopping', 'shutting-down'].includes(instance.state);
  if (!lives) return undefined;
  const { roleName, accessKeyId } = instance;
  return {
    instanceId,
    accountId: instance.ownerId,
    region: world.region,
    availabilityZone: instance.availabilityZone,
    instanceType: instance.type,
    isSpot: instance.isSpot,
    interfaces: interfacesOf(state, instanceId).map((eni) => showInterface(state, eni)),
    role: roleName === undefined ? undefined : { name: roleName, accessKeyId },
    tags: instance.tags,
  };
}

function showInterface(state: WorldState, eni: NetworkInterface): ImdsInterface {
  const subnet = state.subnets.get(eni.subnetId);
  const vpc = state.vpcs.get(eni.vpcId);
  return {
    id: eni.id,
    mac: eni.mac,
    deviceIndex: eni.attachment?.deviceIndex ?? 0,
    ownerId: eni.ownerId,
    vpcId: eni.vpcId,
    subnetId: eni.subnetId,
    privateIps: [eni.primaryIp, ...eni.secondaryIps],
    ipv6s: eni.ipv6s,
    subnetCidr: subnet?.cidr,
    subnetIpv6Cidr: subnet?.ipv6Cidr,
    vpcCidrs: vpc?.cidrs ?? [],
    vpcIpv6Cidrs: vpc?.ipv6Cidrs ?? [],
  };
}
