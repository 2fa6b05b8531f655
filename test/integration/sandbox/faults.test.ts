import {
  CreateRouteCommand,
  DeleteRouteCommand,
  DescribeRouteTablesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Sandbox, type SandboxEvent, startSandbox } from '../../../src/sandbox/index.ts';
import { type ManualClock, manualClock, SCENARIO } from '../../unit/sandbox/fixture.ts';

const KEY = { RouteTableId: 'rtb-1', DestinationCidrBlock: '192.168.1.1/32' };
const CREATE = { ...KEY, NetworkInterfaceId: 'eni-a' };

let sandbox: Sandbox;
let ec2: EC2Client;
let events: SandboxEvent[];
let clock: ManualClock;

beforeEach(async () => {
  events = [];
  sandbox = await startSandbox({ scenario: SCENARIO, onEvent: (event) => events.push(event) });
  ec2 = connect('AKIATEST');
});

afterEach(async () => {
  ec2.destroy();
  await sandbox.close();
});

async function restartWithManualClock(): Promise<void> {
  ec2.destroy();
  await sandbox.close();
  clock = manualClock();
  sandbox = await startSandbox({ scenario: SCENARIO, clock, onEvent: (event) => events.push(event) });
  ec2 = connect('AKIATEST');
}

function connect(accessKeyId: string): EC2Client {
  const credentials = { accessKeyId, secretAccessKey: 'secret' };
  return new EC2Client({ endpoint: sandbox.url, region: 'eu-west-1', maxAttempts: 1, credentials });
}

/** The error's name and its network code or HTTP status; `ok` for none. */
async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    const { name, code, $metadata } = error as {
      name: string;
      code?: string;
      $metadata?: { httpStatusCode?: number };
    };
    return `${name} ${code ?? $metadata?.httpStatusCode}`;
  }
}

const target = () => sandbox.world.targetOf('rtb-1', KEY.DestinationCidrBlock);
const answers = () => events.flatMap((event) => (event.kind === 'call' ? [event.answer] : []));

