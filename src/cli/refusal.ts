import type { SourceDestRefusal } from '../agent/index.ts';

/** Why the agent does not start, and the command that mends it. */
export function refusalMessage(refusals: readonly SourceDestRefusal[], region: string): string {
  const lines = refusals.flatMap(({ interfaceId, instance }) => [
    `vpcast: source/dest check of ${interfaceId} (${instance}) is on: EC2 would drop all traffic that is routed to it.`,
    'Switch it off:',
    `  aws ec2 modify-network-interface-attribute --region ${region} --network-interface-id ${interfaceId} --no-source-dest-check`,
  ]);
  return `${[...lines, 'or let vpcast do it: manage_source_dest_check: true'].join('\n')}\n`;
}
