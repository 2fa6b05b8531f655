import type { AgentDeps, AgentSpec } from '../agent/index.ts';
import {
  createEc2Client,
  createRouteTables,
  describeInstanceStatus,
  describeInterfaces,
  disableSourceDestCheck,
  type Identity,
} from '../aws/index.ts';
import { systemClock } from '../lib/system-clock.ts';
import { VERSION } from './version.ts';

/** What of the agent's drivers is EC2. */
export type Ec2Deps = Pick<
  AgentDeps,
  'tables' | 'describeInterfaces' | 'describeInstanceStatus' | 'disableSourceDestCheck'
>;

/** EC2 as the agent calls it, with its own credentials and region. `close` ends the connections. */
export function openEc2(
  spec: AgentSpec,
  identity: Identity,
): { readonly deps: Ec2Deps; close(): Promise<void> } {
  const ec2 = createEc2Client({
    region: spec.aws.region ?? identity.region,
    endpoint: spec.aws.endpoint,
    requestTimeoutMs: spec.aws.requestTimeoutMs,
    clock: systemClock,
    version: VERSION,
  });
  const roleArn = undefined;
  const deps: Ec2Deps = {
    tables: createRouteTables(ec2, systemClock),
    describeInterfaces: (query, signal) => describeInterfaces(ec2, query, signal),
    describeInstanceStatus: (ids, signal) => describeInstanceStatus(ec2, { ids, roleArn }, signal),
    disableSourceDestCheck: (interfaceId, signal) =>
      disableSourceDestCheck(ec2, { interfaceId, roleArn }, signal),
  };
  return { deps, close: () => ec2.close() };
}
