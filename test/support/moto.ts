import { spawn } from 'node:child_process';
import {
  AssociateRouteTableCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeRouteTablesCommand,
  EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
  RunInstancesCommand,
  type Tag,
} from '@aws-sdk/client-ec2';
import { ensureMotoVenv } from './moto-venv.ts';

export const MOTO_REGION = 'eu-west-1';
export const MOTO_CREDENTIALS = { accessKeyId: 'AKIAMOTO', secretAccessKey: 'secret' };

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 5_000;

/** A moto server that runs. */
export interface Moto {
  readonly endpoint: string;
  /** An SDK client for seeding; closed with the server. */
  readonly ec2: EC2Client;
  close(): Promise<void>;
}

/** Starts moto's server on a free port of loopback and resolves when it answers. */
export async function startMoto(): Promise<Moto> {
  const program = await ensureMotoVenv();
  const child = spawn(program, ['-H', '127.0.0.1', '-p', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await ended;
    clearTimeout(timer);
  };
  try {
    const endpoint = await announcedEndpoint(child.stderr, ended);
    const ec2 = new EC2Client({ endpoint, region: MOTO_REGION, credentials: MOTO_CREDENTIALS });
    const close = async () => {
      ec2.destroy();
      await stop();
    };
    return { endpoint, ec2, close };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The server listens before it says where, so that what it says can be used at once. */
async function announcedEndpoint(output: NodeJS.ReadableStream, ended: Promise<void>): Promise<string> {
  let text = '';
  const announced = Promise.withResolvers<string>();
  output.setEncoding('utf8');
  output.on('data', (part: string) => {
    text = `${text}${part}`.slice(-4_000);
    const found = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1];
    if (found !== undefined) announced.resolve(found);
  });
  ended.then(() => announced.reject(new Error(`moto ended: ${text}`)));
  const timer = setTimeout(() => announced.reject(new Error(`moto does not start: ${text}`)), START_LIMIT_MS);
  try {
    return await announced.promise;
  } finally {
    clearTimeout(timer);
  }
}

export interface MotoZone {
  readonly az: string;
  readonly subnetId: string;
  /** Tagged `az` and `type=private`, associated with the subnet. */
  readonly tableId: string;
  readonly instanceId: string;
  /** The instance's only interface, with source/dest check off. */
  readonly interfaceId: string;
  readonly address: string;
}

export interface MotoVpc {
  readonly vpcId: string;
  readonly mainTableId: string;
  readonly zones: readonly MotoZone[];
}

/** Builds a VPC with one subnet, route table and instance per zone, by the same API that moto stands for. */
export async function seedMoto(
  ec2: EC2Client,
  options: { readonly azs: readonly string[] },
): Promise<MotoVpc> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
  const vpcId = known(Vpc?.VpcId);
  const zones: MotoZone[] = [];
  for (const [index, az] of options.azs.entries()) zones.push(await seedZone(ec2, { vpcId, az, index }));
  const filters = [
    { Name: 'vpc-id', Values: [vpcId] },
    { Name: 'association.main', Values: ['true'] },
  ];
  const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ Filters: filters }));
  return { vpcId, mainTableId: known(RouteTables?.[0]?.RouteTableId), zones };
}

interface Place {
  readonly vpcId: string;
  readonly az: string;
  readonly index: number;
}

async function seedZone(ec2: EC2Client, { vpcId, az, index }: Place): Promise<MotoZone> {
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId: vpcId, CidrBlock: `10.0.${index + 1}.0/24`, AvailabilityZone: az }),
  );
  const subnetId = known(Subnet?.SubnetId);
  const tableId = await seedTable(ec2, vpcId, { az, type: 'private', Name: `private-${az}` });
  await ec2.send(new AssociateRouteTableCommand({ RouteTableId: tableId, SubnetId: subnetId }));
  const instance = await runInstance(ec2, subnetId);
  await ec2.send(
    new ModifyNetworkInterfaceAttributeCommand({
      NetworkInterfaceId: instance.interfaceId,
      SourceDestCheck: { Value: false },
    }),
  );
  return { az, subnetId, tableId, ...instance };
}

/** An empty table with these tags. */
export async function seedTable(
  ec2: EC2Client,
  vpcId: string,
  tags: Readonly<Record<string, string>>,
): Promise<string> {
  const Tags: Tag[] = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const { RouteTable } = await ec2.send(
    new CreateRouteTableCommand({ VpcId: vpcId, TagSpecifications: [{ ResourceType: 'route-table', Tags }] }),
  );
  return known(RouteTable?.RouteTableId);
}

/** A running instance with one interface. */
export async function runInstance(ec2: EC2Client, subnetId: string) {
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ImageId: 'ami-03cf127a',
      InstanceType: 't3.nano',
      MinCount: 1,
      MaxCount: 1,
      SubnetId: subnetId,
    }),
  );
  const instance = Instances?.[0];
  const [primary] = instance?.NetworkInterfaces ?? [];
  return {
    instanceId: known(instance?.InstanceId),
    interfaceId: known(primary?.NetworkInterfaceId),
    address: known(primary?.PrivateIpAddress),
  };
}

/** What the API has answered, which its types call optional. */
export function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('moto left something out of its answer');
  return value;
}
