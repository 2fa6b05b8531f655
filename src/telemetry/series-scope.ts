import type { CounterSeries, GaugeSeries, HistogramSeries, MetricStore } from './metric-store.ts';
import type { LabelsOf, NameOf } from './metric-table.ts';

/** The series that are made for one thing, so that they go when it goes. */
export class SeriesScope {
  readonly #store: MetricStore;
  readonly #undo: (() => void)[] = [];

  constructor(store: MetricStore) {
    this.#store = store;
  }

  counter<Name extends NameOf<'counter'>>(name: Name, labels: LabelsOf<Name>): CounterSeries {
    this.#undo.push(() => this.#store.remove(name, labels));
    return this.#store.counter(name, labels);
  }

  gauge<Name extends NameOf<'gauge'>>(name: Name, labels: LabelsOf<Name>): GaugeSeries {
    this.#undo.push(() => this.#store.remove(name, labels));
    return this.#store.gauge(name, labels);
  }

  histogram<Name extends NameOf<'histogram'>>(name: Name, labels: LabelsOf<Name>): HistogramSeries {
    this.#undo.push(() => this.#store.remove(name, labels));
    return this.#store.histogram(name, labels);
  }

  /** Takes them all out. */
  remove(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }
}
