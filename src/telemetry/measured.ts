import type { AgentEvent } from '../agent/index.ts';
import { assertNever } from '../lib/assert-never.ts';
import type { NameOf } from './metric-table.ts';

export type ProbeOutcome = Extract<AgentEvent, { readonly type: 'probe' }>['outcome'];

/** What a probe measured beside its latency. */
export type Measurement = NonNullable<ProbeOutcome['measurement']>;

/** The gauges that belong to one kind of check. */
export type MeasuredGauge = Extract<
  NameOf<'gauge'>,
  `vpcast_${'http' | 'certificate' | 'ntp' | 'dns' | 'tftp' | 'cabourotte' | 'conntrack'}_${string}`
>;

type Gauged = readonly (readonly [MeasuredGauge, number])[];

const NONE: Gauged = [];

/** The gauges that a measurement sets as it is. What has to be counted or summed up over several is not among them. */
export function gaugesOf(measured: Measurement): Gauged {
  switch (measured.kind) {
    case 'ping':
      return NONE;
    case 'http':
      return [['vpcast_http_status_code', measured.status]];
    case 'tls_certificate':
      return [
        ['vpcast_certificate_not_after_timestamp_seconds', measured.notAfterMs / 1_000],
        ['vpcast_certificate_expiring_soon', measured.isExpiringSoon ? 1 : 0],
      ];
    case 'ntp':
      return [
        ['vpcast_ntp_offset_seconds', measured.offsetMs / 1_000],
        ['vpcast_ntp_rtt_seconds', measured.rttMs / 1_000],
        ['vpcast_ntp_stratum', measured.stratum],
        ['vpcast_ntp_root_distance_seconds', measured.rootDistanceMs / 1_000],
      ];
    case 'dns':
      return [['vpcast_dns_answers', measured.answers]];
    case 'tftp':
      return [['vpcast_tftp_bytes', measured.bytes]];
    case 'cabourotte':
      return [['vpcast_cabourotte_result_age_seconds', measured.ageMs / 1_000]];
    case 'conntrack':
      return [
        ['vpcast_conntrack_entries', measured.entries],
        ['vpcast_conntrack_limit', measured.limit],
      ];
    default:
      return assertNever(measured);
  }
}

/** RFC 1035 §4.1.1 and RFC 2136 §2.2. */
const RCODES: ReadonlySet<string> = new Set([
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
]);

/** A server may answer with any number: those without a name share one series, so that it can't make thousands. */
export function rcodeLabel(rcode: string): string {
  return RCODES.has(rcode) ? rcode : 'other';
}
