import type { PeerStatus, SessionEndReason, SessionState } from '../bgp/index.ts';
import type { CounterSeries, GaugeSeries, MetricStore } from './metric-store.ts';
import type { NameOf } from './metric-table.ts';
import { type PeerTotals, TOTALS } from './peer-totals.ts';
import { SeriesScope } from './series-scope.ts';

/** A point in monotonic ms as Unix time in seconds. */
export type ToUnixSeconds = (atMs: number) => number;

const STATES: Readonly<Record<SessionState, true>> = {
  Idle: true,
  Connect: true,
  Active: true,
  OpenSent: true,
  OpenConfirm: true,
  Established: true,
};

const END_REASONS: Readonly<Record<SessionEndReason, true>> = {
  'connect-failed': true,
  'not-supported': true,
  'connection-lost': true,
  'hold-timer-expired': true,
  'send-hold-timer-expired': true,
  'notification-received': true,
  'notification-sent': true,
  collision: true,
  administrative: true,
};

type OfPeer = 'up' | 'attempts' | 'hold_time_seconds' | `prefixes_${string}` | 'out_queue_bytes';

/** What is read off a peer as it is. */
const GAUGES: readonly (readonly [
  Extract<NameOf<'gauge'>, `vpcast_bgp_peer_${OfPeer}`>,
  (status: PeerStatus) => number | undefined,
])[] = [
  ['vpcast_bgp_peer_up', ({ state }) => (state === 'Established' ? 1 : 0)],
  ['vpcast_bgp_peer_attempts', ({ attempts }) => attempts],
  ['vpcast_bgp_peer_hold_time_seconds', ({ negotiated }) => negotiated?.holdTimeSec],
  ['vpcast_bgp_peer_prefixes_announced', ({ announced }) => announced.size],
  ['vpcast_bgp_peer_prefixes_withheld', ({ withheld }) => withheld.size],
  ['vpcast_bgp_peer_out_queue_bytes', ({ outQueueBytes }) => outQueueBytes],
];

/** The two clocks are rounded on their own: a point in time that moved by less than this has not moved. */
const CLOCK_SLACK_SECONDS = 0.5;

/** Everything that is exposed of one peer. */
export class PeerSeries {
  readonly #peer: string;
  readonly #scope: SeriesScope;
  /** What is replaced as a whole, as labels of it change. */
  readonly #info: SeriesScope;
  readonly #lastEnd: SeriesScope;
  readonly #states: ReadonlyMap<string, GaugeSeries>;
  readonly #ends: ReadonlyMap<string, CounterSeries>;
  readonly #counters: readonly CounterSeries[];
  readonly #totals: PeerTotals;
  readonly #gauges: readonly GaugeSeries[];
  readonly #established: GaugeSeries;
  readonly #flaps: CounterSeries;
  readonly #establishedAt = new PointInTime();
  readonly #endedAt = new PointInTime();
  #shownInfo = '';

  constructor(store: MetricStore, peer: string, totals: PeerTotals) {
    const scope = new SeriesScope(store);
    this.#peer = peer;
    this.#totals = totals;
    this.#scope = scope;
    this.#info = new SeriesScope(store);
    this.#lastEnd = new SeriesScope(store);
    this.#states = byKey(STATES, (state) => scope.gauge('vpcast_bgp_peer_state', { peer, state }));
    this.#ends = byKey(END_REASONS, (reason) =>
      scope.counter('vpcast_bgp_peer_ends_total', { peer, reason }),
    );
    this.#established = scope.gauge('vpcast_bgp_peer_established_timestamp_seconds', { peer });
    this.#gauges = GAUGES.map(([name]) => scope.gauge(name, { peer }));
    this.#flaps = scope.counter('vpcast_bgp_peer_flaps_total', { peer });
    this.#counters = TOTALS.map(({ make }) => make(scope, peer));
  }

  /** Brings what is true at this moment up to date. */
  show(status: PeerStatus, toUnixSeconds: ToUnixSeconds): void {
    for (const [state, gauge] of this.#states) gauge.set(state === status.state ? 1 : 0);
    for (const [at, [, read]] of GAUGES.entries()) this.#gauges[at]?.set(read(status));
    for (const [at, sum] of this.#totals.take(status).entries()) this.#counters[at]?.set(sum);
    for (const [reason, series] of this.#ends) series.set(this.#totals.endsBy(reason));
    this.#flaps.set(this.#totals.flaps);
    this.#showInfo(status);
    this.#established.set(this.#establishedAt.take(status.establishedAtMs, toUnixSeconds));
    this.#showLastEnd(toUnixSeconds);
  }

  remove(): void {
    for (const scope of [this.#scope, this.#info, this.#lastEnd]) scope.remove();
  }

  #showInfo({ remoteAddress: address, remoteAsn, isIbgp, hasPassword }: PeerStatus): void {
    const labels = {
      peer: this.#peer,
      address,
      asn: `${remoteAsn}`,
      session: isIbgp ? 'ibgp' : 'ebgp',
      password: hasPassword ? 'yes' : 'no',
    };
    const shown = Object.values(labels).join(' ');
    if (shown === this.#shownInfo) return;
    this.#shownInfo = shown;
    this.#info.remove();
    this.#info.gauge('vpcast_bgp_peer_info', labels).set(1);
  }

  #showLastEnd(toUnixSeconds: ToUnixSeconds): void {
    const end = this.#totals.lastEnd;
    if (end === undefined) return;
    const [code, subcode] = [`${end.errorCode ?? ''}`, `${end.errorSubcode ?? ''}`];
    const labels = { peer: this.#peer, reason: end.reason, code, subcode };
    this.#lastEnd.remove();
    this.#lastEnd
      .gauge('vpcast_bgp_peer_last_end_timestamp_seconds', labels)
      .set(this.#endedAt.take(end.atMs, toUnixSeconds));
  }
}

function byKey<Value>(
  keys: Readonly<Record<string, true>>,
  make: (key: string) => Value,
): ReadonlyMap<string, Value> {
  return new Map(Object.keys(keys).map((key) => [key, make(key)]));
}

/** A point in monotonic time as it is shown: it does not move but with a step of the wall clock. */
class PointInTime {
  #atMs: number | undefined;
  #shown: number | undefined;

  take(atMs: number | undefined, toUnixSeconds: ToUnixSeconds): number | undefined {
    const [before, now] = [this.#shown, atMs === undefined ? undefined : toUnixSeconds(atMs)];
    const movedSeconds = Math.abs((now ?? 0) - (before ?? 0));
    if (atMs !== this.#atMs || movedSeconds >= CLOCK_SLACK_SECONDS) this.#shown = now;
    this.#atMs = atMs;
    return this.#shown;
  }
}
