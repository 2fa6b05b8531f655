import { DURATION_BUCKETS } from './metric-table.ts';

/** One series as it is exposed. */
export interface SeriesLines {
  /** How many lines it makes. */
  readonly count: number;
  /** Whole lines; empty where there is nothing to show. */
  lines(): string;
}

/** One number. `labels` are written already. */
export class CounterOrGauge implements SeriesLines {
  readonly count = 1;
  readonly #head: string;
  #value: number | undefined;

  constructor(name: string, labels: string, value: number | undefined) {
    this.#head = labels === '' ? name : `${name}{${labels}}`;
    this.#value = value;
  }

  add(count: number): void {
    this.#value = (this.#value ?? 0) + count;
  }

  set(value: number | undefined): void {
    this.#value = value;
  }

  lines(): string {
    return this.#value === undefined ? '' : `${this.#head} ${written(this.#value)}\n`;
  }
}

/** Durations in seconds, counted by the buckets of the metric table. */
export class DurationHistogram implements SeriesLines {
  readonly count = DURATION_BUCKETS.length + 3;
  readonly #name: string;
  readonly #labels: string;
  /** Of each bucket alone; the last is for what is beyond all bounds. */
  readonly #counts = new Float64Array(DURATION_BUCKETS.length + 1);
  #sum = 0;

  constructor(name: string, labels: string) {
    this.#name = name;
    this.#labels = labels;
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < DURATION_BUCKETS.length && value > (DURATION_BUCKETS[bucket] ?? 0)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  lines(): string {
    const [name, labels] = [this.#name, this.#labels];
    let total = 0;
    let text = '';
    for (let bucket = 0; bucket < this.#counts.length; bucket += 1) {
      total += this.#counts[bucket] ?? 0;
      text += `${name}_bucket{${labels},le="${DURATION_BUCKETS[bucket] ?? '+Inf'}"} ${total}\n`;
    }
    return `${text}${name}_sum{${labels}} ${written(this.#sum)}\n${name}_count{${labels}} ${total}\n`;
  }
}

/** As Prometheus reads it. */
function written(value: number): string {
  if (Number.isFinite(value)) return `${value}`;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
