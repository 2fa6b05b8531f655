export type MetricType = 'counter' | 'gauge' | 'histogram';

/** One metric as it is exposed. Units are in its name: seconds, and no prefix. */
export interface MetricDefinition {
  readonly type: MetricType;
  readonly labels: readonly string[];
  readonly help: string;
}

/** A remote check has one series for each holder that it probes; `holder` is empty for a local check. */
const OF_CHECK = ['check', 'holder'] as const;
const OF_ROUTE = ['group', 'table', 'destination'] as const;
const OF_PEER = ['peer'] as const;
const OF_PREFIX = ['prefix'] as const;

/** Every metric that there is. docs/operations.md has the same table, and a test compares the two. */
export const METRICS = {
  vpcast_build_info: gauge('Always 1; the version that runs.', ['version']),
  vpcast_ready: gauge('1 while /readyz says so, else 0.'),
  vpcast_draining: gauge('1 while a notice says that the instance is about to go, else 0.'),
  vpcast_config_last_reload_successful: gauge('1 unless the last reload was refused.'),
  vpcast_config_reloads_total: counter('Reloads of the configuration.', ['outcome']),
  vpcast_internal_errors_total: counter('Bugs that the agent has survived, by place.', ['where']),
  vpcast_hook_runs_total: counter('Commands of the configuration that were run.', ['hook', 'outcome']),

  vpcast_check_info: gauge('Always 1; what a check probes.', [...OF_CHECK, 'kind', 'destination']),
  vpcast_check_healthy: gauge('1 healthy, 0 unhealthy; no sample while unknown.', OF_CHECK),
  vpcast_check_state: gauge('1 for the state that the check is in, 0 for the others.', [
    ...OF_CHECK,
    'state',
  ]),
  vpcast_check_probe_total: counter('Probes by how they ended.', [...OF_CHECK, 'outcome', 'reason']),
  vpcast_check_probe_duration_seconds: histogram('How long the last attempt of each probe took.', OF_CHECK),
  vpcast_check_last_success_timestamp_seconds: gauge('When a probe last passed, in Unix time.', OF_CHECK),
  vpcast_check_transitions_total: counter('Changes of state, by the new one.', [...OF_CHECK, 'to']),
  vpcast_health_healthy: gauge('As vpcast_check_healthy, of a named health expression.', ['health']),
  vpcast_health_state: gauge('As vpcast_check_state, of a named health expression.', ['health', 'state']),

  vpcast_ping_rtt_seconds: gauge('Round trips of the last 10 probes.', [...OF_CHECK, 'stat']),
  vpcast_ping_loss_ratio: gauge('Requests of the last 10 probes without a reply, 0 to 1.', OF_CHECK),
  vpcast_ping_sent_total: counter('Echo requests sent.', OF_CHECK),
  vpcast_ping_received_total: counter('Echo requests that were answered in time.', OF_CHECK),
  vpcast_ping_duplicates_total: counter('Further replies to a request that was answered.', OF_CHECK),
  vpcast_http_status_code: gauge('Status of the last response.', OF_CHECK),
  vpcast_certificate_not_after_timestamp_seconds: gauge(
    'When the first certificate of the chain expires, in Unix time.',
    OF_CHECK,
  ),
  vpcast_certificate_expiring_soon: gauge('1 while that is nearer than warn_remaining, else 0.', OF_CHECK),
  vpcast_ntp_offset_seconds: gauge('Clock of the server less that of this host.', OF_CHECK),
  vpcast_ntp_rtt_seconds: gauge('Round trip of the last answer.', OF_CHECK),
  vpcast_ntp_stratum: gauge('Stratum of the server.', OF_CHECK),
  vpcast_ntp_root_distance_seconds: gauge('Distance to the reference clock.', OF_CHECK),
  vpcast_dns_answers: gauge('Records in the last response that count as answers.', OF_CHECK),
  vpcast_dns_responses_total: counter('Responses by their code.', [...OF_CHECK, 'rcode']),
  vpcast_tftp_bytes: gauge('Length of the file that was read last.', OF_CHECK),
  vpcast_cabourotte_result_age_seconds: gauge('Age of the last result when it was read.', OF_CHECK),
  vpcast_conntrack_entries: gauge('Connections that the kernel tracks.', OF_CHECK),
  vpcast_conntrack_limit: gauge('Connections that it can track.', OF_CHECK),

  vpcast_group_tables: gauge('Route tables that a group means.', ['group']),
  vpcast_route_held: gauge('1 while the route points at this agent, else 0.', OF_ROUTE),
  vpcast_routes: gauge('Managed routes by what is decided for them now.', ['verdict', 'reason']),
  vpcast_route_changes_total: counter('Changes that EC2 accepted.', ['action', 'reason']),
  vpcast_route_races_total: counter('Changes that another agent was faster with.', ['action']),
  vpcast_route_failures_total: counter('Changes that EC2 refused or did not answer.', ['action', 'failure']),
  vpcast_owner_reclaimed_total: counter('Routes that their holder took back after a takeover.'),
  vpcast_owner_conflict_total: counter('Routes that another owner kept taking.'),
  vpcast_api_failing_total: counter('Times that an API began to fail.', ['api', 'failure']),
  vpcast_own_limit_waits_total: counter("Times that changes waited for the client's own limit."),

  vpcast_bgp_info: gauge('Always 1; who this speaker is.', ['router', 'asn', 'backend']),
  vpcast_bgp_peers: gauge('Peers in the configuration.'),
  vpcast_bgp_connections_refused_total: counter(
    'Connections to the listener that were closed at once, as far as they were told of.',
  ),
  vpcast_bgp_peer_info: gauge('Always 1; who a peer is.', [
    ...OF_PEER,
    'address',
    'asn',
    'session',
    'password',
  ]),
  vpcast_bgp_peer_up: gauge('1 while the session is Established, else 0.', OF_PEER),
  vpcast_bgp_peer_state: gauge('1 for the state that the session is in, 0 for the others.', [
    ...OF_PEER,
    'state',
  ]),
  vpcast_bgp_peer_established_timestamp_seconds: gauge(
    'Since when the session is Established, in Unix time; no sample while it is not.',
    OF_PEER,
  ),
  vpcast_bgp_peer_flaps_total: counter('Times that the session left Established.', OF_PEER),
  vpcast_bgp_peer_attempts: gauge(
    'Connections that were begun since the session was last Established.',
    OF_PEER,
  ),
  vpcast_bgp_peer_ends_total: counter('Sessions and attempts that ended, by why.', [...OF_PEER, 'reason']),
  vpcast_bgp_peer_last_end_timestamp_seconds: gauge(
    'When the last of them ended, in Unix time; why is in the labels.',
    [...OF_PEER, 'reason', 'code', 'subcode'],
  ),
  vpcast_bgp_peer_hold_time_seconds: gauge('Hold time agreed on; no sample without a session.', OF_PEER),
  vpcast_bgp_peer_messages_total: counter('BGP messages.', [...OF_PEER, 'direction', 'type']),
  vpcast_bgp_peer_prefixes_total: counter('Prefixes in UPDATE messages, repeats included.', [
    ...OF_PEER,
    'direction',
  ]),
  vpcast_bgp_peer_withdrawals_total: counter('Withdrawn prefixes in UPDATE messages.', [
    ...OF_PEER,
    'direction',
  ]),
  vpcast_bgp_peer_update_errors_total: counter(
    'Received UPDATE messages with an error that did not end the session (RFC 7606).',
    OF_PEER,
  ),
  vpcast_bgp_peer_prefixes_announced: gauge('Prefixes that the peer has from this agent now.', OF_PEER),
  vpcast_bgp_peer_prefixes_withheld: gauge('Prefixes that cannot be sent to the peer.', OF_PEER),
  vpcast_bgp_peer_out_queue_bytes: gauge('Bytes that wait to be sent.', OF_PEER),

  vpcast_announcements: gauge('Prefixes of the configuration by what is decided for them now.', [
    'verdict',
    'reason',
  ]),
  vpcast_announcement_desired: gauge('1 while the prefix should be announced, else 0.', OF_PREFIX),
  vpcast_announcement_peers: gauge('Peers that have the prefix from this agent now.', OF_PREFIX),
  vpcast_announcement_withheld: gauge('Peers that cannot have the prefix.', OF_PREFIX),
  vpcast_announcement_transitions_total: counter('Changes of what is desired, by the new one.', [
    ...OF_PREFIX,
    'to',
  ]),
  vpcast_service_addresses: gauge('Service addresses by how they stand.', ['interface', 'state']),
  vpcast_service_address_present: gauge('1 while the interface has the address, else 0.', [
    'address',
    'interface',
  ]),

  process_cpu_seconds_total: counter('Processor time, user and system.'),
  process_resident_memory_bytes: gauge('Resident memory.'),
  process_start_time_seconds: gauge('When the process started, in Unix time.'),
  process_open_fds: gauge('Open file descriptors.'),
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** Upper bounds in seconds: a reply from the same subnet takes less than 1 ms, and a timeout is 10 s by default at most. */
export const DURATION_BUCKETS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

export type MetricName = keyof typeof METRICS;

/** The metrics of a type. */
export type NameOf<Type extends MetricType> = {
  [Name in MetricName]: (typeof METRICS)[Name]['type'] extends Type ? Name : never;
}[MetricName];

/** A value for each label of a metric. */
export type LabelsOf<Name extends MetricName> = Readonly<
  Record<(typeof METRICS)[Name]['labels'][number], string>
>;

interface Definition<Type extends MetricType, Label extends string> {
  readonly type: Type;
  readonly labels: readonly Label[];
  readonly help: string;
}

function gauge<const Label extends string = never>(
  help: string,
  labels: readonly Label[] = [],
): Definition<'gauge', Label> {
  return { type: 'gauge', labels, help };
}

function counter<const Label extends string = never>(
  help: string,
  labels: readonly Label[] = [],
): Definition<'counter', Label> {
  return { type: 'counter', labels, help };
}

function histogram<const Label extends string>(
  help: string,
  labels: readonly Label[],
): Definition<'histogram', Label> {
  return { type: 'histogram', labels, help };
}
