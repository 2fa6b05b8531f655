import {
  DescribeNetworkInterfacesCommand,
  ModifyNetworkInterfaceAttributeCommand,
  type NetworkInterface,
} from '@aws-sdk/client-ec2';
import type { Ec2Client } from './ec2-client.ts';
import type { AwsFailure } from './errors.ts';
import { chunks, IDS_PER_REQUEST, readPages } from './pages.ts';

/** What the agent needs to know of a network interface. */
export interface InterfaceFacts {
  readonly id: string;
  /** Undefined while it is attached to no instance (NAT gateways and the like have an attachment without one). */
  readonly instanceId: string | undefined;
  readonly deviceIndex: number | undefined;
  /** The primary private IPv4 address, else the first IPv6 address. */
  readonly primaryAddress: string | undefined;
  readonly sourceDestCheck: boolean;
  readonly subnetId: string | undefined;
  readonly vpcId: string | undefined;
  readonly ownerId: string | undefined;
  readonly availabilityZone: string | undefined;
  /** EC2's word: `available`, `in-use`, `attaching`, `detaching`, … */
  readonly status: string;
}

/** Which interfaces to read: these, or those of these instances. `roleArn` undefined: with the agent's own credentials. */
export interface InterfaceQuery {
  readonly by: 'interface' | 'instance';
  readonly ids: readonly string[];
  readonly roleArn: string | undefined;
}

export type InterfacesResult =
  | { readonly ok: true; readonly interfaces: readonly InterfaceFacts[] }
  | { readonly ok: false; readonly failure: AwsFailure };

/** DescribeNetworkInterfaces takes 5 to 1000. */
const PAGE_SIZE = 1000;

const FILTER_NAMES = {
  interface: 'network-interface-id',
  instance: 'attachment.instance-id',
} as const satisfies Record<InterfaceQuery['by'], string>;

/**
 * Reads interfaces by EC2 DescribeNetworkInterfaces. What EC2 does not know is missing from the answer. Filtered and
 * paginated always, because EC2 throttles the unfiltered form much sooner.
 */
export async function describeInterfaces(
  ec2: Ec2Client,
  query: InterfaceQuery,
  signal: AbortSignal,
): Promise<InterfacesResult> {
  const found = new Map<string, InterfaceFacts>();
  for (const ids of chunks([...new Set(query.ids)], IDS_PER_REQUEST)) {
    const result = await readInterfaces(ec2, { ...query, ids }, signal);
    if (!result.ok) return result;
    for (const answered of result.value) {
      const facts = interfaceFacts(answered);
      if (facts !== undefined) found.set(facts.id, facts);
    }
  }
  return { ok: true, interfaces: [...found.values()] };
}

/** Switches source/dest check off by EC2 ModifyNetworkInterfaceAttribute: without that EC2 drops what is routed to the interface. */
export async function disableSourceDestCheck(
  ec2: Ec2Client,
  target: { readonly interfaceId: string; readonly roleArn: string | undefined },
  signal: AbortSignal,
): Promise<{ readonly ok: true } | { readonly ok: false; readonly failure: AwsFailure }> {
  const { interfaceId: NetworkInterfaceId, roleArn } = target;
  const input = { NetworkInterfaceId, SourceDestCheck: { Value: false } };
  const context = { api: 'ModifyNetworkInterfaceAttribute', roleArn, signal };
  const result = await ec2.call(context, (client, abortSignal) =>
    client.send(new ModifyNetworkInterfaceAttributeCommand(input), { abortSignal }),
  );
  return result.ok ? { ok: true } : result;
}

/** EC2's NetworkInterface as the agent sees it. */
export function interfaceFacts(answered: NetworkInterface): InterfaceFacts | undefined {
  const id = answered.NetworkInterfaceId;
  if (id === undefined) return undefined;
  return {
    id,
    instanceId: answered.Attachment?.InstanceId || undefined,
    deviceIndex: answered.Attachment?.DeviceIndex,
    primaryAddress: answered.PrivateIpAddress || answered.Ipv6Addresses?.[0]?.Ipv6Address || undefined,
    // Absent reads as on, which is EC2's default and what has to be mended.
    sourceDestCheck: answered.SourceDestCheck ?? true,
    subnetId: answered.SubnetId,
    vpcId: answered.VpcId,
    ownerId: answered.OwnerId,
    availabilityZone: answered.AvailabilityZone,
    status: answered.Status ?? 'unknown',
  };
}

function readInterfaces(ec2: Ec2Client, query: InterfaceQuery, signal: AbortSignal) {
  const api = 'DescribeNetworkInterfaces';
  const Filters = [{ Name: FILTER_NAMES[query.by], Values: [...query.ids] }];
  return readPages(api, (token) =>
    ec2.call({ api, roleArn: query.roleArn, signal }, async (client, abortSignal) => {
      const input = { Filters, MaxResults: PAGE_SIZE, ...(token === undefined ? {} : { NextToken: token }) };
      const answer = await client.send(new DescribeNetworkInterfacesCommand(input), { abortSignal });
      return { items: answer.NetworkInterfaces ?? [], nextToken: answer.NextToken };
    }),
  );
}
