import {
  AttachNetworkInterfaceCommand,
  CreateCarrierGatewayCommand,
  CreateEgressOnlyInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateManagedPrefixListCommand,
  CreateNatGatewayCommand,
  CreateNetworkInterfaceCommand,
  CreateTagsCommand,
  CreateTransitGatewayCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  CreateVpcPeeringConnectionCommand,
  type EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import {
  known,
  MOTO_CREDENTIALS,
  MOTO_REGION,
  type MotoVpc,
  runInstance,
  seedMoto,
  seedTable,
  startMoto,
} from '../support/moto.ts';
import type { ContractWorld } from './world.ts';

/** The suite's VPC in a moto server. */
export async function motoWorld(): Promise<ContractWorld> {
  const moto = await startMoto();
  try {
    return { ...(await seed(moto.ec2)), endpoint: moto.endpoint, close: moto.close };
  } catch (error) {
    await moto.close();
    throw error;
  }
}

async function seed(ec2: EC2Client): Promise<Omit<ContractWorld, 'endpoint' | 'close'>> {
  const vpc = await seedMoto(ec2, { azs: [`${MOTO_REGION}a`, `${MOTO_REGION}b`] });
  const { vpcId, mainTableId } = vpc;
  const [a, b] = vpc.zones;
  if (a === undefined || b === undefined) throw new Error('two zones were asked for');
  await tag(ec2, a.tableId, { az: 'a' });
  await tag(ec2, b.tableId, { az: 'b', odd: 'a*b' });
  const others: string[] = [];
  for (let index = 0; index < 5; index += 1)
    others.push(await seedTable(ec2, vpcId, { page: String(index) }));
  const check = { NetworkInterfaceId: a.interfaceId, SourceDestCheck: { Value: true } };
  await ec2.send(new ModifyNetworkInterfaceAttributeCommand(check));
  const multi = await runInstance(ec2, a.subnetId);
  const doomed = await runInstance(ec2, a.subnetId);
  const second = { NetworkInterfaceId: await newInterface(ec2, a.subnetId), InstanceId: multi.instanceId };
  await ec2.send(new AttachNetworkInterfaceCommand({ ...second, DeviceIndex: 1 }));
  return {
    region: MOTO_REGION,
    credentials: MOTO_CREDENTIALS,
    accountId: '123456789012',
    vpcId,
    vpcCidr: '10.0.0.0/16',
    tables: { main: mainTableId, a: a.tableId, b: b.tableId, others },
    subnets: { a: a.subnetId, b: b.subnetId },
    instances: { a: a.instanceId, b: b.instanceId, multi: multi.instanceId, doomed: doomed.instanceId },
    interfaces: {
      a: a.interfaceId,
      b: b.interfaceId,
      multi: multi.interfaceId,
      doomed: doomed.interfaceId,
      loose: await newInterface(ec2, a.subnetId),
    },
    gateways: await seedGateways(ec2, vpc, a.subnetId),
    prefixListId: await newPrefixList(ec2),
    stop: async (id) => void (await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }))),
    start: async (id) => void (await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }))),
    terminate: async (id) => void (await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }))),
  };
}

async function seedGateways(
  ec2: EC2Client,
  vpc: MotoVpc,
  subnetId: string,
): Promise<ContractWorld['gateways']> {
  const VpcId = vpc.vpcId;
  const internet = await ec2.send(new CreateInternetGatewayCommand({}));
  const nat = await ec2.send(new CreateNatGatewayCommand({ SubnetId: subnetId }));
  const transit = await ec2.send(new CreateTransitGatewayCommand({}));
  const peer = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.1.0.0/16' }));
  const peering = await ec2.send(
    new CreateVpcPeeringConnectionCommand({ VpcId, PeerVpcId: peer.Vpc?.VpcId }),
  );
  const egress = await ec2.send(new CreateEgressOnlyInternetGatewayCommand({ VpcId }));
  const carrier = await ec2.send(new CreateCarrierGatewayCommand({ VpcId }));
  const ServiceName = `com.amazonaws.vpce.${MOTO_REGION}.vpce-svc-0123456789abcdef0`;
  const endpoint = await ec2.send(
    new CreateVpcEndpointCommand({
      VpcId,
      ServiceName,
      VpcEndpointType: 'GatewayLoadBalancer',
      SubnetIds: [subnetId],
    }),
  );
  return {
    gateway: known(internet.InternetGateway?.InternetGatewayId),
    'nat-gateway': known(nat.NatGateway?.NatGatewayId),
    'transit-gateway': known(transit.TransitGateway?.TransitGatewayId),
    'vpc-peering-connection': known(peering.VpcPeeringConnection?.VpcPeeringConnectionId),
    'egress-only-internet-gateway': known(egress.EgressOnlyInternetGateway?.EgressOnlyInternetGatewayId),
    'carrier-gateway': known(carrier.CarrierGateway?.CarrierGatewayId),
    'vpc-endpoint': known(endpoint.VpcEndpoint?.VpcEndpointId),
  };
}

async function newInterface(ec2: EC2Client, SubnetId: string): Promise<string> {
  const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId }));
  return known(NetworkInterface?.NetworkInterfaceId);
}

async function newPrefixList(ec2: EC2Client): Promise<string> {
  const { PrefixList } = await ec2.send(
    new CreateManagedPrefixListCommand({
      PrefixListName: 'contract',
      MaxEntries: 5,
      AddressFamily: 'IPv4',
      Entries: [{ Cidr: '100.100.0.0/24' }],
    }),
  );
  return known(PrefixList?.PrefixListId);
}

async function tag(ec2: EC2Client, id: string, tags: Readonly<Record<string, string>>): Promise<void> {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  await ec2.send(new CreateTagsCommand({ Resources: [id], Tags }));
}
