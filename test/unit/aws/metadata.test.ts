import { describe, expect, it } from 'vitest';
import type { AwsFailure, Imds, ImdsResult } from '../../../src/aws/index.ts';
import { readIdentity, readSignals, readTag } from '../../../src/aws/index.ts';

const BROKEN: AwsFailure = {
  kind: 'transient',
  api: 'Imds',
  code: 'timeout',
  message: 'late',
  requestId: undefined,
};
const { signal } = new AbortController();

/** Metadata as a table of paths; `null` answers that the read failed. */
function imdsWith(items: Readonly<Record<string, string | null>>): Imds & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async get(path): Promise<ImdsResult> {
      asked.push(path);
      const value = items[path];
      return value === null ? { ok: false, failure: BROKEN } : { ok: true, value };
    },
    async close() {},
  };
}

const MACS = '/latest/meta-data/network/interfaces/macs';
const INSTANCE = {
  '/latest/dynamic/instance-identity/document': JSON.stringify({
    accountId: '123456789012',
    availabilityZone: 'eu-west-1a',
    instanceId: 'i-1',
    region: 'eu-west-1',
    privateIp: '10.0.0.4',
  }),
  '/latest/meta-data/mac': '02:00:00:00:00:01',
  '/latest/meta-data/local-ipv4': '10.0.0.4',
  [`${MACS}/`]: '02:00:00:00:00:02/\n02:00:00:00:00:01/\n',
  [`${MACS}/02:00:00:00:00:01/vpc-id`]: 'vpc-1',
  [`${MACS}/02:00:00:00:00:01/subnet-id`]: 'subnet-1',
  [`${MACS}/02:00:00:00:00:01/interface-id`]: 'eni-1',
  [`${MACS}/02:00:00:00:00:01/device-number`]: '0',
  [`${MACS}/02:00:00:00:00:02/interface-id`]: 'eni-2',
  [`${MACS}/02:00:00:00:00:02/device-number`]: '1',
};

describe('identity', () => {
  it('is put together from the document and the interfaces', async () => {
    expect(await readIdentity(imdsWith(INSTANCE), signal)).toEqual({
      ok: true,
      identity: {
        instanceId: 'i-1',
        accountId: '123456789012',
        region: 'eu-west-1',
        availabilityZone: 'eu-west-1a',
        vpcId: 'vpc-1',
        subnetId: 'subnet-1',
        localIpv4: '10.0.0.4',
        mac: '02:00:00:00:00:01',
        interfaces: [
          { id: 'eni-1', mac: '02:00:00:00:00:01', deviceNumber: 0 },
          { id: 'eni-2', mac: '02:00:00:00:00:02', deviceNumber: 1 },
        ],
      },
    });
  });

  it('has no IPv4 address on an instance with IPv6 only', async () => {
    const { '/latest/meta-data/local-ipv4': _, ...rest } = INSTANCE;
    expect(await readIdentity(imdsWith(rest), signal)).toMatchObject({
      ok: true,
      identity: { localIpv4: undefined },
    });
  });

  it('leaves out an interface that went away while it was read', async () => {
    const items = { ...INSTANCE, [`${MACS}/`]: '02:00:00:00:00:01/\n02:00:00:00:00:09/' };
    const result = await readIdentity(imdsWith(items), signal);
    expect(result.ok && result.identity.interfaces.map(({ id }) => id)).toEqual(['eni-1']);
  });

  it.each(Object.keys(INSTANCE))('fails as the read of %s does', async (path) => {
    expect(await readIdentity(imdsWith({ ...INSTANCE, [path]: null }), signal)).toEqual({
      ok: false,
      failure: BROKEN,
    });
  });

  it.each([
    ['not JSON', 'accountId'],
    ['[]', 'instanceId'],
    ['{"instanceId": 7}', 'instanceId'],
    ['{"instanceId": "i-1", "accountId": "1", "region": "r"}', 'availabilityZone'],
  ])('says what the document %s lacks', async (document) => {
    const items = { ...INSTANCE, '/latest/dynamic/instance-identity/document': document };
    expect(await readIdentity(imdsWith(items), signal)).toMatchObject({
      ok: false,
      failure: { kind: 'invalid', code: 'incomplete' },
    });
  });
});

describe('a tag', () => {
  it('is read by its key', async () => {
    const imds = imdsWith({ '/latest/meta-data/tags/instance/team:az_1': 'a' });
    expect(await readTag(imds, 'team:az_1', signal)).toEqual({ ok: true, value: 'a' });
  });

  it.each([
    'a b',
    'a/b',
    '..',
    '.',
    '',
    'ä',
    'a?b',
    'a#b',
  ])('that metadata cannot hold is not asked for: %j', async (key) => {
    const imds = imdsWith({});
    expect(await readTag(imds, key, signal)).toEqual({ ok: true, value: undefined });
    expect(imds.asked).toEqual([]);
  });
});

const SPOT = '/latest/meta-data/spot/instance-action';
const REBALANCE = '/latest/meta-data/events/recommendations/rebalance';
const LIFECYCLE = '/latest/meta-data/autoscaling/target-lifecycle-state';
const MAINTENANCE = '/latest/meta-data/events/maintenance/scheduled';

describe('signals', () => {
  it('are none where nothing is announced', async () => {
    expect(await readSignals(imdsWith({ [MAINTENANCE]: '[]' }), signal)).toEqual({
      signals: {},
      failure: undefined,
    });
  });

  it('are read as AWS documents them', async () => {
    const event = {
      NotBefore: '21 Jan 2026 09:00:43 GMT',
      Code: 'system-reboot',
      Description: 'scheduled reboot',
      EventId: 'instance-event-1',
      NotAfter: '21 Jan 2026 09:17:23 GMT',
      State: 'active',
    };
    const imds = imdsWith({
      [SPOT]: '{"action": "terminate", "time": "2026-01-18T08:22:00Z"}',
      [REBALANCE]: '{"noticeTime": "2026-01-18T08:20:00Z"}',
      [LIFECYCLE]: 'Terminated\n',
      [MAINTENANCE]: JSON.stringify([{ ...event, State: 'completed' }, event]),
    });
    expect(await readSignals(imds, signal)).toEqual({
      failure: undefined,
      signals: {
        spot: { action: 'terminate', time: '2026-01-18T08:22:00Z' },
        rebalance: { noticeTime: '2026-01-18T08:20:00Z' },
        lifecycleState: 'Terminated',
        maintenance: [
          {
            code: 'system-reboot',
            description: 'scheduled reboot',
            state: 'active',
            notBefore: '21 Jan 2026 09:00:43 GMT',
          },
        ],
      },
    });
  });

  it.each([
    [SPOT, 'oops'],
    [SPOT, '{"action": "stop"}'],
    [REBALANCE, '{}'],
    [MAINTENANCE, '{}'],
  ])('that cannot be read do not hide the others: %s %s', async (path, text) => {
    const result = await readSignals(imdsWith({ [path]: text, [LIFECYCLE]: 'Terminated' }), signal);
    expect(result).toMatchObject({
      signals: { lifecycleState: 'Terminated' },
      failure: { kind: 'invalid', code: 'unreadable' },
    });
  });

  it('are read on past one that fails', async () => {
    const result = await readSignals(imdsWith({ [SPOT]: null, [LIFECYCLE]: 'InService' }), signal);
    expect(result).toEqual({ signals: { lifecycleState: 'InService' }, failure: BROKEN });
  });
});
