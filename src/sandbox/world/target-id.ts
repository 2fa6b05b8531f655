import type { TargetKind, TargetRequest } from './state.ts';

const KINDS_BY_PREFIX: readonly (readonly [prefix: string, kind: TargetKind | 'instance'])[] = [
  ['eni-', 'network-interface'],
  ['i-', 'instance'],
  ['igw-', 'gateway'],
  ['vgw-', 'gateway'],
  ['nat-', 'nat-gateway'],
  ['tgw-', 'transit-gateway'],
  ['vpce-', 'vpc-endpoint'],
  ['pcx-', 'vpc-peering-connection'],
  ['eigw-', 'egress-only-internet-gateway'],
  ['lgw-', 'local-gateway'],
  ['cagw-', 'carrier-gateway'],
];

/** What an id names, by its prefix (or its ARN's service); undefined: nothing that a route can point at. */
export function parseTargetId(id: string): TargetRequest | undefined {
  if (id === 'local') return { kind: 'local', id };
  if (/^arn:[^:]*:networkmanager:/.test(id)) return { kind: 'core-network', id };
  if (/^arn:[^:]*:odb:/.test(id)) return { kind: 'odb-network', id };
  const kind = KINDS_BY_PREFIX.find(([prefix]) => id.startsWith(prefix))?.[1];
  return kind === undefined ? undefined : { kind, id };
}
