import { describe, expect, it } from 'vitest';
import { codeOf, startWorld } from '../fixture.ts';

const VIP = '192.168.1.1/32';

describe('creating a route', () => {
  const { world } = startWorld();
  const attempt = (destination: string, target: string, tableId = 'rtb-1') =>
    codeOf(startWorld().world.createRoute({ tableId, destination, target }));

  it('drops the host bits of an IPv4 and of an IPv6 destination', () => {
    world.createRoute({ tableId: 'rtb-1', destination: '100.68.0.18/18', target: 'eni-a' });
    world.createRoute({ tableId: 'rtb-1', destination: '2001:DB8:ffff::1/48', target: 'eni-a' });
    expect(world.targetOf('rtb-1', '100.68.0.0/18')).toBe('eni-a');
    expect(world.state().routeTables.get('rtb-1')?.routes.at(-1)?.destination.key).toBe('2001:db8:ffff::/48');
  });

  it('stores the interface of an instance that has one', () => {
    expect(codeOf(world.createRoute({ tableId: 'rtb-1', destination: VIP, target: 'i-a' }))).toBe('ok');
    expect(world.targetOf('rtb-1', VIP)).toBe('eni-a');
  });

  it('refuses the same destination twice, also written with other host bits', () => {
    const again = world.createRoute({ tableId: 'rtb-1', destination: '100.68.1.1/18', target: 'eni-b' });
    expect(again).toEqual({
      ok: false,
      error: {
        code: 'RouteAlreadyExists',
        message: 'The route identified by 100.68.0.0/18 already exists.',
        httpStatus: 400,
      },
    });
    expect(world.targetOf('rtb-1', '100.68.0.0/18')).toBe('eni-a');
  });

  it.each([
    ['a second interface on the instance', VIP, 'i-two', 'InvalidInstanceID'],
    ['an unknown instance', VIP, 'i-none', 'InvalidInstanceID.NotFound'],
    ['an unknown interface', VIP, 'eni-none', 'InvalidNetworkInterfaceID.NotFound'],
    ['an unknown gateway', VIP, 'igw-none', 'InvalidGatewayID.NotFound'],
    ['an unknown NAT gateway', VIP, 'nat-none', 'InvalidNatGatewayID.NotFound'],
    ['an unknown transit gateway', VIP, 'tgw-none', 'InvalidTransitGatewayID.NotFound'],
    ['an unknown peering', VIP, 'pcx-none', 'InvalidVpcPeeringConnectionID.NotFound'],
    ['an unknown endpoint', VIP, 'vpce-none', 'InvalidVpcEndpointId.NotFound'],
    ['an interface of another VPC', VIP, 'eni-other', 'InvalidParameterValue'],
    ['an unknown prefix list', 'pl-none', 'eni-a', 'InvalidPrefixListID.NotFound'],
    ['the local destination', '10.0.0.0/16', 'eni-a', 'RouteAlreadyExists'],
    ['a destination inside the VPC that is no subnet', '10.0.1.128/25', 'eni-a', 'InvalidParameterValue'],
    ['a gateway for a subnet of the VPC', '10.0.1.0/24', 'igw-1', 'InvalidParameterValue'],
    ['the reserved IPv4 range', '169.254.169.254/32', 'eni-a', 'InvalidParameterValue'],
    ['the reserved IPv6 range', 'fd00:ec2::254/128', 'eni-a', 'InvalidParameterValue'],
    ['a local target', VIP, 'local', 'InvalidParameterValue'],
    ['an egress-only gateway for IPv4', VIP, 'eigw-1', 'InvalidParameterValue'],
    ['what is not a CIDR', '192.168.1.1', 'eni-a', 'InvalidParameterValue'],
    ['an impossible length', '192.168.1.1/33', 'eni-a', 'InvalidParameterValue'],
  ])('refuses %s', (_, destination, target, code) => {
    expect(attempt(destination, target)).toBe(code);
  });

  it.each([
    ['a whole subnet of the VPC', '10.0.1.0/24', 'eni-a'],
    ['everything', '0.0.0.0/0', 'nat-1'],
    ['everything in IPv6', '::/0', 'eigw-1'],
    ['a prefix list', 'pl-1', 'eni-a'],
    ['a VPC endpoint', VIP, 'vpce-1'],
    ['a core network', VIP, 'arn:aws:networkmanager::123456789012:core-network/core-network-1'],
    ['an ODB network', VIP, 'arn:aws:odb:eu-west-1:123456789012:odb-network/odbnet-1'],
    ['a local gateway', VIP, 'lgw-1'],
    ['a carrier gateway', VIP, 'cagw-1'],
    ['an interface that is attached to nothing', VIP, 'eni-loose'],
  ])('takes %s', (_, destination, target) => {
    expect(attempt(destination, target)).toBe('ok');
  });

  it('refuses an unknown table, and leaves a record of it', () => {
    const { world } = startWorld();
    expect(codeOf(world.createRoute({ tableId: 'rtb-none', destination: VIP, target: 'eni-a' }))).toBe(
      'InvalidRouteTableID.NotFound',
    );
    expect(world.journal().at(-1)).toMatchObject({
      tableId: 'rtb-none',
      result: 'InvalidRouteTableID.NotFound',
    });
  });

  it.each([
    ['a whole subnet to an interface', '10.0.1.0/24', 'eni-a', 'ok'],
    ['a subnet to a NAT gateway', '10.0.1.0/24', 'nat-1', 'InvalidParameterValue'],
    ['what is outside the VPC', VIP, 'eni-a', 'InvalidParameterValue'],
    ['a prefix list', 'pl-1', 'eni-a', 'InvalidParameterValue'],
  ])('in the table of a gateway: %s', (_, destination, target, code) => {
    const { world } = startWorld({ routeTables: [{ id: 'rtb-1', vpc: 'vpc-1', gateways: ['igw-1'] }] });
    expect(codeOf(world.createRoute({ tableId: 'rtb-1', destination, target }))).toBe(code);
  });

  it('counts static routes per address family against the quota, and a prefix list for all its entries', () => {
    const { world } = startWorld({ routeQuota: 4 });
    const create = (destination: string) =>
      codeOf(world.createRoute({ tableId: 'rtb-1', destination, target: 'eni-a' }));
    expect(create('pl-1')).toBe('ok');
    expect(create(VIP)).toBe('RouteLimitExceeded');
    expect(create('2001:db9::/64')).toBe('ok');
  });
});

