import {
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  ModifyInstanceAttributeCommand,
} from '@aws-sdk/client-ec2';
import { expect, vi } from 'vitest';
import {
  describeInstanceStatus,
  describeInterfaces,
  disableSourceDestCheck,
  type InterfaceQuery,
} from '../../src/aws/index.ts';
import {
  type Connected,
  type ContractCase,
  GONE,
  mustChange,
  readRoute,
  refusalOf,
  signal,
  toInterface,
} from './world.ts';

const WITHIN = { timeout: 10_000, interval: 20 };

const checksOf = async (world: Connected, interfaceId: string, instanceId: string) => {
  const byInstance = await world.sdk.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
  const [eni] = (await readInterfaces(world, 'interface', [interfaceId])) ?? [];
  return {
    ofInterface: eni?.sourceDestCheck,
    ofInstance: byInstance.Reservations?.[0]?.Instances?.[0]?.SourceDestCheck,
  };
};

async function readInterfaces(world: Connected, by: InterfaceQuery['by'], ids: readonly string[]) {
  const result = await describeInterfaces(world.ec2, { by, ids, roleArn: undefined }, signal);
  if (!result.ok) throw new Error(`describe failed: ${result.failure.code} ${result.failure.message}`);
  return result.interfaces;
}

async function healthOf(world: Connected, ids: readonly string[]) {
  const result = await describeInstanceStatus(world.ec2, { ids, roleArn: undefined }, signal);
  if (!result.ok) throw new Error(`describe failed: ${result.failure.code} ${result.failure.message}`);
  return Object.fromEntries(result.statuses);
}

/** What EC2 says of instances and their interfaces. */
export const INSTANCE_CASES: readonly ContractCase[] = [
  {
    key: 'interface-facts',
    title: 'interfaces are read by id, beside one that is gone',
    async run(world) {
      const [eni, ...others] = await readInterfaces(world, 'interface', [GONE.eni, world.interfaces.b]);
      expect(others).toEqual([]);
      expect(eni).toMatchObject({
        id: world.interfaces.b,
        instanceId: world.instances.b,
        deviceIndex: 0,
        primaryAddress: expect.stringMatching(/^10\./),
        subnetId: world.subnets.b,
        vpcId: world.vpcId,
        ownerId: world.accountId,
        availabilityZone: expect.stringMatching(/b$/),
        status: 'in-use',
      });
    },
  },
  {
    key: 'interfaces-by-instance',
    title: 'interfaces are read by instance, all of them',
    async run(world) {
      const found = await readInterfaces(world, 'instance', [world.instances.multi, GONE.instance]);
      expect(found.map(({ deviceIndex }) => deviceIndex).sort()).toEqual([0, 1]);
      expect(found.map(({ id }) => id)).toContain(world.interfaces.multi);
    },
  },
  {
    key: 'interface-ids-missing',
    title: 'one id that does not exist fails a read of interfaces by ids',
    async run(world) {
      const command = new DescribeNetworkInterfacesCommand({
        NetworkInterfaceIds: [world.interfaces.a, GONE.eni],
      });
      expect(await refusalOf(world.sdk.send(command))).toBe('InvalidNetworkInterfaceID.NotFound 400');
    },
  },
  {
    key: 'source-dest-check',
    title: 'source/dest check is switched off at an interface, and reads so at its instance',
    async run(world) {
      const { a: interfaceId } = world.interfaces;
      const on = await checksOf(world, interfaceId, world.instances.a);
      expect(on).toEqual({ ofInterface: true, ofInstance: true });
      expect(await disableSourceDestCheck(world.ec2, { interfaceId, roleArn: undefined }, signal)).toEqual({
        ok: true,
      });
      expect((await checksOf(world, interfaceId, world.instances.a)).ofInterface).toBe(false);
      expect((await checksOf(world, interfaceId, world.instances.a)).ofInstance).toBe(false);
    },
  },
  {
    key: 'source-dest-check-instance',
    title: 'source/dest check that is switched at an instance reads so at its interface',
    async run(world) {
      const set = (Value: boolean) => ({ InstanceId: world.instances.doomed, SourceDestCheck: { Value } });
      await world.sdk.send(new ModifyInstanceAttributeCommand(set(false)));
      expect((await checksOf(world, world.interfaces.doomed, world.instances.doomed)).ofInterface).toBe(
        false,
      );
      await world.sdk.send(new ModifyInstanceAttributeCommand(set(true)));
      expect((await checksOf(world, world.interfaces.doomed, world.instances.doomed)).ofInterface).toBe(true);
    },
  },
  {
    key: 'source-dest-check-missing',
    title: 'source/dest check of an interface that is gone cannot be switched',
    async run(world) {
      const target = { interfaceId: GONE.eni, roleArn: undefined };
      expect(await disableSourceDestCheck(world.ec2, target, signal)).toMatchObject({
        ok: false,
        failure: { kind: 'target-missing' },
      });
    },
  },
  {
    key: 'status',
    title: 'the status of running, stopped and unknown instances is read in one go',
    async run(world) {
      const { a, b } = world.instances;
      await world.stop(b);
      try {
        await vi.waitFor(
          async () =>
            expect(await healthOf(world, [a, b, GONE.instance])).toEqual({
              [a]: 'ok',
              [b]: 'not-running',
              [GONE.instance]: 'unknown',
            }),
          WITHIN,
        );
      } finally {
        await world.start(b);
      }
      await vi.waitFor(async () => expect(await healthOf(world, [b])).toEqual({ [b]: 'ok' }), WITHIN);
    },
  },
  {
    key: 'status-missing',
    title: 'one id that does not exist fails a read of statuses',
    async run(world) {
      const InstanceIds = [world.instances.a, GONE.instance];
      const refused = await refusalOf(world.sdk.send(new DescribeInstanceStatusCommand({ InstanceIds })));
      expect(refused).toBe('InvalidInstanceID.NotFound 400');
    },
  },
  {
    key: 'status-ids-and-pages',
    title: 'statuses cannot be read by ids and in pages at once',
    async run(world) {
      const input = { InstanceIds: [world.instances.a], MaxResults: 100 };
      const refused = await refusalOf(world.sdk.send(new DescribeInstanceStatusCommand(input)));
      expect(refused).toBe('InvalidParameterCombination 400');
    },
  },
  {
    key: 'terminated',
    title: 'a terminated instance is not running, and a route outlives it as a blackhole',
    async run(world) {
      const { doomed } = world.instances;
      const destination = world.fresh('ipv4');
      await mustChange(world, 'create', { destination, to: toInterface(world.interfaces.doomed) });
      await world.terminate(doomed);
      const gone = { [doomed]: 'not-running' };
      await vi.waitFor(async () => expect(await healthOf(world, [doomed])).toEqual(gone), WITHIN);
      expect((await readRoute(world, destination))?.state).toBe('blackhole');
    },
  },
];
