import { CreateRouteCommand, DescribeRouteTablesCommand } from '@aws-sdk/client-ec2';
import { expect } from 'vitest';
import type { Destination, RouteTarget } from '../../src/core/index.ts';
import {
  type Connected,
  type ContractCase,
  change,
  type GatewayKind,
  mustChange,
  readRoute,
  refusalOf,
  toInterface,
} from './world.ts';

const GATEWAY_KINDS: readonly GatewayKind[] = [
  'gateway',
  'nat-gateway',
  'transit-gateway',
  'vpc-peering-connection',
  'egress-only-internet-gateway',
  'vpc-endpoint',
  'carrier-gateway',
];

const FAMILIES = ['ipv4', 'ipv6', 'prefix-list'] as const;

function destinationOf(world: Connected, family: (typeof FAMILIES)[number]): Destination {
  return family === 'prefix-list' ? { kind: family, id: world.prefixListId } : world.fresh(family);
}

function gatewayTarget(world: Connected, kind: GatewayKind): { to: RouteTarget; destination: Destination } {
  const family = kind === 'egress-only-internet-gateway' ? 'ipv6' : 'ipv4';
  return { to: { kind, id: world.gateways[kind] }, destination: world.fresh(family) };
}

const targetCases = GATEWAY_KINDS.flatMap((kind): ContractCase[] => [
  {
    key: `create-${kind}`,
    title: `a route to a ${kind} is created and read back`,
    async run(world) {
      const { to, destination } = gatewayTarget(world, kind);
      await mustChange(world, 'create', { destination, to });
      expect(await readRoute(world, destination)).toMatchObject({
        target: to,
        origin: 'CreateRoute',
        state: 'active',
        instanceId: undefined,
        interfaceId: undefined,
      });
    },
  },
  {
    key: `replace-${kind}`,
    title: `a route is pointed from an interface to a ${kind} and back`,
    async run(world) {
      const { to, destination } = gatewayTarget(world, kind);
      await mustChange(world, 'create', { destination, to: toInterface(world.interfaces.a) });
      await mustChange(world, 'replace', { destination, to });
      expect((await readRoute(world, destination))?.target).toEqual(to);
      await mustChange(world, 'replace', { destination, to: toInterface(world.interfaces.b) });
      expect((await readRoute(world, destination))?.target).toEqual(toInterface(world.interfaces.b));
    },
  },
]);

/**
 * Each kind of case has a table of its own: what a faulty one leaves behind does not reach the others, also not where
 * there is only one destination, as with the prefix list.
 */
const tableOf = (world: Connected, index: number) => ({ tableId: world.tables.others[index] ?? '' });

const familyCases = FAMILIES.flatMap((family): ContractCase[] => [
  {
    key: `lifecycle-${family}`,
    title: `a route by ${family} to an interface is created, moved and deleted`,
    async run(world) {
      const at = { ...tableOf(world, 0), destination: destinationOf(world, family) };
      await mustChange(world, 'create', { ...at, to: toInterface(world.interfaces.a) });
      expect(await readRoute(world, at.destination, at.tableId)).toMatchObject({
        destination: at.destination,
        target: toInterface(world.interfaces.a),
      });
      await mustChange(world, 'replace', { ...at, to: toInterface(world.interfaces.b) });
      const moved = await readRoute(world, at.destination, at.tableId);
      expect(moved?.target).toEqual(toInterface(world.interfaces.b));
      await mustChange(world, 'delete', at);
      expect(await readRoute(world, at.destination, at.tableId)).toBeUndefined();
    },
  },
  {
    key: `duplicate-${family}`,
    title: `a route by ${family} that exists is not created again`,
    async run(world) {
      const at = { ...tableOf(world, 1), destination: destinationOf(world, family) };
      await mustChange(world, 'create', { ...at, to: toInterface(world.interfaces.a) });
      const result = await change(world, 'create', { ...at, to: toInterface(world.interfaces.b) });
      expect(result).toMatchObject({
        ok: false,
        failure: { kind: 'already-exists', code: 'RouteAlreadyExists' },
      });
      const kept = await readRoute(world, at.destination, at.tableId);
      expect(kept?.target).toEqual(toInterface(world.interfaces.a));
    },
  },
  {
    key: `replace-missing-${family}`,
    title: `a route by ${family} that does not exist is not replaced`,
    async run(world) {
      const at = { ...tableOf(world, 2), destination: destinationOf(world, family) };
      const result = await change(world, 'replace', { ...at, to: toInterface(world.interfaces.a) });
      expect(result).toMatchObject({ ok: false, failure: { kind: 'route-missing' } });
    },
  },
  {
    key: `delete-missing-${family}`,
    title: `a route by ${family} that does not exist is not deleted`,
    async run(world) {
      const at = { ...tableOf(world, 2), destination: destinationOf(world, family) };
      const result = await change(world, 'delete', at);
      expect(result).toMatchObject({
        ok: false,
        failure: { kind: 'route-missing', code: 'InvalidRoute.NotFound' },
      });
    },
  },
]);

