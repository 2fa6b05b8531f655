import { setImmediate } from 'node:timers/promises';
import { CounterOrGauge, DurationHistogram, type SeriesLines } from './metric-series.ts';
import {
  type LabelsOf,
  METRICS,
  type MetricDefinition,
  type MetricName,
  type NameOf,
} from './metric-table.ts';

export interface CounterSeries {
  add(count: number): void;
  /** Takes over a total that is counted elsewhere. */
  set(total: number): void;
}

export interface GaugeSeries {
  /** undefined: there is nothing to show. */
  set(value: number | undefined): void;
}

export interface HistogramSeries {
  observe(value: number): void;
}

/** Media type of what `MetricStore.expose` gives. */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Lines that are written at one go: about 1 ms. Probes go on between two goes. */
const LINES_AT_ONCE = 1_000;

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly definition: MetricDefinition;
  /** By the labels as they are written. */
  readonly series: Map<string, SeriesLines>;
}

/**
 * Holds what is exposed, under the names and labels of the metric table. A series is looked up once and then written to
 * directly: at 1,000 checks a library's look-ups and its one long exposition would delay probes.
 */
export class MetricStore {
  readonly #families: ReadonlyMap<string, Family>;

  constructor() {
    const definitions = Object.entries<MetricDefinition>(METRICS);
    this.#families = new Map(
      definitions.map(([name, definition]) => [name, { definition, series: new Map() }]),
    );
  }

  /** The series of these labels, at 0 where it is new. */
  counter<Name extends NameOf<'counter'>>(name: Name, labels: LabelsOf<Name>): CounterSeries {
    return this.#find(name, labels, (head) => new CounterOrGauge(name, head, 0));
  }

  /** The series of these labels; a new one shows nothing before it is set. */
  gauge<Name extends NameOf<'gauge'>>(name: Name, labels: LabelsOf<Name>): GaugeSeries {
    return this.#find(name, labels, (head) => new CounterOrGauge(name, head, undefined));
  }

  /** The series of these labels, empty where it is new. */
  histogram<Name extends NameOf<'histogram'>>(name: Name, labels: LabelsOf<Name>): HistogramSeries {
    return this.#find(name, labels, (head) => new DurationHistogram(name, head));
  }

  /** Takes one series out; what still writes to it writes to nothing. */
  remove<Name extends MetricName>(name: Name, labels: LabelsOf<Name>): void {
    const { definition, series } = this.#family(name);
    series.delete(writeLabels(definition, labels));
  }

  /** Takes all series of a metric out. */
  clear(name: MetricName): void {
    this.#family(name).series.clear();
  }

  /** All of it in Prometheus' text format 0.0.4, UTF-8. Metrics without a series are left out. */
  async expose(): Promise<Buffer> {
    const parts: Buffer[] = [];
    let text = '';
    let lines = 0;
    for (const [name, { definition, series }] of this.#families) {
      const head = `# HELP ${name} ${escapeText(definition.help)}\n# TYPE ${name} ${definition.type}\n`;
      let isHeadWritten = false;
      for (const one of [...series.values()]) {
        const written = one.lines();
        if (written === '') continue;
        text += isHeadWritten ? written : head + written;
        isHeadWritten = true;
        lines += one.count;
        if (lines < LINES_AT_ONCE) continue;
        parts.push(Buffer.from(text));
        text = '';
        lines = 0;
        await setImmediate();
      }
    }
    parts.push(Buffer.from(text));
    return Buffer.concat(parts);
  }

  #family(name: string): Family {
    const family = this.#families.get(name);
    if (family === undefined) throw new RangeError(`no metric ${name}`);
    return family;
  }

  #find<Series extends SeriesLines>(name: string, labels: Labels, make: (head: string) => Series): Series {
    const { definition, series } = this.#family(name);
    const key = writeLabels(definition, labels);
    // What is kept under a name is always what this name's own method has made.
    const known = series.get(key) as Series | undefined;
    if (known !== undefined) return known;
    const made = make(key);
    series.set(key, made);
    return made;
  }
}

/** `check="dns",holder=""`, in the order of the table. */
function writeLabels({ labels: names }: MetricDefinition, labels: Labels): string {
  return names.map((name) => `${name}="${escapeLabel(labels[name] ?? '')}"`).join(',');
}

function escapeLabel(value: string): string {
  // Hardly any has something to escape, and a table of routes has thousands.
  return /[\\\n"]/.test(value) ? escapeAll(value) : value;
}

function escapeAll(value: string): string {
  return escapeText(value).replaceAll('"', '\\"');
}

function escapeText(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
