import {
  CreateRouteCommand,
  DeleteRouteCommand,
  DescribeRouteTablesCommand,
  EC2Client,
  ReplaceRouteCommand,
} from '@aws-sdk/client-ec2';
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connected, refusal, startEc2, VIP } from './ec2-fixture.ts';

let connected: Connected;

beforeAll(async () => {
  connected = await startEc2();
});

afterAll(() => connected.close());

describe('CreateRoute, ReplaceRoute and DeleteRoute', () => {
  const key = { RouteTableId: 'rtb-1', DestinationCidrBlock: VIP };

  it('make a route, move it, take it away, and say what is wrong in EC2’s words', async () => {
    expect(
      await refusal(connected.ec2.send(new ReplaceRouteCommand({ ...key, NetworkInterfaceId: 'eni-a' }))),
    ).toEqual(['InvalidParameterValue', 400]);
    expect((await connected.ec2.send(new CreateRouteCommand({ ...key, InstanceId: 'i-a' }))).Return).toBe(
      true,
    );
    expect(connected.sandbox.world.targetOf('rtb-1', VIP)).toBe('eni-a');
    expect(
      await refusal(connected.ec2.send(new CreateRouteCommand({ ...key, NetworkInterfaceId: 'eni-b' }))),
    ).toEqual(['RouteAlreadyExists', 400]);
    await connected.ec2.send(new ReplaceRouteCommand({ ...key, NetworkInterfaceId: 'eni-b' }));
    expect(connected.sandbox.world.targetOf('rtb-1', VIP)).toBe('eni-b');
    await connected.ec2.send(new DeleteRouteCommand(key));
    expect(await refusal(connected.ec2.send(new DeleteRouteCommand(key)))).toEqual([
      'InvalidRoute.NotFound',
      400,
    ]);
    expect(
      connected.sandbox
        .journal()
        .filter((entry) => entry.destination === VIP)
        .map((entry) => entry.result),
    ).toEqual(['InvalidParameterValue', 'ok', 'RouteAlreadyExists', 'ok', 'ok', 'InvalidRoute.NotFound']);
  });

  it.each([
    ['no target', { ...key }, 'MissingParameter'],
    ['two targets', { ...key, InstanceId: 'i-a', GatewayId: 'igw-1' }, 'InvalidParameterCombination'],
    ['no destination', { RouteTableId: 'rtb-1', InstanceId: 'i-a' }, 'MissingParameter'],
    [
      'two destinations',
      { ...key, DestinationIpv6CidrBlock: '::/0', InstanceId: 'i-a' },
      'InvalidParameterCombination',
    ],
    [
      'IPv6 as IPv4',
      { RouteTableId: 'rtb-1', DestinationCidrBlock: '::/0', InstanceId: 'i-a' },
      'InvalidParameterValue',
    ],
    ['no table', { DestinationCidrBlock: VIP, InstanceId: 'i-a' }, 'MissingParameter'],
    [
      'an unknown table',
      { ...key, RouteTableId: 'rtb-none', InstanceId: 'i-a' },
      'InvalidRouteTableID.NotFound',
    ],
    [
      'an unknown interface',
      { ...key, NetworkInterfaceId: 'eni-none' },
      'InvalidNetworkInterfaceID.NotFound',
    ],
    ['an instance with two interfaces', { ...key, InstanceId: 'i-two' }, 'InvalidInstanceID'],
    ['a dry run', { ...key, InstanceId: 'i-a', DryRun: true }, 'DryRunOperation'],
    [
      'another account’s table',
      { ...key, RouteTableId: 'rtb-foreign', InstanceId: 'i-a' },
      'UnauthorizedOperation',
    ],
  ])('refuse %s', async (_, input, code) => {
    const status = { DryRunOperation: 412, UnauthorizedOperation: 403 }[code] ?? 400;
    const command = new CreateRouteCommand(input as ConstructorParameters<typeof CreateRouteCommand>[0]);
    expect(await refusal(connected.ec2.send(command))).toEqual([code, status]);
    expect(connected.sandbox.world.targetOf('rtb-1', VIP)).toBeUndefined();
  });

  it.each([
    ['NetworkInterfaceId', 'eni-a'],
    ['GatewayId', 'igw-1'],
    ['NatGatewayId', 'nat-1'],
    ['TransitGatewayId', 'tgw-1'],
    ['VpcPeeringConnectionId', 'pcx-1'],
    ['LocalGatewayId', 'lgw-1'],
    ['CarrierGatewayId', 'cagw-1'],
    ['VpcEndpointId', 'vpce-1'],
    ['GatewayId', 'vpce-1'],
    ['CoreNetworkArn', 'arn:aws:networkmanager::123456789012:core-network/core-network-1'],
    ['OdbNetworkArn', 'arn:aws:odb:eu-west-1:123456789012:odb-network/odbnet-1'],
  ])('take %s %s', async (parameter, id) => {
    await connected.ec2.send(new CreateRouteCommand({ ...key, [parameter]: id }));
    expect(connected.sandbox.world.targetOf('rtb-1', VIP)).toBe(id);
    await connected.ec2.send(new ReplaceRouteCommand({ ...key, [parameter]: id }));
    await connected.ec2.send(new DeleteRouteCommand(key));
  });

  it('restore a local route', async () => {
    const local = { RouteTableId: 'rtb-1', DestinationCidrBlock: '10.0.0.0/16' };
    await connected.ec2.send(new ReplaceRouteCommand({ ...local, NetworkInterfaceId: 'eni-a' }));
    await connected.ec2.send(new ReplaceRouteCommand({ ...local, LocalTarget: true }));
    expect(connected.sandbox.world.targetOf('rtb-1', '10.0.0.0/16')).toBe('local');
  });

  it('work across accounts through an assumed role', async () => {
    const assumed = new EC2Client({
      endpoint: connected.sandbox.url,
      region: 'eu-west-1',
      maxAttempts: 1,
      credentials: fromTemporaryCredentials({
        params: { RoleArn: 'arn:aws:iam::222222222222:role/routes', RoleSessionName: 'test' },
        clientConfig: { endpoint: connected.sandbox.url, region: 'eu-west-1' },
        masterCredentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
      }),
    });
    try {
      const { RouteTables = [] } = await assumed.send(new DescribeRouteTablesCommand({}));
      expect(RouteTables.map((table) => table.RouteTableId)).toEqual(['rtb-foreign']);
      const foreign = { RouteTableId: 'rtb-foreign', DestinationCidrBlock: VIP };
      await assumed.send(new CreateRouteCommand({ ...foreign, NetworkInterfaceId: 'eni-a' }));
      expect(connected.sandbox.world.targetOf('rtb-foreign', VIP)).toBe('eni-a');
      expect(await refusal(assumed.send(new DeleteRouteCommand(key)))).toEqual([
        'UnauthorizedOperation',
        403,
      ]);
    } finally {
      assumed.destroy();
    }
  });
});
