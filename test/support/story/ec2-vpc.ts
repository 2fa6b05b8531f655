import {
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeImagesCommand,
  type EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
  RunInstancesCommand,
  type Tag,
} from '@aws-sdk/client-ec2';
import { STORY_DESTINATIONS } from './agent-config.ts';

/** What was built for one zone. */
export interface SeededZone {
  readonly name: string;
  readonly az: string;
  readonly subnetId: string;
  readonly subnetCidr: string;
  readonly tableId: string;
  readonly instanceId: string;
  readonly interfaceId: string;
  readonly mac: string;
  readonly ownerId: string;
  readonly address: string;
}

export interface SeededVpc {
  readonly region: string;
  readonly vpcId: string;
  readonly vpcCidr: string;
  readonly zones: readonly SeededZone[];
}

export interface SeedOptions {
  readonly region: string;
  /** Letters of the availability zones. */
  readonly zones: readonly string[];
  /** The VPC is `127.OCTET.0.0/16`: its instances' addresses are of loopback, where real processes can listen. */
  readonly octet: number;
}

/**
 * Builds the demo VPC through the plain EC2 API: per zone a private subnet, a route table (tags `az`, `type=private`,
 * `Name`) and an instance `127.OCTET.N.10` without source/dest check. To begin with, the story's routes point at an internet
 * gateway.
 */
export async function seedVpc(ec2: EC2Client, options: SeedOptions): Promise<SeededVpc> {
  const vpcCidr = `127.${options.octet}.0.0/16`;
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({ CidrBlock: vpcCidr, TagSpecifications: tagged('vpc', 'vpcast-demo') }),
  );
  const vpcId = known(Vpc?.VpcId);
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  const gatewayId = known(InternetGateway?.InternetGatewayId);
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: gatewayId, VpcId: vpcId }));
  const imageId = await findImage(ec2);
  const zones: SeededZone[] = [];
  for (const [index, name] of options.zones.entries()) {
    zones.push(
      await seedZone(ec2, {
        name,
        az: `${options.region}${name}`,
        vpcId,
        imageId,
        gatewayId,
        prefix: `127.${options.octet}.${index + 1}`,
      }),
    );
  }
  return { region: options.region, vpcId, vpcCidr, zones };
}

interface Place {
  readonly name: string;
  readonly az: string;
  readonly vpcId: string;
  readonly imageId: string;
  readonly gatewayId: string;
  /** First three octets of the subnet. */
  readonly prefix: string;
}

async function seedZone(
  ec2: EC2Client,
  { name, az, vpcId, imageId, gatewayId, prefix }: Place,
): Promise<SeededZone> {
  const subnetCidr = `${prefix}.0/24`;
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId: vpcId, CidrBlock: subnetCidr, AvailabilityZone: az }),
  );
  const subnetId = known(Subnet?.SubnetId);
  const { RouteTable } = await ec2.send(
    new CreateRouteTableCommand({
      VpcId: vpcId,
      TagSpecifications: tagged('route-table', `private-${name}`, { az, type: 'private' }),
    }),
  );
  const tableId = known(RouteTable?.RouteTableId);
  await ec2.send(new AssociateRouteTableCommand({ RouteTableId: tableId, SubnetId: subnetId }));
  for (const DestinationCidrBlock of STORY_DESTINATIONS) {
    await ec2.send(
      new CreateRouteCommand({ RouteTableId: tableId, DestinationCidrBlock, GatewayId: gatewayId }),
    );
  }
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ImageId: imageId,
      InstanceType: 't3.nano',
      MinCount: 1,
      MaxCount: 1,
      SubnetId: subnetId,
      PrivateIpAddress: `${prefix}.10`,
      TagSpecifications: tagged('instance', `node-${name}`),
    }),
  );
  const primary = Instances?.[0]?.NetworkInterfaces?.[0];
  const interfaceId = known(primary?.NetworkInterfaceId);
  await ec2.send(
    new ModifyNetworkInterfaceAttributeCommand({
      NetworkInterfaceId: interfaceId,
      SourceDestCheck: { Value: false },
    }),
  );
  return {
    name,
    az,
    subnetId,
    subnetCidr,
    tableId,
    instanceId: known(Instances?.[0]?.InstanceId),
    interfaceId,
    mac: known(primary?.MacAddress),
    ownerId: known(primary?.OwnerId),
    address: known(primary?.PrivateIpAddress),
  };
}

/** Any image will do: nothing is ever started from it. */
async function findImage(ec2: EC2Client): Promise<string> {
  const { Images } = await ec2.send(new DescribeImagesCommand({}));
  return Images?.[0]?.ImageId ?? 'ami-03cf127a';
}

function tagged(
  ResourceType: 'vpc' | 'route-table' | 'instance',
  name: string,
  more: Readonly<Record<string, string>> = {},
) {
  const Tags: Tag[] = Object.entries({ Name: name, ...more }).map(([Key, Value]) => ({ Key, Value }));
  return [{ ResourceType, Tags }];
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the EC2 API left something out of its answer');
  return value;
}
