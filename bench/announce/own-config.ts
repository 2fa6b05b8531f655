/** What the configuration of an agent that announces prefixes to peers is made of, in its own words. */
export interface OwnConfig {
  readonly localAddress: string;
  readonly asn: number;
  readonly peerAsn: number;
  readonly peerAddresses: readonly string[];
  /** Entries of `announcer.routes`. */
  readonly routes: readonly object[];
  readonly checks: Readonly<Record<string, object>>;
  /** As a configuration has it. */
  readonly holdTime: string;
}

/** As people write it: an entry a line. */
export function ownConfig(config: OwnConfig): string {
  const { localAddress, asn, peerAsn, peerAddresses, routes, checks, holdTime } = config;
  const peers = peerAddresses.map((address) => ({
    name: `peer-${address}`,
    remote_address: address,
    remote_asn: peerAsn,
    hold_time: holdTime,
    connect_retry: '200ms',
  }));
  return [
    'healthchecks:',
    ...Object.entries(checks).map(([name, check]) => `  ${name}: ${flow(check)}`),
    'announcer:',
    `  local_asn: ${asn}`,
    `  local_address: ${localAddress}`,
    '  peers:',
    ...peers.map((peer) => `    - ${flow(peer)}`),
    '  routes:',
    ...routes.map((route) => `    - ${flow(route)}`),
    '',
  ].join('\n');
}

/** A check that passes while the file is there. The kernel tells of the file: the cadence is only what is left without. */
export function fileCheck(path: string, every: string): object {
  return { type: 'file', path, every, rise: 1, fall: 1 };
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, each]) => `${key}: ${flow(each)}`);
  return `{ ${entries.join(', ')} }`;
}
