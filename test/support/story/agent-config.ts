/** How fast the story goes. */
export interface StoryTiming {
  readonly everyMs: number;
  readonly rise: number;
  readonly fall: number;
  readonly timeoutMs: number;
  readonly pollMs: number;
  readonly requestTimeoutMs: number;
}

export const STORY_TIMING: StoryTiming = {
  everyMs: 200,
  rise: 2,
  fall: 3,
  timeoutMs: 150,
  pollMs: 2_000,
  requestTimeoutMs: 2_000,
};

/** The address that the services are reached at: outside the VPC, on every instance's loopback interface in real life. */
export const ANYCAST = '192.168.99.1/32';
export const DEFAULT_ROUTE = '0.0.0.0/0';
export const STORY_DESTINATIONS: readonly string[] = [ANYCAST, DEFAULT_ROUTE];

/** The longest that `fall` failures in a row can take to be seen once a service is gone. */
export function detectionBoundMs(timing: StoryTiming): number {
  return timing.fall * timing.everyMs + timing.timeoutMs;
}

/** One agent's configuration: owner of its own zone's tables, backup in the others. Every agent has the same text but for the address. */
export function agentConfig(at: {
  readonly address: string;
  readonly port: number;
  readonly timing: StoryTiming;
}): string {
  const { everyMs, rise, fall, timeoutMs, pollMs, requestTimeoutMs } = at.timing;
  const pace = `port: ${at.port}, every: ${everyMs}ms, timeout: ${timeoutMs}ms, rise: ${rise}, fall: ${fall}`;
  const privateTable = '{ type: by_tag, key: type, value: private }';
  const checks = 'healthcheck: service, remote_healthcheck: service';
  return `poll_time: ${pollMs}ms
aws: { request_timeout: ${requestTimeoutMs}ms }
healthchecks:
  service: { type: tcp, destination: ${at.address}, ${pace} }
remote_healthchecks:
  service: { type: tcp, ${pace} }
routetables:
  own_zone:
    find:
      type: and
      filters: [{ type: by_tag, key: az, value: "\${az}" }, ${privateTable}]
    manage_routes:
      - { cidr: ${ANYCAST}, ${checks} }
      - { cidr: ${DEFAULT_ROUTE}, ${checks}, never_delete: true }
  other_zones:
    find:
      type: and
      filters: [{ type: by_tag, not: true, key: az, value: "\${az}" }, ${privateTable}]
      no_results_ok: true
    manage_routes:
      - { cidr: ${ANYCAST}, ${checks}, if_unhealthy: true }
      - { cidr: ${DEFAULT_ROUTE}, ${checks}, if_unhealthy: true }
`;
}
