import { describe, expect, it } from 'vitest';
import { buildTree, lookUp } from '../../../../src/sandbox/imds/imds-tree.ts';
import { identityOf } from '../../../../src/sandbox/imds/instance-imds.ts';
import type { ImdsSignals } from '../../../../src/sandbox/index.ts';
import { startWorld } from '../fixture.ts';

function read(path: string, signals: ImdsSignals = {}, instanceId = 'i-a'): string | undefined {
  const identity = identityOf(startWorld().world, instanceId);
  if (identity === undefined) throw new Error('no identity');
  return lookUp(buildTree(identity, signals, Date.UTC(2030, 0, 1)), path);
}

describe('the metadata of an instance', () => {
  it.each([
    ['meta-data/instance-id', 'i-a'],
    ['meta-data/local-ipv4', '10.0.1.10'],
    ['meta-data/mac', '0a:00:00:00:00:01'],
    ['meta-data/instance-life-cycle', 'on-demand'],
    ['meta-data/placement/', 'availability-zone\nregion'],
    ['meta-data/placement/availability-zone', 'eu-west-1a'],
    ['meta-data/placement/region', 'eu-west-1'],
    ['meta-data/network/interfaces/macs/', '0a:00:00:00:00:01/'],
    ['meta-data/network/interfaces/macs/0a:00:00:00:00:01/interface-id', 'eni-a'],
    ['meta-data/network/interfaces/macs/0a:00:00:00:00:01/device-number', '0'],
    ['meta-data/network/interfaces/macs/0a:00:00:00:00:01/local-ipv4s', '10.0.1.10'],
    ['meta-data/network/interfaces/macs/0a:00:00:00:00:01/ipv6s', undefined],
    ['meta-data/network/interfaces/macs/0a:00:00:00:00:01/subnet-id', 'subnet-1'],
    ['meta-data/network/interfaces/macs/0a:00:00:00:00:01/vpc-id', 'vpc-1'],
    ['meta-data/network/interfaces/macs/0a:00:00:00:00:01/owner-id', '123456789012'],
    ['meta-data/tags/instance/', 'Name'],
    ['meta-data/tags/instance/Name', 'a'],
    ['meta-data/iam/security-credentials/', 'sandbox'],
    ['meta-data/spot/instance-action', undefined],
    ['meta-data/events/recommendations/rebalance', undefined],
    ['meta-data/events/maintenance/scheduled', undefined],
    ['meta-data/autoscaling/target-lifecycle-state', undefined],
    ['meta-data/instance-id/', undefined],
    ['meta-data/instance-id/x', undefined],
    ['meta-data/constructor', undefined],
    ['user-data', undefined],
  ])('at %s is %j', (path, expected) => {
    expect(read(path)).toBe(expected);
  });

  it('lists every interface and all its addresses', () => {
    const macs = 'meta-data/network/interfaces/macs';
    expect(read(macs, {}, 'i-two')).toBe('0a:00:00:00:00:03/\n0a:00:00:00:00:04/');
    expect(read(`${macs}/0a:00:00:00:00:04/local-ipv4s`, {}, 'i-two')).toBe('10.0.1.5\n10.0.1.99');
  });

  it('gives out credentials under which the instance can be recognised', () => {
    expect(JSON.parse(read('meta-data/iam/security-credentials/sandbox') ?? '')).toMatchObject({
      Code: 'Success',
      AccessKeyId: 'ASIAA',
      Expiration: '2030-01-01T00:00:00.000Z',
    });
  });

  it('has an identity document', () => {
    expect(JSON.parse(read('dynamic/instance-identity/document') ?? '')).toMatchObject({
      accountId: '123456789012',
      region: 'eu-west-1',
      instanceId: 'i-a',
      availabilityZone: 'eu-west-1a',
      privateIp: '10.0.1.10',
    });
  });

  it('shows the signals that are set', () => {
    const time = '2026-01-01T00:00:00Z';
    const spot = { action: 'terminate', time } as const;
    expect(read('meta-data/spot/instance-action', { spot })).toBe(JSON.stringify(spot));
    expect(read('meta-data/events/recommendations/rebalance', { rebalance: { noticeTime: time } })).toBe(
      JSON.stringify({ noticeTime: time }),
    );
    expect(read('meta-data/autoscaling/target-lifecycle-state', { lifecycle: 'Terminated' })).toBe(
      'Terminated',
    );
    expect(read('meta-data/events/maintenance/scheduled', { maintenance: [] })).toBe('[]');
  });

  it('is gone while the instance is stopped', () => {
    const { world } = startWorld();
    world.stop('i-a');
    expect(identityOf(world, 'i-a')).toBeUndefined();
    world.start('i-a');
    expect(identityOf(world, 'i-a')?.instanceId).toBe('i-a');
  });
});