describe('a faulted call', () => {
  it('is refused with the error that was asked for, and has no effect', async () => {
    sandbox.faults.add({
      kind: 'error',
      code: 'Unavailable',
      httpStatus: 503,
      actions: ['CreateRoute'],
      count: 1,
    });
    expect(await outcome(ec2.send(new CreateRouteCommand(CREATE)))).toBe('Unavailable 503');
    expect(target()).toBeUndefined();
    expect(await outcome(ec2.send(new CreateRouteCommand(CREATE)))).toBe('ok');
  });

  it('is denied for one caller and not for another', async () => {
    sandbox.faults.add({ kind: 'deny', accessKeyIds: ['AKIATEST'] });
    const other = connect('AKIAOTHER');
    try {
      expect(await outcome(ec2.send(new DescribeRouteTablesCommand({})))).toBe('UnauthorizedOperation 403');
      expect(await outcome(other.send(new DescribeRouteTablesCommand({})))).toBe('ok');
    } finally {
      other.destroy();
    }
    await expect(ec2.send(new CreateRouteCommand(CREATE))).rejects.toThrow(
      /not authorized to perform: ec2:CreateRoute.*Encoded authorization failure message: [A-Z2-7]+/,
    );
  });

  it('is reset without effect', async () => {
    sandbox.faults.add({ kind: 'reset', actions: ['CreateRoute'] });
    expect(await outcome(ec2.send(new CreateRouteCommand(CREATE)))).toContain('ECONNRESET');
    expect(target()).toBeUndefined();
    expect(answers()).toEqual(['reset']);
  });

  it('loses its answer after it has taken effect', async () => {
    sandbox.faults.add({ kind: 'lose-answer', actions: ['CreateRoute'], count: 1 });
    expect(await outcome(ec2.send(new CreateRouteCommand(CREATE)))).toContain('ECONNRESET');
    expect(target()).toBe('eni-a');
    expect(await outcome(ec2.send(new CreateRouteCommand(CREATE)))).toBe('RouteAlreadyExists 400');
  });

  it('is stuck until the caller gives up', async () => {
    sandbox.faults.add({ kind: 'stuck', count: 1 });
    const abort = new AbortController();
    const call = outcome(ec2.send(new CreateRouteCommand(CREATE), { abortSignal: abort.signal }));
    await vi.waitUntil(() => answers().includes('stuck'));
    abort.abort();
    expect(await call).toContain('AbortError');
    expect(target()).toBeUndefined();
  });

  it('is delayed, half of it before it takes effect and half after', async () => {
    await restartWithManualClock();
    sandbox.faults.add({ kind: 'latency', latencyMs: 1000 });
    const call = outcome(ec2.send(new CreateRouteCommand(CREATE)));
    await vi.waitUntil(() => clock.pending() === 1);
    clock.advance(499);
    expect(target()).toBeUndefined();
    clock.advance(1);
    await vi.waitUntil(() => clock.pending() === 1);
    expect(target()).toBe('eni-a');
    clock.advance(500);
    expect(await call).toBe('ok');
  });

  it('that is delayed takes effect even if the caller has gone', async () => {
    await restartWithManualClock();
    sandbox.faults.add({ kind: 'latency', latencyMs: 1000 });
    const abort = new AbortController();
    const call = outcome(ec2.send(new CreateRouteCommand(CREATE), { abortSignal: abort.signal }));
    await vi.waitUntil(() => clock.pending() === 1);
    abort.abort();
    expect(await call).toContain('AbortError');
    clock.advance(500);
    await vi.waitUntil(() => target() === 'eni-a');
    await vi.waitUntil(() => clock.pending() === 1);
    clock.advance(500);
    await vi.waitUntil(() => answers().includes('aborted'));
  });

  it('does not get through while the endpoint is unreachable; the control API does', async () => {
    sandbox.faults.add({ kind: 'unreachable' });
    expect(await outcome(ec2.send(new DescribeRouteTablesCommand({})))).toContain('ECONNRESET');
    const cleared = await fetch(`${sandbox.url}/_sandbox/faults`, { method: 'DELETE' });
    expect(cleared.status).toBe(200);
    expect(await outcome(ec2.send(new DescribeRouteTablesCommand({})))).toBe('ok');
  });

  it('sees an old world where reads are stale, while mutations see the present', async () => {
    sandbox.faults.add({ kind: 'stale', ageMs: 10_000 });
    await ec2.send(new CreateRouteCommand(CREATE));
    const read = async () => {
      const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: ['rtb-1'] }));
      return RouteTables?.[0]?.Routes?.some(
        (route) => route.DestinationCidrBlock === KEY.DestinationCidrBlock,
      );
    };
    expect(await read()).toBe(false);
    expect(await outcome(ec2.send(new CreateRouteCommand(CREATE)))).toBe('RouteAlreadyExists 400');
    sandbox.faults.clear();
    expect(await read()).toBe(true);
  });

  it('is throttled as EC2 throttles', async () => {
    sandbox.faults.throttle({ mutating: { capacity: 1, refillPerSec: 0 } });
    expect(await outcome(ec2.send(new CreateRouteCommand(CREATE)))).toBe('ok');
    expect(await outcome(ec2.send(new CreateRouteCommand(CREATE)))).toBe('RequestLimitExceeded 503');
    expect(await outcome(ec2.send(new DeleteRouteCommand(KEY)))).toBe('ok');
  });
});

describe('closing', () => {
  it('ends calls that wait or are stuck, at once, and they never take effect', async () => {
    await restartWithManualClock();
    sandbox.faults.add({ kind: 'stuck', actions: ['DescribeRouteTables'] });
    sandbox.faults.add({ kind: 'latency', latencyMs: 1000, actions: ['CreateRoute'] });
    const calls = [
      outcome(ec2.send(new DescribeRouteTablesCommand({}))),
      outcome(ec2.send(new CreateRouteCommand(CREATE))),
    ];
    await vi.waitUntil(() => answers().includes('stuck') && clock.pending() === 1);
    await sandbox.close();
    await sandbox.close();
    expect(clock.pending()).toBe(0);
    clock.advance(10_000);
    expect(await Promise.all(calls)).toEqual([
      expect.stringContaining('ECONN'),
      expect.stringContaining('ECONN'),
    ]);
    expect(target()).toBeUndefined();
    await expect(fetch(sandbox.url)).rejects.toThrow();
    await expect(fetch(sandbox.imdsUrl('i-a'))).rejects.toThrow();
  });
});
