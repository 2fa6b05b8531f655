import {
  DescribeInstanceAttributeCommand,
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  ModifyInstanceAttributeCommand,
  ModifyNetworkInterfaceAttributeCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connected, refusal, startEc2 } from './ec2-fixture.ts';

let connected: Connected;

beforeAll(async () => {
  connected = await startEc2();
});

afterAll(() => connected.close());

describe('instances and interfaces', () => {
  it('are found by filters and ids, with their addresses', async () => {
    const find = async (Name: string, value: string) => {
      const command = new DescribeNetworkInterfacesCommand({ Filters: [{ Name, Values: [value] }] });
      return ((await connected.ec2.send(command)).NetworkInterfaces ?? []).map(
        (eni) => eni.NetworkInterfaceId,
      );
    };
    expect(await find('attachment.instance-id', 'i-two')).toEqual(['eni-two0', 'eni-two1']);
    expect(await find('addresses.private-ip-address', '10.0.1.99')).toEqual(['eni-two1']);
    expect(await find('private-ip-address', '10.0.1.99')).toEqual([]);
    expect(await find('subnet-id', 'subnet-2')).toEqual(['eni-b']);
    expect(await find('status', 'available')).toEqual(['eni-loose']);
    const byId = await connected.ec2.send(
      new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: ['eni-two1'] }),
    );
    expect(byId.NetworkInterfaces?.[0]).toMatchObject({
      PrivateIpAddress: '10.0.1.5',
      PrivateIpAddresses: [
        { PrivateIpAddress: '10.0.1.5', Primary: true },
        { PrivateIpAddress: '10.0.1.99', Primary: false },
      ],
      SourceDestCheck: true,
      Attachment: { InstanceId: 'i-two', DeviceIndex: 1, Status: 'attached' },
    });
    expect(
      await refusal(
        connected.ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: ['eni-none'] })),
      ),
    ).toEqual(['InvalidNetworkInterfaceID.NotFound', 400]);
  });

  it('are shown in reservations', async () => {
    const { Reservations = [] } = await connected.ec2.send(
      new DescribeInstancesCommand({ InstanceIds: ['i-a'] }),
    );
    expect(Reservations[0]?.Instances?.[0]).toMatchObject({
      InstanceId: 'i-a',
      State: { Code: 16, Name: 'running' },
      PrivateIpAddress: '10.0.1.10',
      SourceDestCheck: false,
      NetworkInterfaces: [{ NetworkInterfaceId: 'eni-a', SourceDestCheck: false }],
    });
    expect(
      await refusal(connected.ec2.send(new DescribeInstancesCommand({ InstanceIds: ['i-none'] }))),
    ).toEqual(['InvalidInstanceID.NotFound', 400]);
  });

  it('share one source/dest flag', async () => {
    const flags = async () => {
      const attribute = new DescribeInstanceAttributeCommand({
        InstanceId: 'i-b',
        Attribute: 'sourceDestCheck',
      });
      const interfaces = new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: ['eni-b'] });
      return [
        (await connected.ec2.send(attribute)).SourceDestCheck?.Value,
        (await connected.ec2.send(interfaces)).NetworkInterfaces?.[0]?.SourceDestCheck,
      ];
    };
    const dry = new ModifyInstanceAttributeCommand({
      InstanceId: 'i-b',
      SourceDestCheck: { Value: false },
      DryRun: true,
    });
    expect(await refusal(connected.ec2.send(dry))).toEqual(['DryRunOperation', 412]);
    expect(await flags()).toEqual([true, true]);
    await connected.ec2.send(
      new ModifyInstanceAttributeCommand({ InstanceId: 'i-b', SourceDestCheck: { Value: false } }),
    );
    expect(await flags()).toEqual([false, false]);
    await connected.ec2.send(
      new ModifyNetworkInterfaceAttributeCommand({
        NetworkInterfaceId: 'eni-b',
        SourceDestCheck: { Value: true },
      }),
    );
    expect(await flags()).toEqual([true, true]);
  });

  it('tell their status, the stopped ones only when asked', async () => {
    connected.sandbox.world.stop('i-b');
    connected.sandbox.world.impair('i-a');
    try {
      const read = async (all: boolean) => {
        const command = new DescribeInstanceStatusCommand({
          InstanceIds: ['i-a', 'i-b'],
          IncludeAllInstances: all,
        });
        return ((await connected.ec2.send(command)).InstanceStatuses ?? []).map((status) => [
          status.InstanceId,
          status.InstanceState?.Name,
          status.SystemStatus?.Status,
          status.InstanceStatus?.Status,
        ]);
      };
      expect(await read(false)).toEqual([['i-a', 'running', 'ok', 'impaired']]);
      expect(await read(true)).toEqual([
        ['i-a', 'running', 'ok', 'impaired'],
        ['i-b', 'stopped', 'not-applicable', 'not-applicable'],
      ]);
      const both = new DescribeInstanceStatusCommand({ InstanceIds: ['i-a'], MaxResults: 5 });
      expect(await refusal(connected.ec2.send(both))).toEqual(['InvalidParameterCombination', 400]);
    } finally {
      connected.sandbox.world.start('i-b');
      connected.sandbox.world.clear('i-a');
    }
  });
});