/** The destinations in table `b` as EC2 itself writes them. */
async function storedDestinations(world: Connected, prefix: string): Promise<readonly string[]> {
  const command = new DescribeRouteTablesCommand({ RouteTableIds: [world.tables.b] });
  const [table] = (await world.sdk.send(command)).RouteTables ?? [];
  return (table?.Routes ?? [])
    .map((route) => route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock ?? '')
    .filter((cidr) => cidr.startsWith(prefix));
}

const otherCases: readonly ContractCase[] = [
  {
    key: 'duplicate-gateway',
    title: 'a route that exists is not created again for a gateway',
    async run(world) {
      const destination = world.fresh('ipv4');
      const to = { kind: 'gateway', id: world.gateways.gateway } as const;
      await mustChange(world, 'create', { destination, to });
      const result = await change(world, 'create', { destination, to });
      expect(result).toMatchObject({ ok: false, failure: { kind: 'already-exists' } });
    },
  },
  {
    key: 'canonical-ipv4',
    title: 'an IPv4 destination is stored without its host bits',
    async run(world) {
      const input = { RouteTableId: world.tables.b, NetworkInterfaceId: world.interfaces.a };
      await world.sdk.send(new CreateRouteCommand({ ...input, DestinationCidrBlock: '100.68.0.18/18' }));
      expect(await storedDestinations(world, '100.68.')).toEqual(['100.68.0.0/18']);
      const destination = { kind: 'ipv4', cidr: '100.68.0.0/18' } as const;
      await mustChange(world, 'delete', { destination, tableId: world.tables.b });
    },
  },
  {
    key: 'canonical-ipv6',
    title: 'an IPv6 destination is stored without its host bits, in its short form',
    async run(world) {
      const input = { RouteTableId: world.tables.b, NetworkInterfaceId: world.interfaces.a };
      const DestinationIpv6CidrBlock = '2001:DB8:00AA:0::1/64';
      await world.sdk.send(new CreateRouteCommand({ ...input, DestinationIpv6CidrBlock }));
      expect(await storedDestinations(world, '2001:')).toEqual(['2001:db8:aa::/64']);
      const destination = { kind: 'ipv6', cidr: '2001:db8:aa::/64' } as const;
      await mustChange(world, 'delete', { destination, tableId: world.tables.b });
    },
  },
  {
    key: 'local-not-deleted',
    title: 'the local route cannot be deleted',
    async run(world) {
      const at = { ...tableOf(world, 3), destination: { kind: 'ipv4', cidr: world.vpcCidr } } as const;
      expect(await change(world, 'delete', at)).toMatchObject({ ok: false, failure: { kind: 'invalid' } });
      expect((await readRoute(world, at.destination, at.tableId))?.target.kind).toBe('local');
    },
  },
  {
    key: 'local-replaced',
    title: 'the local route can be pointed at an interface and back',
    async run(world) {
      const at = { ...tableOf(world, 4), destination: { kind: 'ipv4', cidr: world.vpcCidr } } as const;
      await mustChange(world, 'replace', { ...at, to: toInterface(world.interfaces.a) });
      const moved = await readRoute(world, at.destination, at.tableId);
      expect(moved?.target).toEqual(toInterface(world.interfaces.a));
      await mustChange(world, 'replace', { ...at, to: { kind: 'local', id: 'local' } });
      expect(await readRoute(world, at.destination, at.tableId)).toMatchObject({
        target: { kind: 'local' },
        origin: 'CreateRouteTable',
      });
    },
  },
  {
    key: 'dry-run',
    title: 'a dry run is refused as such, and changes nothing',
    async run(world) {
      const destination = world.fresh('ipv4');
      const DestinationCidrBlock = destination.kind === 'ipv4' ? destination.cidr : '';
      const input = {
        RouteTableId: world.tables.a,
        DestinationCidrBlock,
        NetworkInterfaceId: world.interfaces.a,
        DryRun: true,
      };
      const refused = await refusalOf(world.sdk.send(new CreateRouteCommand(input)));
      expect(refused).toBe('DryRunOperation 412');
      expect(await readRoute(world, destination)).toBeUndefined();
    },
  },
];

/** Creating, moving and deleting routes. */
export const ROUTE_CASES: readonly ContractCase[] = [...familyCases, ...targetCases, ...otherCases];
