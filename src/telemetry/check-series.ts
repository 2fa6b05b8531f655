import type { CheckView } from '../agent/index.ts';
import type { Health } from '../core/index.ts';
import { byHealth, healthValue } from './health-values.ts';
import { gaugesOf, type MeasuredGauge, type Measurement, type ProbeOutcome, rcodeLabel } from './measured.ts';
import type { CounterSeries, GaugeSeries, HistogramSeries, MetricStore } from './metric-store.ts';
import type { LabelsOf } from './metric-table.ts';
import { PingSeries } from './ping-series.ts';
import { SeriesScope } from './series-scope.ts';

type OfCheck = LabelsOf<'vpcast_check_healthy'>;

/** Everything that is exposed of one check. Each series is looked up once: a probe then costs about a µs. */
export class CheckSeries {
  readonly #scope: SeriesScope;
  /** What is replaced as a whole: labels of it change. */
  readonly #info: SeriesScope;
  readonly #labels: OfCheck;
  readonly #duration: HistogramSeries;
  readonly #lastSuccess: GaugeSeries;
  readonly #healthy: GaugeSeries;
  readonly #states: ReadonlyMap<Health, GaugeSeries>;
  readonly #transitions: ReadonlyMap<Health, CounterSeries>;
  readonly #byReason = new Map<string, CounterSeries>();
  readonly #gauges = new Map<string, GaugeSeries>();
  readonly #rcodes = new Map<string, CounterSeries>();
  #ping: PingSeries | undefined;
  #shown: CheckView | undefined;

  constructor(store: MetricStore, key: string) {
    const scope = new SeriesScope(store);
    const labels = labelsOf(key);
    this.#scope = scope;
    this.#info = new SeriesScope(store);
    this.#labels = labels;
    this.#duration = scope.histogram('vpcast_check_probe_duration_seconds', labels);
    this.#lastSuccess = scope.gauge('vpcast_check_last_success_timestamp_seconds', labels);
    this.#healthy = scope.gauge('vpcast_check_healthy', labels);
    this.#states = byHealth((state) => scope.gauge('vpcast_check_state', { ...labels, state }));
    this.#transitions = byHealth((to) => scope.counter('vpcast_check_transitions_total', { ...labels, to }));
    // There from the start, so that the first growth is seen as one.
    this.#counterOf('passed');
  }

  takeProbe(outcome: ProbeOutcome, wallMs: number): void {
    const { ok, reason, latencyMs, measurement } = outcome;
    (this.#byReason.get(reason) ?? this.#counterOf(reason)).add(1);
    this.#duration.observe(latencyMs / 1_000);
    if (ok) this.#lastSuccess.set(wallMs / 1_000);
    if (measurement !== undefined) this.#takeMeasurement(measurement);
  }

  takeTransition(to: Health): void {
    this.#transitions.get(to)?.add(1);
  }

  /** Whether this is still the same check: one of another kind measures other things. */
  isOf(view: CheckView): boolean {
    return this.#shown === undefined || this.#shown.spec.probe.type === view.spec.probe.type;
  }

  /** Brings what is true at this moment up to date. */
  show(view: CheckView): void {
    this.#ping?.show();
    const before = this.#shown;
    if (before?.health === view.health && before.spec === view.spec) return;
    this.#shown = view;
    if (before?.spec !== view.spec) this.#showInfo(view);
    this.#healthy.set(healthValue(view.health));
    for (const [state, gauge] of this.#states) gauge.set(state === view.health ? 1 : 0);
  }

  remove(): void {
    this.#scope.remove();
    this.#info.remove();
  }

  #counterOf(reason: ProbeOutcome['reason']): CounterSeries {
    const outcome = reason === 'passed' ? 'passed' : 'failed';
    const made = this.#scope.counter('vpcast_check_probe_total', { ...this.#labels, outcome, reason });
    this.#byReason.set(reason, made);
    return made;
  }

  #takeMeasurement(measured: Measurement): void {
    if (measured.kind === 'ping') {
      this.#ping ??= new PingSeries(this.#scope, this.#labels);
      this.#ping.take(measured);
      return;
    }
    for (const [name, value] of gaugesOf(measured)) {
      (this.#gauges.get(name) ?? this.#gaugeOf(name)).set(value);
    }
    if (measured.kind !== 'dns') return;
    const rcode = rcodeLabel(measured.rcode);
    (this.#rcodes.get(rcode) ?? this.#rcodeOf(rcode)).add(1);
  }

  #gaugeOf(name: MeasuredGauge): GaugeSeries {
    const made = this.#scope.gauge(name, this.#labels);
    this.#gauges.set(name, made);
    return made;
  }

  #rcodeOf(rcode: string): CounterSeries {
    const made = this.#scope.counter('vpcast_dns_responses_total', { ...this.#labels, rcode });
    this.#rcodes.set(rcode, made);
    return made;
  }

  #showInfo({ spec }: CheckView): void {
    this.#info.remove();
    const [kind, destination] = [spec.probe.type, spec.destination];
    this.#info.gauge('vpcast_check_info', { ...this.#labels, kind, destination }).set(1);
  }
}

/** A remote check is named `<check>@<interface of the holder>` in events. */
export function labelsOf(key: string): OfCheck {
  const found = /^(.*)@(eni-[\w-]+)$/s.exec(key);
  return { check: found?.[1] ?? key, holder: found?.[2] ?? '' };
}
