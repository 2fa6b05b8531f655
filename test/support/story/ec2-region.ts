import {
  DescribeRouteTablesCommand,
  type EC2Client,
  type Route,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { type Imds, startImds } from '../../../src/sandbox/index.ts';
import type { SeededVpc, SeededZone } from './ec2-vpc.ts';
import { type HeldRoute, type StoryRegion, sortRoutes } from './region.ts';

export interface Ec2RegionOptions {
  readonly ec2: EC2Client;
  /** Where the agents go: the API itself, or a proxy before it. */
  readonly endpoint: string;
  readonly vpc: SeededVpc;
  readonly accessKeyId?: string;
}

/**
 * A VPC behind a real EC2 API, with a metadata service for each of its instances, which emulators do not have: it says
 * what the API has said of the instance.
 */
export async function openEc2Region(options: Ec2RegionOptions): Promise<StoryRegion> {
  const { ec2, endpoint, vpc } = options;
  const services: Imds[] = [];
  const stopped = new Set<string>();
  const close = async () => {
    await Promise.all(services.map((service) => service.close()));
  };
  try {
    const zones = [];
    for (const zone of vpc.zones) {
      const identity = identityOf(vpc, zone, options.accessKeyId ?? 'ASIASTORY');
      const service = await startImds({
        identity: () => (stopped.has(zone.instanceId) ? undefined : identity),
      });
      services.push(service);
      zones.push({ ...zone, imdsUrl: service.url });
    }
    return {
      endpoint,
      zones,
      readRoutes: () => readRoutes(ec2, vpc.vpcId),
      async stopInstance({ instanceId }) {
        await ec2.send(new StopInstancesCommand({ InstanceIds: [instanceId] }));
        stopped.add(instanceId);
      },
      async startInstance({ instanceId }) {
        await ec2.send(new StartInstancesCommand({ InstanceIds: [instanceId] }));
        stopped.delete(instanceId);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function identityOf(vpc: SeededVpc, zone: SeededZone, accessKeyId: string) {
  const { ownerId } = zone;
  return {
    instanceId: zone.instanceId,
    accountId: ownerId,
    region: vpc.region,
    availabilityZone: zone.az,
    interfaces: [
      {
        id: zone.interfaceId,
        mac: zone.mac,
        deviceIndex: 0,
        ownerId,
        vpcId: vpc.vpcId,
        subnetId: zone.subnetId,
        privateIps: [zone.address],
        subnetCidr: zone.subnetCidr,
        vpcCidrs: [vpc.vpcCidr],
      },
    ],
    role: { name: 'vpcast', accessKeyId },
    tags: { Name: `node-${zone.name}` },
  };
}

async function readRoutes(ec2: EC2Client, vpcId: string): Promise<readonly HeldRoute[]> {
  const { RouteTables = [] } = await ec2.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: 'vpc-id', Values: [vpcId] }] }),
  );
  const routes = RouteTables.flatMap(({ RouteTableId = '', Routes = [] }) =>
    Routes.filter((route) => route.GatewayId !== 'local').map((route) => ({
      tableId: RouteTableId,
      destination: route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock ?? '',
      target: targetOf(route),
    })),
  );
  return sortRoutes(routes);
}

function targetOf(route: Route): string {
  return route.NetworkInterfaceId ?? route.InstanceId ?? route.GatewayId ?? route.NatGatewayId ?? 'unknown';
}
