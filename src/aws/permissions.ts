import {
  CreateRouteCommand,
  DeleteRouteCommand,
  DescribeInstanceStatusCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  type EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
  ReplaceRouteCommand,
} from '@aws-sdk/client-ec2';
import type { Ec2Client } from './ec2-client.ts';
import type { AwsFailure } from './errors.ts';

/** The EC2 actions that vpcast can need, as IAM policies name them without `ec2:`. */
export type Ec2Action =
  | 'DescribeRouteTables'
  | 'DescribeNetworkInterfaces'
  | 'DescribeInstanceStatus'
  | 'CreateRoute'
  | 'ReplaceRoute'
  | 'DeleteRoute'
  | 'ModifyNetworkInterfaceAttribute';

/** What to try an action on. Reads need neither id. */
export interface PermissionTrial {
  readonly action: Ec2Action;
  readonly tableId: string;
  readonly interfaceId: string;
  readonly roleArn: string | undefined;
}

/** `unclear`: AWS answered something that is neither a yes nor a no of IAM's; `failure` says what. */
export type PermissionResult =
  | { readonly verdict: 'granted' }
  | { readonly verdict: 'denied' | 'unclear'; readonly failure: AwsFailure };

/** A range for documentation (RFC 5737), which nobody routes: a dry run that is not one does little harm. */
const DESTINATION = '192.0.2.0/24';

/**
 * Asks EC2 whether an action is allowed, by a dry run. EC2 changes nothing; an emulator that ignores DryRun (moto does)
 * carries the call out, so this is for AWS and the sandbox only.
 */
export async function tryPermission(
  ec2: Ec2Client,
  trial: PermissionTrial,
  signal: AbortSignal,
): Promise<PermissionResult> {
  const context = { api: trial.action, roleArn: trial.roleArn, signal };
  const result = await ec2.call(context, (client, until) => dryRun(client, trial, until));
  if (result.ok || result.failure.code === 'DryRunOperation') return { verdict: 'granted' };
  const { failure } = result;
  return { verdict: failure.kind === 'unauthorized' ? 'denied' : 'unclear', failure };
}

function dryRun(client: EC2Client, trial: PermissionTrial, abortSignal: AbortSignal): Promise<unknown> {
  const until = { abortSignal };
  const route = { RouteTableId: trial.tableId, DestinationCidrBlock: DESTINATION, DryRun: true };
  const to = { NetworkInterfaceId: trial.interfaceId };
  switch (trial.action) {
    case 'DescribeRouteTables':
      return client.send(new DescribeRouteTablesCommand({ DryRun: true }), until);
    case 'DescribeNetworkInterfaces':
      return client.send(new DescribeNetworkInterfacesCommand({ DryRun: true }), until);
    case 'DescribeInstanceStatus':
      return client.send(new DescribeInstanceStatusCommand({ DryRun: true }), until);
    case 'CreateRoute':
      return client.send(new CreateRouteCommand({ ...route, ...to }), until);
    case 'ReplaceRoute':
      return client.send(new ReplaceRouteCommand({ ...route, ...to }), until);
    case 'DeleteRoute':
      return client.send(new DeleteRouteCommand(route), until);
    case 'ModifyNetworkInterfaceAttribute': {
      const input = { ...to, SourceDestCheck: { Value: false }, DryRun: true };
      return client.send(new ModifyNetworkInterfaceAttributeCommand(input), until);
    }
  }
}
