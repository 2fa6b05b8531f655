import type { InstanceStatus, NetworkInterface } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { instanceHealth } from '../../../src/aws/index.ts';
import { interfaceFacts } from '../../../src/aws/interfaces.ts';
import { chunks, readPages } from '../../../src/aws/pages.ts';

describe('what EC2 says of an instance', () => {
  const row = (state: string | undefined, system: string | undefined, instance: string | undefined) =>
    ({
      InstanceState: { Name: state },
      SystemStatus: { Status: system },
      InstanceStatus: { Status: instance },
    }) as InstanceStatus;
  it.each([
    ['running', 'ok', 'ok', 'ok'],
    ['running', 'impaired', 'ok', 'impaired'],
    ['running', 'ok', 'impaired', 'impaired'],
    ['running', 'impaired', 'initializing', 'impaired'],
    ['running', 'initializing', 'initializing', 'unknown'],
    ['running', 'insufficient-data', 'ok', 'unknown'],
    ['running', 'not-applicable', 'ok', 'unknown'],
    ['running', undefined, undefined, 'unknown'],
    ['pending', 'not-applicable', 'not-applicable', 'not-running'],
    ['stopping', 'not-applicable', 'not-applicable', 'not-running'],
    ['stopped', 'not-applicable', 'not-applicable', 'not-running'],
    ['shutting-down', 'not-applicable', 'not-applicable', 'not-running'],
    ['terminated', 'not-applicable', 'not-applicable', 'not-running'],
    [undefined, 'impaired', 'impaired', 'unknown'],
  ])('%s, system %s, instance %s: %s', (state, system, instance, health) => {
    expect(instanceHealth(row(state, system, instance))).toBe(health);
  });
});

describe('what EC2 says of an interface', () => {
  const answered: NetworkInterface = {
    NetworkInterfaceId: 'eni-1',
    Attachment: { InstanceId: 'i-1', DeviceIndex: 1 },
    PrivateIpAddress: '10.0.0.4',
    Ipv6Addresses: [{ Ipv6Address: '2001:db8::4' }],
    SourceDestCheck: false,
    SubnetId: 'subnet-1',
    VpcId: 'vpc-1',
    OwnerId: '123456789012',
    AvailabilityZone: 'eu-west-1a',
    Status: 'in-use',
  };

  it('is taken over', () => {
    expect(interfaceFacts(answered)).toEqual({
      id: 'eni-1',
      instanceId: 'i-1',
      deviceIndex: 1,
      primaryAddress: '10.0.0.4',
      sourceDestCheck: false,
      subnetId: 'subnet-1',
      vpcId: 'vpc-1',
      ownerId: '123456789012',
      availabilityZone: 'eu-west-1a',
      status: 'in-use',
    });
  });

  it('has the IPv6 address where there is no IPv4', () => {
    expect(interfaceFacts({ ...answered, PrivateIpAddress: undefined })?.primaryAddress).toBe('2001:db8::4');
    const neither = { ...answered, PrivateIpAddress: undefined, Ipv6Addresses: [] };
    expect(interfaceFacts(neither)?.primaryAddress).toBeUndefined();
  });

  it('counts as checked where EC2 says nothing of the check', () => {
    expect(interfaceFacts({ ...answered, SourceDestCheck: undefined })?.sourceDestCheck).toBe(true);
  });

  it('is nothing without an id, and attached to nothing without an attachment', () => {
    expect(interfaceFacts({})).toBeUndefined();
    expect(interfaceFacts({ NetworkInterfaceId: 'eni-1' })).toMatchObject({
      instanceId: undefined,
      deviceIndex: undefined,
      status: 'unknown',
    });
  });
});

describe('pages', () => {
  const page = (items: readonly number[], nextToken: string | undefined) =>
    ({ ok: true, value: { items, nextToken } }) as const;
  const failure = { kind: 'throttled', api: 'A', code: 'c', message: 'm', requestId: undefined } as const;

  it('are read to the end, also past one that is empty', async () => {
    const answers = new Map([
      [undefined, page([1], 'a')],
      ['a', page([], 'b')],
      ['b', page([2], '')],
    ]);
    const result = await readPages('A', async (token) => answers.get(token) ?? page([], undefined));
    expect(result).toEqual({ ok: true, value: [1, 2] });
  });

  it('fail as a whole', async () => {
    const result = await readPages('A', async (token) =>
      token === undefined ? page([1], 'a') : ({ ok: false, failure } as const),
    );
    expect(result).toEqual({ ok: false, failure });
  });

  it('that go round in a circle end', async () => {
    const result = await readPages('A', async () => page([1], 'a'));
    expect(result).toMatchObject({ ok: false, failure: { kind: 'transient', code: 'pagination' } });
  });

  it('are cut to size', () => {
    expect(chunks([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
    expect(chunks([], 2)).toEqual([]);
  });
});