describe('replacing a route', () => {
  it('moves it, and the journal says from where to where', () => {
    const { world, clock } = startWorld();
    world.createRoute({ tableId: 'rtb-1', destination: VIP, target: 'eni-a' });
    clock.advance(5);
    const moved = world.replaceRoute({
      tableId: 'rtb-1',
      destination: VIP,
      target: 'i-b',
      accessKeyId: 'AKIAB',
    });
    expect(codeOf(moved)).toBe('ok');
    expect(world.journal().at(-1)).toEqual({
      seq: 2,
      atMs: 5,
      wallMs: clock.wallNow(),
      accessKeyId: 'AKIAB',
      action: 'ReplaceRoute',
      tableId: 'rtb-1',
      destination: VIP,
      instanceId: undefined,
      from: 'eni-a',
      to: 'eni-b',
      result: 'ok',
    });
  });

  it.each([
    'InvalidParameterValue',
    'InvalidRoute.NotFound',
  ] as const)('answers %s for a missing route where the scenario says so', (missingRouteCode) => {
    const { world } = startWorld({ missingRouteCode });
    expect(world.replaceRoute({ tableId: 'rtb-1', destination: VIP, target: 'eni-a' })).toMatchObject({
      error: {
        code: missingRouteCode,
        message: `There is no route defined for '${VIP}' in the route table. Use CreateRoute instead.`,
      },
    });
  });

  it('points the local route at an interface and back', () => {
    const { world } = startWorld();
    const replace = (target: string) =>
      codeOf(world.replaceRoute({ tableId: 'rtb-1', destination: '10.0.0.0/16', target }));
    expect([replace('eni-a'), world.targetOf('rtb-1', '10.0.0.0/16')]).toEqual(['ok', 'eni-a']);
    expect([replace('local'), world.targetOf('rtb-1', '10.0.0.0/16')]).toEqual(['ok', 'local']);
  });

  it('gives no other route a local target', () => {
    const { world } = startWorld();
    world.createRoute({ tableId: 'rtb-1', destination: VIP, target: 'eni-a' });
    expect(codeOf(world.replaceRoute({ tableId: 'rtb-1', destination: VIP, target: 'local' }))).toBe(
      'InvalidParameterValue',
    );
  });
});

