import { DescribeRouteTablesCommand } from '@aws-sdk/client-ec2';
import { expect } from 'vitest';
import { type ContractCase, mustChange, readRoute, toInterface } from './world.ts';

/** Who a route points to, as its table tells. */
export const HOLDER_CASES: readonly ContractCase[] = [
  {
    key: 'fill-instance',
    title: 'a route to an interface shows the instance behind it',
    async run(world) {
      const destination = world.fresh('ipv4');
      await mustChange(world, 'create', { destination, to: toInterface(world.interfaces.a) });
      const route = await readRoute(world, destination);
      expect(route?.interfaceId).toBe(world.interfaces.a);
      expect(route?.instanceId).toBe(world.instances.a);
    },
  },
  {
    key: 'fill-interface',
    title: 'a route to an instance shows the interface that stands for it',
    async run(world) {
      const destination = world.fresh('ipv4');
      await mustChange(world, 'create', { destination, to: { kind: 'instance', id: world.instances.a } });
      const route = await readRoute(world, destination);
      expect(route?.target).toEqual(toInterface(world.interfaces.a));
      expect(route?.instanceId).toBe(world.instances.a);
    },
  },
  {
    key: 'fill-owner',
    title: 'a route to an interface shows whose instance it is',
    async run(world) {
      const destination = world.fresh('ipv4');
      await mustChange(world, 'create', {
        destination,
        to: toInterface(world.interfaces.a),
        tableId: world.tables.b,
      });
      const command = new DescribeRouteTablesCommand({ RouteTableIds: [world.tables.b] });
      const [table] = (await world.sdk.send(command)).RouteTables ?? [];
      const route = table?.Routes?.find(
        ({ NetworkInterfaceId }) => NetworkInterfaceId === world.interfaces.a,
      );
      expect(route?.InstanceOwnerId).toBe(world.accountId);
    },
  },
  {
    key: 'blackhole-stop',
    title: 'a route is a blackhole while its instance is stopped',
    async run(world) {
      const destination = world.fresh('ipv4');
      await mustChange(world, 'create', { destination, to: toInterface(world.interfaces.b) });
      await world.stop(world.instances.b);
      try {
        const stopped = await readRoute(world, destination);
        expect(stopped?.state).toBe('blackhole');
      } finally {
        await world.start(world.instances.b);
      }
      expect((await readRoute(world, destination))?.state).toBe('active');
    },
  },
  {
    key: 'blackhole-loose',
    title: 'a route to an interface that is attached to nothing is a blackhole',
    async run(world) {
      const destination = world.fresh('ipv4');
      await mustChange(world, 'create', { destination, to: toInterface(world.interfaces.loose) });
      expect((await readRoute(world, destination))?.state).toBe('blackhole');
    },
  },
];
