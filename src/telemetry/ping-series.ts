import type { Measurement } from './measured.ts';
import type { CounterSeries, GaugeSeries } from './metric-store.ts';
import type { LabelsOf } from './metric-table.ts';
import { PingWindow } from './ping-window.ts';
import type { SeriesScope } from './series-scope.ts';

type Pinged = Extract<Measurement, { readonly kind: 'ping' }>;

const STATS = ['min', 'avg', 'max', 'stddev'] as const;
const NOTHING: Pick<Pinged, 'sent' | 'received' | 'duplicates'> = { sent: 0, received: 0, duplicates: 0 };

/** What is exposed of a ping check beside what all checks have. */
export class PingSeries {
  readonly #window = new PingWindow();
  readonly #sent: CounterSeries;
  readonly #received: CounterSeries;
  readonly #duplicates: CounterSeries;
  readonly #loss: GaugeSeries;
  readonly #rtt: Readonly<Record<(typeof STATS)[number], GaugeSeries>>;
  #before = NOTHING;

  constructor(scope: SeriesScope, labels: LabelsOf<'vpcast_ping_sent_total'>) {
    this.#sent = scope.counter('vpcast_ping_sent_total', labels);
    this.#received = scope.counter('vpcast_ping_received_total', labels);
    this.#duplicates = scope.counter('vpcast_ping_duplicates_total', labels);
    this.#loss = scope.gauge('vpcast_ping_loss_ratio', labels);
    const rtt = (stat: string) => scope.gauge('vpcast_ping_rtt_seconds', { ...labels, stat });
    this.#rtt = { min: rtt('min'), avg: rtt('avg'), max: rtt('max'), stddev: rtt('stddev') };
  }

  /** The probe counts from its own beginning; a count that is smaller than before is a new one's. */
  take(pinged: Pinged): void {
    const before = isAfter(pinged, this.#before) ? this.#before : NOTHING;
    const sent = pinged.sent - before.sent;
    const received = pinged.received - before.received;
    this.#before = pinged;
    this.#sent.add(sent);
    this.#received.add(received);
    this.#duplicates.add(pinged.duplicates - before.duplicates);
    this.#window.add({ sent, received, rttMs: pinged.rttMs });
  }

  /** Without a reply there is no round trip to show. */
  show(): void {
    const rtt = this.#window.rtt();
    for (const stat of STATS) this.#rtt[stat].set(rtt?.[stat]);
    this.#loss.set(this.#window.lossRatio());
  }
}

/** A new probe's first requests may be as many as all of the one before it. */
function isAfter({ sent, received, duplicates }: Pinged, before: typeof NOTHING): boolean {
  return sent >= before.sent && received >= before.received && duplicates >= before.duplicates;
}