describe('deleting a route', () => {
  it('takes the static route away and leaves the propagated one of the same destination', () => {
    const { world } = startWorld({
      routeTables: [
        {
          id: 'rtb-1',
          vpc: 'vpc-1',
          routes: [
            { destination: VIP, target: 'vgw-1', origin: 'EnableVgwRoutePropagation' },
            { destination: VIP, target: 'eni-a' },
          ],
        },
      ],
    });
    expect(codeOf(world.deleteRoute({ tableId: 'rtb-1', destination: VIP }))).toBe('ok');
    expect(
      world
        .state()
        .routeTables.get('rtb-1')
        ?.routes.map((route) => route.origin),
    ).toEqual(['CreateRouteTable', 'CreateRouteTable', 'EnableVgwRoutePropagation']);
    expect(codeOf(world.deleteRoute({ tableId: 'rtb-1', destination: VIP }))).toBe('InvalidRoute.NotFound');
    expect(codeOf(world.createRoute({ tableId: 'rtb-1', destination: VIP, target: 'eni-b' }))).toBe('ok');
  });

  it('refuses a local route', () => {
    const { world } = startWorld();
    expect(codeOf(world.deleteRoute({ tableId: 'rtb-1', destination: '10.0.0.0/16' }))).toBe(
      'InvalidParameterValue',
    );
    expect(world.targetOf('rtb-1', '10.0.0.0/16')).toBe('local');
  });
});

describe('who may change a table', () => {
  it('is its owner alone', () => {
    const { world } = startWorld();
    const key = world.issueKey('222222222222', 'arn:aws:iam::222222222222:role/routes');
    const create = (accessKeyId: string) =>
      codeOf(world.createRoute({ tableId: 'rtb-foreign', destination: VIP, target: 'eni-a', accessKeyId }));
    expect(create('AKIAANYONE')).toBe('UnauthorizedOperation');
    expect(create(key)).toBe('ok');
  });

  it('is told apart by a dry run, which changes nothing and leaves no record', () => {
    const { world } = startWorld();
    const dry = (tableId: string) =>
      codeOf(world.createRoute({ tableId, destination: VIP, target: 'eni-a', dryRun: true }));
    expect(dry('rtb-1')).toBe('DryRunOperation');
    expect(dry('rtb-foreign')).toBe('UnauthorizedOperation');
    expect(world.targetOf('rtb-1', VIP)).toBeUndefined();
    expect(world.journal().map((entry) => entry.result)).toEqual(['UnauthorizedOperation']);
  });
});

describe('the journal', () => {
  it('keeps the target that a refused change left in place', () => {
    const { world } = startWorld();
    world.createRoute({ tableId: 'rtb-1', destination: VIP, target: 'eni-a' });
    world.createRoute({ tableId: 'rtb-1', destination: VIP, target: 'eni-b' });
    expect(world.journal(1)).toMatchObject([
      { seq: 2, from: 'eni-a', to: 'eni-a', result: 'RouteAlreadyExists' },
    ]);
  });
});
