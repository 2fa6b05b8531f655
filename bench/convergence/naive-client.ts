import { EC2Client, ReplaceRouteCommand } from '@aws-sdk/client-ec2';
import { startSandbox } from '../../src/sandbox/index.ts';
import { CallLog } from '../vpc/call-log.ts';
import { BACKUP, benchVpc, type Place, REGION } from '../vpc/scenario.ts';
import { type CaseSpec, countThrottled, movedAtMs } from './case.ts';

/** As many in flight as vpcast has. */
const IN_FLIGHT = 8;

export interface NaiveResult {
  readonly movedMs: number;
  readonly calls: number;
  readonly throttled: number;
}

/**
 * What a client without a bucket of its own does with the same work: every change as soon as a socket is free, one that
 * EC2 throttles again at once. It knows what to change from the start, so it is measured without detection and reads.
 */
export async function runNaive(spec: CaseSpec): Promise<NaiveResult> {
  const calls = new CallLog();
  const { scenario, places } = benchVpc({ ...spec, holders: 'one', throttling: true });
  const sandbox = await startSandbox({ scenario, onEvent: calls.take });
  sandbox.faults.add({ kind: 'latency', latencyMs: spec.apiLatencyMs });
  const ec2 = new EC2Client({
    region: REGION,
    endpoint: sandbox.url,
    credentials: { accessKeyId: sandbox.accessKeyOf(BACKUP.instanceId), secretAccessKey: 'none' },
    maxAttempts: 1,
  });
  try {
    const seq = sandbox.journal().at(-1)?.seq ?? 0;
    const fromMs = Date.now();
    await replaceAll(ec2, places);
    const lastMs = await movedAtMs(sandbox, { seq, count: places.length });
    const seen = calls.since(0);
    return { movedMs: lastMs - fromMs, calls: seen.length, throttled: countThrottled(seen) };
  } finally {
    ec2.destroy();
    await sandbox.close();
  }
}

async function replaceAll(ec2: EC2Client, places: readonly Place[]): Promise<void> {
  const queue = [...places];
  const work = async () => {
    for (let place = queue.shift(); place !== undefined; place = queue.shift()) {
      if (!(await tryReplace(ec2, place))) queue.unshift(place);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
}

async function tryReplace(ec2: EC2Client, { tableId, destination }: Place): Promise<boolean> {
  try {
    await ec2.send(
      new ReplaceRouteCommand({
        RouteTableId: tableId,
        DestinationCidrBlock: destination,
        NetworkInterfaceId: BACKUP.interfaceId,
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'RequestLimitExceeded') return false;
    throw error;
  }
}
