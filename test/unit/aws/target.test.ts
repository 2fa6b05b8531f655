import type { Route } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { observedRoute, observedTable, routeMutation } from '../../../src/aws/target.ts';
import type { Destination, RouteAction, RouteTarget } from '../../../src/core/index.ts';

const IPV4: Destination = { kind: 'ipv4', cidr: '10.9.0.0/16' };

function observe(route: Partial<Route>) {
  return observedRoute({
    DestinationCidrBlock: '10.9.0.0/16',
    Origin: 'CreateRoute',
    State: 'active',
    ...route,
  });
}

describe('where an answered route points', () => {
  it.each<[Partial<Route>, RouteTarget]>([
    [{ NetworkInterfaceId: 'eni-1' }, { kind: 'network-interface', id: 'eni-1' }],
    [
      { NetworkInterfaceId: 'eni-1', InstanceId: 'i-1' },
      { kind: 'network-interface', id: 'eni-1' },
    ],
    [{ InstanceId: 'i-1' }, { kind: 'instance', id: 'i-1' }],
    [{ GatewayId: 'local' }, { kind: 'local', id: 'local' }],
    [{ GatewayId: 'igw-1' }, { kind: 'gateway', id: 'igw-1' }],
    [{ GatewayId: 'vgw-1' }, { kind: 'gateway', id: 'vgw-1' }],
    [{ GatewayId: 'vpce-1' }, { kind: 'vpc-endpoint', id: 'vpce-1' }],
    [{ NatGatewayId: 'nat-1' }, { kind: 'nat-gateway', id: 'nat-1' }],
    [{ TransitGatewayId: 'tgw-1' }, { kind: 'transit-gateway', id: 'tgw-1' }],
    [{ VpcPeeringConnectionId: 'pcx-1' }, { kind: 'vpc-peering-connection', id: 'pcx-1' }],
    [{ EgressOnlyInternetGatewayId: 'eigw-1' }, { kind: 'egress-only-internet-gateway', id: 'eigw-1' }],
    [{ LocalGatewayId: 'lgw-1' }, { kind: 'local-gateway', id: 'lgw-1' }],
    [{ CarrierGatewayId: 'cagw-1' }, { kind: 'carrier-gateway', id: 'cagw-1' }],
    [{ CoreNetworkArn: 'arn:core' }, { kind: 'core-network', id: 'arn:core' }],
    [{ OdbNetworkArn: 'arn:odb' }, { kind: 'odb-network', id: 'arn:odb' }],
    [{}, { kind: 'unknown', id: '' }],
    [
      { InstanceId: '', NetworkInterfaceId: '' },
      { kind: 'unknown', id: '' },
    ],
  ])('%j is %j', (route, target) => {
    expect(observe(route)?.target).toEqual(target);
  });

  it('keeps interface and instance beside the target', () => {
    expect(observe({ NetworkInterfaceId: 'eni-1', InstanceId: 'i-1' })).toMatchObject({
      interfaceId: 'eni-1',
      instanceId: 'i-1',
    });
    expect(observe({ NatGatewayId: 'nat-1' })).toMatchObject({
      interfaceId: undefined,
      instanceId: undefined,
    });
  });
});

describe('what else a route says', () => {
  it.each<[Partial<Route>, Destination]>([
    [{ DestinationCidrBlock: '100.68.0.18/18' }, { kind: 'ipv4', cidr: '100.68.0.0/18' }],
    [
      { DestinationCidrBlock: undefined, DestinationIpv6CidrBlock: '2001:DB8:0:0::1/64' },
      { kind: 'ipv6', cidr: '2001:db8::/64' },
    ],
    [
      { DestinationCidrBlock: undefined, DestinationPrefixListId: 'pl-1' },
      { kind: 'prefix-list', id: 'pl-1' },
    ],
  ])('reads the destination of %j', (route, destination) => {
    expect(observe(route)?.destination).toEqual(destination);
  });

  it('leaves out a route whose destination is of no kind that we know', () => {
    expect(observe({ DestinationCidrBlock: undefined, GatewayId: 'igw-1' })).toBeUndefined();
  });

  it.each([
    ['CreateRouteTable', 'igw-1', 'CreateRouteTable'],
    ['EnableVgwRoutePropagation', 'vgw-1', 'EnableVgwRoutePropagation'],
    ['Advertisement', 'igw-1', 'Advertisement'],
    [undefined, 'igw-1', 'CreateRoute'],
    [undefined, 'local', 'CreateRouteTable'],
    ['SomethingNew', 'igw-1', 'CreateRouteTable'],
  ])('reads origin %s of a route to %s as %s', (Origin, GatewayId, expected) => {
    expect(observe({ Origin: Origin as Route['Origin'], GatewayId })?.origin).toBe(expected);
  });

  it.each([
    ['active', 'active'],
    ['blackhole', 'blackhole'],
    ['filtered', 'filtered'],
    [undefined, 'active'],
    ['something-new', 'active'],
  ])('reads state %s as %s', (State, expected) => {
    expect(observe({ State: State as Route['State'] })?.state).toBe(expected);
  });
});

