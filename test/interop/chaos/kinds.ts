/** What a fault takes for itself while it lasts: two that would undo each other never overlap. */
type Claim =
  | 'agent'
  | 'output'
  | 'files'
  | 'service'
  | 'machine'
  | 'pair'
  | 'link'
  | 'metadata'
  | 'table'
  | 'none';

interface KindFacts {
  readonly lastsMs: readonly [least: number, most: number];
  readonly claim: Claim;
}

/** Everything that chaos does. */
export const KINDS = {
  'agent-kill': { lastsMs: [50, 5_000], claim: 'agent' },
  'agent-stop': { lastsMs: [500, 20_000], claim: 'agent' },
  'agent-term': { lastsMs: [0, 3_000], claim: 'agent' },
  'agent-reload': { lastsMs: [1_000, 10_000], claim: 'agent' },
  'agent-reload-bad': { lastsMs: [500, 8_000], claim: 'agent' },
  'agent-fds': { lastsMs: [1_000, 10_000], claim: 'files' },
  'agent-disk': { lastsMs: [1_000, 15_000], claim: 'files' },
  'agent-clock': { lastsMs: [500, 15_000], claim: 'files' },
  'output-closed': { lastsMs: [1_000, 15_000], claim: 'output' },
  'output-blocked': { lastsMs: [1_000, 15_000], claim: 'output' },
  'service-kill': { lastsMs: [300, 8_000], claim: 'service' },
  'service-hang': { lastsMs: [300, 8_000], claim: 'service' },
  'instance-stop': { lastsMs: [2_500, 12_000], claim: 'machine' },
  'instance-death': { lastsMs: [2_500, 12_000], claim: 'machine' },
  'instance-reboot': { lastsMs: [1_500, 5_000], claim: 'machine' },
  'instance-impaired': { lastsMs: [3_000, 15_000], claim: 'machine' },
  'interface-detach': { lastsMs: [1_500, 10_000], claim: 'machine' },
  'net-isolated': { lastsMs: [1_000, 12_000], claim: 'link' },
  'net-lossy': { lastsMs: [1_000, 12_000], claim: 'link' },
  'net-one-way': { lastsMs: [6_000, 25_000], claim: 'pair' },
  'net-no-api': { lastsMs: [1_000, 12_000], claim: 'link' },
  'net-no-answers': { lastsMs: [1_000, 12_000], claim: 'link' },
  'api-latency': { lastsMs: [1_000, 12_000], claim: 'none' },
  'api-error': { lastsMs: [1_000, 8_000], claim: 'none' },
  'api-throttle': { lastsMs: [2_000, 10_000], claim: 'none' },
  'api-reset': { lastsMs: [1_000, 8_000], claim: 'none' },
  'api-lost-answer': { lastsMs: [1_000, 10_000], claim: 'none' },
  'api-stuck': { lastsMs: [1_000, 8_000], claim: 'none' },
  'api-stale': { lastsMs: [2_000, 20_000], claim: 'none' },
  'api-unreachable': { lastsMs: [1_000, 8_000], claim: 'none' },
  'api-deny': { lastsMs: [500, 3_000], claim: 'none' },
  'metadata-dead': { lastsMs: [1_000, 15_000], claim: 'metadata' },
  'metadata-slow': { lastsMs: [1_000, 15_000], claim: 'metadata' },
  'operator-route': { lastsMs: [0, 0], claim: 'none' },
  'operator-tags': { lastsMs: [2_000, 10_000], claim: 'table' },
} as const satisfies Record<string, KindFacts>;

export type FaultKind = keyof typeof KINDS;

export const FAULT_KINDS = Object.keys(KINDS) as readonly FaultKind[];

/** Names of what the fault takes; `other` matters to a pair of nodes only. */
export function claimsOf(kind: FaultKind, node: number, other: number): readonly string[] {
  const { claim } = KINDS[kind];
  switch (claim) {
    case 'none':
      return [];
    case 'machine':
      return ['agent', 'files', 'output', 'service', 'link', 'metadata'].map((part) => `${part} ${node}`);
    case 'pair':
      return [`pair ${node} ${other}`, `link ${node}`];
    case 'output':
      // A new process has a new reader: what is wrong with the old one's output would be over at once.
      return [`output ${node}`, `agent ${node}`];
    default:
      return [`${claim} ${node}`];
  }
}
