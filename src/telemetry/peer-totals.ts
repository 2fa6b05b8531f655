import type { PeerStatus, SessionEnd } from '../bgp/index.ts';
import type { CounterSeries } from './metric-store.ts';
import type { SeriesScope } from './series-scope.ts';

/** A total that a session counts, and the counter that shows it. */
export interface Total {
  readonly make: (scope: SeriesScope, peer: string) => CounterSeries;
  readonly read: (status: PeerStatus) => number;
}

const DIRECTIONS = ['received', 'sent'] as const;
const MESSAGES = ['open', 'update', 'keepalive', 'notification', 'route-refresh'] as const;

/** All of them; `PeerTotals` gives its sums in this order. */
export const TOTALS: readonly Total[] = [
  ...DIRECTIONS.flatMap((direction) =>
    MESSAGES.map((type): Total => {
      return {
        make: (scope, peer) => scope.counter('vpcast_bgp_peer_messages_total', { peer, direction, type }),
        read: (status) => status[direction][type],
      };
    }),
  ),
  {
    make: (scope, peer) => scope.counter('vpcast_bgp_peer_prefixes_total', { peer, direction: 'received' }),
    read: ({ receivedPrefixes }) => receivedPrefixes,
  },
  {
    make: (scope, peer) => scope.counter('vpcast_bgp_peer_prefixes_total', { peer, direction: 'sent' }),
    read: ({ sentPrefixes }) => sentPrefixes,
  },
  {
    make: (scope, peer) =>
      scope.counter('vpcast_bgp_peer_withdrawals_total', { peer, direction: 'received' }),
    read: ({ receivedWithdrawals }) => receivedWithdrawals,
  },
  {
    make: (scope, peer) => scope.counter('vpcast_bgp_peer_withdrawals_total', { peer, direction: 'sent' }),
    read: ({ sentWithdrawals }) => sentWithdrawals,
  },
  {
    make: (scope, peer) => scope.counter('vpcast_bgp_peer_update_errors_total', { peer }),
    read: ({ receivedErrors }) => receivedErrors,
  },
];

/**
 * What has been counted of one peer since the start, also while it was out of the configuration. A reload may end its session
 * and begin another one, whose totals begin at 0.
 */
export class PeerTotals {
  /** Of the present session. */
  #last: readonly number[] = [];
  readonly #sums: number[] = TOTALS.map(() => 0);
  readonly #ends = new Map<string, number>();
  #flaps = 0;
  #lastEnd: SessionEnd | undefined;
  /** Monotonic ms; undefined: not since the last `take`. */
  #endedOnPurposeAtMs: number | undefined;

  countEnd(end: SessionEnd, wasEstablished: boolean): void {
    this.#lastEnd = end;
    this.#ends.set(end.reason, this.endsBy(end.reason) + 1);
    if (wasEstablished) this.#flaps += 1;
    if (end.reason === 'administrative') this.#endedOnPurposeAtMs = end.atMs;
  }

  endsBy(reason: string): number {
    return this.#ends.get(reason) ?? 0;
  }

  get flaps(): number {
    return this.#flaps;
  }

  /** Of whichever session. */
  get lastEnd(): SessionEnd | undefined {
    return this.#lastEnd;
  }

  /** In the order of `TOTALS`: what came since the last time is added. */
  take(status: PeerStatus): readonly number[] {
    const now = TOTALS.map(({ read }) => read(status));
    const isAnew = this.#isAnother(status) || now.some((value, at) => value < (this.#last[at] ?? 0));
    for (const [at, value] of now.entries()) {
      this.#sums[at] = (this.#sums[at] ?? 0) + value - (isAnew ? 0 : (this.#last[at] ?? 0));
    }
    this.#last = now;
    return this.#sums;
  }

  /** It was ended on purpose, and this one knows nothing of it. */
  #isAnother({ lastEnd }: PeerStatus): boolean {
    const endedAtMs = this.#endedOnPurposeAtMs;
    if (endedAtMs === undefined || lastEnd?.atMs === endedAtMs) return false;
    this.#endedOnPurposeAtMs = undefined;
    return true;
  }
}
