import { DescribeRouteTablesCommand, EC2Client, paginateDescribeRouteTables } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox } from '../../../src/sandbox/index.ts';
import { type Connected, refusal, startEc2 } from './ec2-fixture.ts';

let connected: Connected;

beforeAll(async () => {
  connected = await startEc2();
});

afterAll(() => connected.close());

async function findTables(filters: Record<string, string[]>): Promise<readonly (string | undefined)[]> {
  const Filters = Object.entries(filters).map(([Name, Values]) => ({ Name, Values }));
  const { RouteTables = [] } = await connected.ec2.send(new DescribeRouteTablesCommand({ Filters }));
  return RouteTables.map((table) => table.RouteTableId);
}

describe('DescribeRouteTables', () => {
  it('shows routes as EC2 does: instance, owner and interface together, propagated beside static, endpoints as gateways', async () => {
    const { RouteTables } = await connected.ec2.send(
      new DescribeRouteTablesCommand({ RouteTableIds: ['rtb-mixed'] }),
    );
    expect(RouteTables).toEqual([
      {
        RouteTableId: 'rtb-mixed',
        VpcId: 'vpc-1',
        OwnerId: '123456789012',
        Associations: [
          {
            Main: false,
            RouteTableAssociationId: 'rtbassoc-mixed-vgw-1',
            RouteTableId: 'rtb-mixed',
            GatewayId: 'vgw-1',
            AssociationState: { State: 'associated' },
          },
        ],
        PropagatingVgws: [{ GatewayId: 'vgw-1' }],
        Tags: [
          { Key: 'Name', Value: 'mixed <&> "quoted"' },
          { Key: 'Purpose', Value: 'edge' },
        ],
        Routes: [
          {
            DestinationCidrBlock: '10.0.0.0/16',
            GatewayId: 'local',
            State: 'active',
            Origin: 'CreateRouteTable',
          },
          {
            DestinationIpv6CidrBlock: '2001:db8::/56',
            GatewayId: 'local',
            State: 'active',
            Origin: 'CreateRouteTable',
          },
          {
            DestinationCidrBlock: '172.16.0.0/12',
            GatewayId: 'vgw-1',
            State: 'active',
            Origin: 'EnableVgwRoutePropagation',
          },
          {
            DestinationCidrBlock: '172.16.0.0/12',
            InstanceId: 'i-a',
            InstanceOwnerId: '123456789012',
            NetworkInterfaceId: 'eni-a',
            State: 'active',
            Origin: 'CreateRoute',
          },
          {
            DestinationCidrBlock: '203.0.113.0/24',
            InstanceId: 'i-b',
            InstanceOwnerId: '123456789012',
            NetworkInterfaceId: 'eni-b',
            State: 'active',
            Origin: 'Advertisement',
            IpAddress: '10.0.2.10',
          },
          {
            DestinationIpv6CidrBlock: '::/0',
            EgressOnlyInternetGatewayId: 'eigw-1',
            State: 'active',
            Origin: 'CreateRoute',
          },
          {
            DestinationCidrBlock: '0.0.0.0/0',
            NatGatewayId: 'nat-1',
            State: 'active',
            Origin: 'CreateRoute',
          },
          {
            DestinationCidrBlock: '198.51.100.0/24',
            TransitGatewayId: 'tgw-1',
            State: 'active',
            Origin: 'CreateRoute',
          },
          {
            DestinationCidrBlock: '198.51.101.0/24',
            VpcPeeringConnectionId: 'pcx-1',
            State: 'active',
            Origin: 'CreateRoute',
          },
          {
            DestinationCidrBlock: '198.51.102.0/24',
            GatewayId: 'vpce-1',
            State: 'active',
            Origin: 'CreateRoute',
          },
          {
            DestinationCidrBlock: '198.51.103.0/24',
            NetworkInterfaceId: 'eni-loose',
            State: 'blackhole',
            Origin: 'CreateRoute',
          },
        ],
      },
    ]);
  });

  it.each<[Record<string, string[]>, readonly string[]]>([
    [{ 'vpc-id': ['vpc-2'] }, ['rtb-other']],
    [{ 'route-table-id': ['rtb-m*'] }, ['rtb-main', 'rtb-mixed']],
    [{ 'association.main': ['true'] }, ['rtb-main']],
    [{ 'association.main': ['false'] }, ['rtb-1', 'rtb-mixed']],
    [{ 'association.subnet-id': ['subnet-1'] }, ['rtb-1']],
    [{ 'association.gateway-id': ['vgw-1'] }, ['rtb-mixed']],
    [{ 'association.route-table-id': ['rtb-1'] }, ['rtb-1']],
    [{ 'association.route-table-association-id': ['rtbassoc-main-main'] }, ['rtb-main']],
    [{ 'tag:type': ['private', 'public'] }, ['rtb-1']],
    [{ 'tag:az': ['?'], 'tag-key': ['type'] }, ['rtb-1']],
    [{ 'tag-key': ['Name'] }, ['rtb-mixed']],
    [{ 'tag:Name': ['mixed*quoted"'] }, ['rtb-mixed']],
    [{ 'owner-id': ['123456789012'], 'vpc-id': ['vpc-2'] }, ['rtb-other']],
    [{ 'route.destination-cidr-block': ['0.0.0.0/0'] }, ['rtb-mixed']],
    [{ 'route.destination-ipv6-cidr-block': ['::/0'] }, ['rtb-mixed']],
    [{ 'route.destination-prefix-list-id': ['pl-1'] }, []],
    [{ 'route.egress-only-internet-gateway-id': ['eigw-1'] }, ['rtb-mixed']],
    [{ 'route.gateway-id': ['vgw-1'] }, ['rtb-mixed']],
    [{ 'route.gateway-id': ['local'], 'vpc-id': ['vpc-2'] }, ['rtb-other']],
    [{ 'route.instance-id': ['i-b'] }, ['rtb-mixed']],
    [{ 'route.nat-gateway-id': ['nat-1'] }, ['rtb-mixed']],
    [{ 'route.transit-gateway-id': ['tgw-1'] }, ['rtb-mixed']],
    [{ 'route.vpc-peering-connection-id': ['pcx-1'] }, ['rtb-mixed']],
    [{ 'route.origin': ['Advertisement'] }, ['rtb-mixed']],
    [{ 'route.state': ['blackhole'] }, ['rtb-mixed']],
    [{ 'vpc-id': ['vpc-none'] }, []],
  ])('filters by %j', async (filters, expected) => {
    expect(await findTables(filters)).toEqual(expected);
  });

  it('refuses an unknown filter, also one by interface, which EC2 does not have', async () => {
    expect(await refusal(findTables({ 'route.network-interface-id': ['eni-a'] }))).toEqual([
      'InvalidParameterValue',
      400,
    ]);
  });

  it('refuses an unknown id, a malformed id and another account’s table', async () => {
    const byId = (id: string) =>
      refusal(connected.ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: ['rtb-1', id] })));
    expect(await byId('rtb-none')).toEqual(['InvalidRouteTableID.NotFound', 400]);
    expect(await byId('nonsense')).toEqual(['InvalidRouteTableId.Malformed', 400]);
    expect(await byId('rtb-foreign')).toEqual(['InvalidRouteTableID.NotFound', 400]);
  });

  it('gives pages of 5 to 100 that the SDK’s paginator puts together', async () => {
    const tables = Array.from({ length: 23 }, (_, index) => ({ id: `rtb-${index}`, vpc: 'vpc-1' }));
    const many = await startSandbox({
      scenario: { vpcs: [{ id: 'vpc-1', cidr: '10.0.0.0/16' }], routeTables: tables },
    });
    const client = new EC2Client({
      endpoint: many.url,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'A', secretAccessKey: 's' },
    });
    try {
      const pages: (readonly (string | undefined)[])[] = [];
      for await (const page of paginateDescribeRouteTables({ client, pageSize: 5 }, {})) {
        pages.push((page.RouteTables ?? []).map((table) => table.RouteTableId));
      }
      expect(pages.map((page) => page.length)).toEqual([5, 5, 5, 5, 3]);
      expect(pages.flat()).toEqual(tables.map((table) => table.id));
    } finally {
      client.destroy();
      await many.close();
    }
    const size = (MaxResults: number) =>
      refusal(connected.ec2.send(new DescribeRouteTablesCommand({ MaxResults })));
    expect([await size(4), await size(101)]).toEqual([
      ['InvalidParameterValue', 400],
      ['InvalidParameterValue', 400],
    ]);
  });
});
