import { DescribeInstanceStatusCommand, type InstanceStatus } from '@aws-sdk/client-ec2';
import type { CallResult, Ec2Client } from './ec2-client.ts';
import type { AwsFailure } from './errors.ts';
import { chunks, IDS_PER_REQUEST } from './pages.ts';

/**
 * What EC2 says of an instance. `unknown`: it is running and its checks have not come to a result (`initializing`,
 * `insufficient-data`, `not-applicable`), or EC2 does not show it to us.
 */
export type InstanceHealth = 'ok' | 'impaired' | 'not-running' | 'unknown';

export interface InstanceStatusQuery {
  readonly ids: readonly string[];
  readonly roleArn: string | undefined;
}

export type InstanceStatusResult =
  /** Has every id that was asked for. */
  | { readonly ok: true; readonly statuses: ReadonlyMap<string, InstanceHealth> }
  | { readonly ok: false; readonly failure: AwsFailure };

/**
 * Reads instances' state and status checks by EC2 DescribeInstanceStatus, stopped ones included.
 *
 * An id that EC2 does not know is `unknown`, not `not-running`: EC2 gives the same InvalidInstanceID.NotFound for
 * another account's instance in a shared VPC, which may well forward, and a terminated instance's route shows as a
 * blackhole anyway. One such id must not lose the others, and there is no filter by id, so a chunk that is refused for
 * one of its ids is asked for again in halves.
 */
export async function describeInstanceStatus(
  ec2: Ec2Client,
  query: InstanceStatusQuery,
  signal: AbortSignal,
): Promise<InstanceStatusResult> {
  const statuses = new Map<string, InstanceHealth>(query.ids.map((id) => [id, 'unknown']));
  const pending = [...chunks([...statuses.keys()], IDS_PER_REQUEST)];
  for (let ids = pending.pop(); ids !== undefined; ids = pending.pop()) {
    const result = await readStatuses(ec2, { ...query, ids }, signal);
    if (result.ok) {
      for (const status of result.value) statuses.set(status.InstanceId ?? '', instanceHealth(status));
    } else if (isAboutAnId(result.failure)) {
      if (ids.length > 1) pending.push(...chunks(ids, Math.ceil(ids.length / 2)));
    } else {
      return result;
    }
  }
  return { ok: true, statuses };
}

/**
 * What one answered status means. A `pending` instance is not running: it cannot forward yet. An impaired EBS volume does not
 * count: the instance still forwards.
 */
export function instanceHealth(status: InstanceStatus): InstanceHealth {
  const state = status.InstanceState?.Name;
  if (state === undefined) return 'unknown';
  if (state !== 'running') return 'not-running';
  const checks = [status.SystemStatus?.Status, status.InstanceStatus?.Status];
  if (checks.includes('impaired')) return 'impaired';
  return checks.every((check) => check === 'ok') ? 'ok' : 'unknown';
}

/** No MaxResults: EC2 does not take it together with ids, and answers all of up to 100 ids at once. */
function readStatuses(
  ec2: Ec2Client,
  { ids, roleArn }: InstanceStatusQuery,
  signal: AbortSignal,
): Promise<CallResult<readonly InstanceStatus[]>> {
  const input = { InstanceIds: [...ids], IncludeAllInstances: true };
  return ec2.call({ api: 'DescribeInstanceStatus', roleArn, signal }, async (client, abortSignal) => {
    const answer = await client.send(new DescribeInstanceStatusCommand(input), { abortSignal });
    return answer.InstanceStatuses ?? [];
  });
}

function isAboutAnId(failure: AwsFailure): boolean {
  return failure.code.toLowerCase().startsWith('invalidinstanceid');
}