describe('a table', () => {
  it('is read whole', () => {
    const answered = {
      RouteTableId: 'rtb-1',
      VpcId: 'vpc-1',
      OwnerId: '123456789012',
      Tags: [{ Key: 'az', Value: 'a' }, { Key: '__proto__', Value: 'x' }, { Key: 'empty' }],
      Associations: [{ Main: true }, { SubnetId: 'subnet-1' }, { GatewayId: 'igw-1' }],
      Routes: [
        { DestinationCidrBlock: '10.0.0.0/16', GatewayId: 'local', Origin: 'CreateRouteTable' as const },
        {},
      ],
    };
    const table = observedTable(answered, { roleArn: 'arn:role', readAtMs: 7 });
    expect(table).toMatchObject({
      id: 'rtb-1',
      vpcId: 'vpc-1',
      ownerId: '123456789012',
      isMain: true,
      subnetIds: ['subnet-1'],
      roleArn: 'arn:role',
      readAtMs: 7,
    });
    expect(Object.entries(table?.tags ?? {})).toEqual([
      ['az', 'a'],
      ['__proto__', 'x'],
      ['empty', ''],
    ]);
    expect(table?.routes.map((route) => route.target.kind)).toEqual(['local']);
  });

  it('without an id is none', () => {
    expect(observedTable({ VpcId: 'vpc-1' }, { roleArn: undefined, readAtMs: 0 })).toBeUndefined();
  });
});

function action(part: Partial<RouteAction>): RouteAction {
  return {
    kind: 'replace',
    key: 'rtb-1 10.9.0.0/16',
    tableId: 'rtb-1',
    roleArn: undefined,
    destination: IPV4,
    from: undefined,
    to: { kind: 'network-interface', id: 'eni-1' },
    reason: 'owner',
    ...part,
  };
}

describe('the call for an action', () => {
  it.each<[RouteTarget['kind'], string]>([
    ['network-interface', 'NetworkInterfaceId'],
    ['instance', 'InstanceId'],
    ['nat-gateway', 'NatGatewayId'],
    ['gateway', 'GatewayId'],
    ['transit-gateway', 'TransitGatewayId'],
    ['vpc-endpoint', 'VpcEndpointId'],
    ['vpc-peering-connection', 'VpcPeeringConnectionId'],
    ['egress-only-internet-gateway', 'EgressOnlyInternetGatewayId'],
    ['local-gateway', 'LocalGatewayId'],
    ['carrier-gateway', 'CarrierGatewayId'],
    ['core-network', 'CoreNetworkArn'],
    ['odb-network', 'OdbNetworkArn'],
  ])('to %s gives %s', (kind, field) => {
    const input = { RouteTableId: 'rtb-1', DestinationCidrBlock: '10.9.0.0/16', [field]: 'id' };
    const to = { kind, id: 'id' };
    expect(routeMutation(action({ kind: 'create', to }))).toEqual({ api: 'CreateRoute', input });
    expect(routeMutation(action({ kind: 'replace', to }))).toEqual({ api: 'ReplaceRoute', input });
  });

  it.each<[Destination, object]>([
    [IPV4, { DestinationCidrBlock: '10.9.0.0/16' }],
    [{ kind: 'ipv6', cidr: '2001:db8::/64' }, { DestinationIpv6CidrBlock: '2001:db8::/64' }],
    [{ kind: 'prefix-list', id: 'pl-1' }, { DestinationPrefixListId: 'pl-1' }],
  ])('that deletes %j names nothing but table and destination', (destination, where) => {
    expect(routeMutation(action({ kind: 'delete', destination, to: undefined }))).toEqual({
      api: 'DeleteRoute',
      input: { RouteTableId: 'rtb-1', ...where },
    });
  });

  it('can put `local` back, but not create it', () => {
    const to = { kind: 'local', id: 'local' } as const;
    expect(routeMutation(action({ to }))).toMatchObject({
      api: 'ReplaceRoute',
      input: { LocalTarget: true },
    });
    expect(routeMutation(action({ kind: 'create', to }))).toBeUndefined();
  });

  it.each([undefined, { kind: 'unknown', id: '' } as const])('cannot point at %j', (to) => {
    expect(routeMutation(action({ to }))).toBeUndefined();
    expect(routeMutation(action({ kind: 'create', to }))).toBeUndefined();
  });
});

describe('the text of a destination', () => {
  it.each([
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['192.168.1.1/32', '192.168.1.1/32'],
    ['192.168.1.77/24', '192.168.1.0/24'],
    ['not a cidr', 'not a cidr'],
  ])('%s is read as %s', (text, cidr) => {
    expect(observe({ DestinationCidrBlock: text })?.destination).toEqual({ kind: 'ipv4', cidr });
  });

  it.each([
    ['::/0', '::/0'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001/128', '2001:db8::1/128'],
    ['2600:1F14:0:ffff::/56', '2600:1f14:0:ff00::/56'],
    ['2001:db8:0:1:1:1:1:1/128', '2001:db8:0:1:1:1:1:1/128'],
  ])('%s is read as %s', (text, cidr) => {
    const route = { DestinationCidrBlock: undefined, DestinationIpv6CidrBlock: text };
    expect(observe(route)?.destination).toEqual({ kind: 'ipv6', cidr });
  });
});
