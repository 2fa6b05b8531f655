import { afterEach, describe, expect, it } from 'vitest';
import { type Imds, type ImdsIdentity, startImds, startSandbox } from '../../../src/sandbox/index.ts';
import { manualClock, SCENARIO } from '../../unit/sandbox/fixture.ts';

const IDENTITY: ImdsIdentity = {
  instanceId: 'i-moto',
  accountId: '123456789012',
  region: 'us-east-1',
  availabilityZone: 'us-east-1a',
  interfaces: [
    {
      id: 'eni-moto',
      mac: '02:00:00:00:00:01',
      deviceIndex: 0,
      ownerId: '123456789012',
      vpcId: 'vpc-moto',
      subnetId: 'subnet-moto',
      privateIps: ['10.0.0.5'],
    },
  ],
};

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function start(): Promise<{ readonly imds: Imds; readonly clock: ReturnType<typeof manualClock> }> {
  const clock = manualClock();
  const imds = await startImds({ identity: IDENTITY, clock });
  closers.push(imds.close);
  return { imds, clock };
}

function requestToken(url: string, ttl: string | undefined, path = '/latest/api/token'): Promise<Response> {
  const headers = ttl === undefined ? {} : { 'X-aws-ec2-metadata-token-ttl-seconds': ttl };
  return fetch(`${url}${path}`, { method: 'PUT', headers });
}

function read(url: string, token: string, path: string): Promise<Response> {
  return fetch(`${url}/latest/meta-data/${path}`, { headers: { 'X-aws-ec2-metadata-token': token } });
}

describe('IMDSv2', () => {
  it('gives out metadata for a token', async () => {
    const { imds } = await start();
    const token = await (await requestToken(imds.url, '60')).text();
    const answer = await read(imds.url, token, 'network/interfaces/macs/02:00:00:00:00:01/interface-id');
    expect([answer.status, await answer.text()]).toEqual([200, 'eni-moto']);
    expect((await read(imds.url, token, 'spot/instance-action')).status).toBe(404);
  });

  it.each([undefined, '0', '21601', 'x', '-1'])('gives no token for the lifetime %s', async (ttl) => {
    const { imds } = await start();
    expect((await requestToken(imds.url, ttl)).status).toBe(400);
  });

  it('forbids version-specific token paths and forwarded requests', async () => {
    const { imds } = await start();
    expect((await requestToken(imds.url, '60', '/2021-07-15/api/token')).status).toBe(403);
    const headers = { 'X-aws-ec2-metadata-token-ttl-seconds': '60', 'X-Forwarded-For': '1.2.3.4' };
    expect((await fetch(`${imds.url}/latest/api/token`, { method: 'PUT', headers })).status).toBe(403);
  });

  it('answers 401 without a token, with a wrong one, with one that is over, and with one made invalid', async () => {
    const { imds, clock } = await start();
    expect((await fetch(`${imds.url}/latest/meta-data/instance-id`)).status).toBe(401);
    expect((await read(imds.url, 'wrong', 'instance-id')).status).toBe(401);
    const token = await (await requestToken(imds.url, '60')).text();
    clock.advance(59_999);
    expect((await read(imds.url, token, 'instance-id')).status).toBe(200);
    clock.advance(1);
    expect((await read(imds.url, token, 'instance-id')).status).toBe(401);
    const next = await (await requestToken(imds.url, '60')).text();
    imds.invalidateTokens();
    expect((await read(imds.url, next, 'instance-id')).status).toBe(401);
  });

  it('shows a signal from when it is set until it is taken back', async () => {
    const { imds } = await start();
    const token = await (await requestToken(imds.url, '60')).text();
    const state = async () => (await read(imds.url, token, 'autoscaling/target-lifecycle-state')).status;
    expect(await state()).toBe(404);
    imds.setSignal('lifecycle', 'Terminated');
    expect(await state()).toBe(200);
    imds.setSignal('lifecycle', undefined);
    expect(await state()).toBe(404);
  });

  it('can be slow, refuse, fail, and be well again', async () => {
    const { imds, clock } = await start();
    imds.setFault({ latencyMs: 500 });
    const slow = requestToken(imds.url, '60');
    const first = await Promise.race([
      slow.then(() => 'answer'),
      until(() => clock.pending() === 1).then(() => 'waits'),
    ]);
    expect(first).toBe('waits');
    clock.advance(500);
    expect((await slow).status).toBe(200);
    imds.setFault({ dead: 'refuse' });
    await expect(requestToken(imds.url, '60')).rejects.toThrow();
    imds.setFault({ status: 503 });
    expect((await requestToken(imds.url, '60')).status).toBe(503);
    imds.setFault(undefined);
    expect((await requestToken(imds.url, '60')).status).toBe(200);
  });
});

describe('the metadata service of a sandbox instance', () => {
  it('is dead while the instance is stopped', async () => {
    const sandbox = await startSandbox({ scenario: SCENARIO });
    closers.push(sandbox.close);
    const url = sandbox.imdsUrl('i-a');
    expect(url).not.toBe(sandbox.imdsUrl('i-b'));
    expect((await requestToken(url, '60')).status).toBe(200);
    sandbox.world.stop('i-a');
    await expect(requestToken(url, '60')).rejects.toThrow();
    sandbox.world.start('i-a');
    expect((await requestToken(url, '60')).status).toBe(200);
    expect(() => sandbox.imdsUrl('i-none')).toThrow(RangeError);
  });
});

async function until(isReached: () => boolean): Promise<void> {
  while (!isReached()) await new Promise((resolve) => setImmediate(resolve));
}
