/** How fast the fleet goes; what bounds are computed from. */
export const TIMING = {
  everyMs: 300,
  timeoutMs: 300,
  rise: 2,
  fall: 3,
  pollMs: 1_500,
  requestTimeoutMs: 1_500,
} as const;

export const ANYCAST = '192.168.99.1/32';
export const DEFAULT_ROUTE = '0.0.0.0/0';
/** Managed by those only whose configuration is the `wider` one. */
export const EXTRA = '198.51.100.0/24';

/** `plain`: as everyone begins. `wider`: one more route, another pace. The others are refused. */
export type ConfigVariant = 'plain' | 'wider' | 'broken' | 'mistyped' | 'empty';

export const BAD_VARIANTS = ['broken', 'mistyped', 'empty'] as const;

/** A node's configuration (YAML). */
export function configOf(
  at: { readonly address: string; readonly port: number },
  variant: ConfigVariant,
): string {
  if (variant === 'empty') return '';
  if (variant === 'broken') return 'healthchecks: { service: [\n';
  const { everyMs, timeoutMs, rise, fall, pollMs, requestTimeoutMs } = TIMING;
  const pace = `every: ${everyMs}ms, timeout: ${timeoutMs}ms, rise: ${rise}, fall: ${fall}`;
  const probe = `type: tcp, port: ${at.port}, expect: at your service, ${pace}`;
  const checks = 'healthcheck: service, remote_healthcheck: service';
  const privateTable = '{ type: by_tag, key: type, value: private }';
  const routes = [
    { cidr: ANYCAST, more: '' },
    { cidr: DEFAULT_ROUTE, more: ', never_delete: true' },
    ...(variant === 'wider' ? [{ cidr: EXTRA, more: '' }] : []),
  ];
  const word = variant === 'mistyped' ? 'routetabels' : 'routetables';
  return `poll_time: ${variant === 'wider' ? pollMs / 2 : pollMs}ms
aws: { request_timeout: ${requestTimeoutMs}ms }
healthchecks:
  service: { destination: ${at.address}, ${probe} }
remote_healthchecks:
  service: { ${probe} }
${word}:
  own_zone:
    find:
      type: and
      filters: [{ type: by_tag, key: az, value: "\${az}" }, ${privateTable}]
      no_results_ok: true
    manage_routes:
${routes.map(({ cidr, more }) => `      - { cidr: ${cidr}, ${checks}${more} }`).join('\n')}
  other_zones:
    find:
      type: and
      filters: [{ type: by_tag, not: true, key: az, value: "\${az}" }, ${privateTable}]
      no_results_ok: true
    manage_routes:
${routes.map(({ cidr }) => `      - { cidr: ${cidr}, ${checks}, if_unhealthy: true }`).join('\n')}
`;
}
