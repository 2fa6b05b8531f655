import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  createEc2Client,
  createImds,
  createRouteTables,
  describeInstanceStatus,
  type Ec2Client,
  readIdentity,
  readSignals,
  readTag,
} from '../../../src/aws/index.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { type Sandbox, type Scenario, startSandbox } from '../../../src/sandbox/index.ts';

const { signal } = new AbortController();
const OTHER_ACCOUNT = '210987654321';

const SCENARIO: Scenario = {
  accountId: '123456789012',
  vpcs: [
    { id: 'vpc-0a', cidr: '10.0.0.0/16' },
    { id: 'vpc-0b', cidr: '10.1.0.0/16', owner: OTHER_ACCOUNT },
  ],
  subnets: [
    { id: 'subnet-0a', vpc: 'vpc-0a', cidr: '10.0.1.0/24', az: 'eu-west-1a' },
    { id: 'subnet-0b', vpc: 'vpc-0b', cidr: '10.1.1.0/24', az: 'eu-west-1b' },
  ],
  instances: [
    {
      id: 'i-0a',
      subnet: 'subnet-0a',
      interfaces: [{ id: 'eni-0a', privateIp: '10.0.1.10' }, { id: 'eni-0a1' }],
      tags: { Name: 'node-a', 'team:az': 'a' },
    },
    { id: 'i-0b', subnet: 'subnet-0b', owner: OTHER_ACCOUNT },
  ],
  routeTables: [
    { id: 'rtb-0a', vpc: 'vpc-0a', main: true },
    { id: 'rtb-0b', vpc: 'vpc-0b', main: true, owner: OTHER_ACCOUNT },
  ],
};

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(): Promise<{ readonly sandbox: Sandbox; readonly ec2: Ec2Client }> {
  const sandbox = await startSandbox({ scenario: SCENARIO });
  const ec2 = createEc2Client({
    region: 'eu-west-1',
    endpoint: sandbox.url,
    requestTimeoutMs: 5_000,
    clock: systemClock,
    version: 'test',
    credentials: async () => ({ accessKeyId: sandbox.accessKeyOf('i-0a'), secretAccessKey: 's' }),
  });
  closers.push(sandbox.close, ec2.close);
  return { sandbox, ec2 };
}

async function startImdsClient() {
  const { sandbox } = await start();
  const imds = createImds({ endpoint: sandbox.imdsUrl('i-0a'), clock: systemClock });
  closers.push(imds.close);
  return { imds, service: sandbox.imds('i-0a') };
}

describe('metadata of an instance', () => {
  it('tells who it is', async () => {
    const { imds } = await startImdsClient();
    expect(await readIdentity(imds, signal)).toMatchObject({
      ok: true,
      identity: {
        instanceId: 'i-0a',
        accountId: '123456789012',
        region: 'eu-west-1',
        availabilityZone: 'eu-west-1a',
        vpcId: 'vpc-0a',
        subnetId: 'subnet-0a',
        localIpv4: '10.0.1.10',
        interfaces: [
          { id: 'eni-0a', deviceNumber: 0 },
          { id: 'eni-0a1', deviceNumber: 1 },
        ],
      },
    });
    expect(await readTag(imds, 'Name', signal)).toEqual({ ok: true, value: 'node-a' });
    expect(await readTag(imds, 'team:az', signal)).toEqual({ ok: true, value: 'a' });
    expect(await readTag(imds, 'Nothing', signal)).toEqual({ ok: true, value: undefined });
  });

  it('tells what is going to happen to it, also with a token that was taken back', async () => {
    const { imds, service } = await startImdsClient();
    expect(await readSignals(imds, signal)).toEqual({ signals: {}, failure: undefined });
    service.setSignal('spot', { action: 'terminate', time: '2026-01-18T08:22:00Z' });
    service.setSignal('rebalance', { noticeTime: '2026-01-18T08:20:00Z' });
    service.setSignal('lifecycle', 'Terminated');
    service.setSignal('maintenance', [{ Code: 'system-reboot', State: 'active', Description: 'd' }]);
    service.invalidateTokens();
    expect(await readSignals(imds, signal)).toEqual({
      failure: undefined,
      signals: {
        spot: { action: 'terminate', time: '2026-01-18T08:22:00Z' },
        rebalance: { noticeTime: '2026-01-18T08:20:00Z' },
        lifecycleState: 'Terminated',
        maintenance: [{ code: 'system-reboot', state: 'active', description: 'd', notBefore: undefined }],
      },
    });
  });
});

describe('another account', () => {
  const roleArn = `arn:aws:iam::${OTHER_ACCOUNT}:role/routes`;

  it("has its tables read and written by a role, and not by the agent's own credentials", async () => {
    const { sandbox, ec2 } = await start();
    vi.stubEnv('AWS_ENDPOINT_URL_STS', sandbox.url);
    const tables = createRouteTables(ec2, systemClock);
    const query = { ids: ['rtb-0a', 'rtb-0b'], filters: [] };
    const own = await tables.describe({ ...query, roleArn: undefined }, signal);
    expect(own.ok && own.tables.map(({ id, roleArn: by }) => ({ id, by }))).toEqual([
      { id: 'rtb-0a', by: undefined },
    ]);
    const other = await tables.describe({ ...query, roleArn }, signal);
    expect(other.ok && other.tables.map(({ id, roleArn: by }) => ({ id, by }))).toEqual([
      { id: 'rtb-0b', by: roleArn },
    ]);
  });

  it("has an instance that runs, of which the agent's own credentials show nothing", async () => {
    const { sandbox, ec2 } = await start();
    vi.stubEnv('AWS_ENDPOINT_URL_STS', sandbox.url);
    const ids = ['i-0b', 'i-0a'];
    const own = await describeInstanceStatus(ec2, { ids, roleArn: undefined }, signal);
    expect(own.ok && Object.fromEntries(own.statuses)).toEqual({ 'i-0a': 'ok', 'i-0b': 'unknown' });
    const other = await describeInstanceStatus(ec2, { ids, roleArn }, signal);
    expect(other.ok && Object.fromEntries(other.statuses)).toEqual({ 'i-0a': 'unknown', 'i-0b': 'ok' });
  });
});

describe('an impaired instance', () => {
  it.each(['instance', 'system'] as const)('is told by its %s check', async (which) => {
    const { sandbox, ec2 } = await start();
    sandbox.world.impair('i-0a', which);
    const result = await describeInstanceStatus(ec2, { ids: ['i-0a'], roleArn: undefined }, signal);
    expect(result.ok && result.statuses.get('i-0a')).toBe('impaired');
  });
});
