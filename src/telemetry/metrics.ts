import type { AgentEvent, AgentSnapshot, CheckView } from '../agent/index.ts';
import type { Clock } from '../lib/clock.ts';
import { AnnouncerSeries } from './announcer-series.ts';
import { CheckSeries } from './check-series.ts';
import { countEvent, startCounts } from './event-counts.ts';
import { CONTENT_TYPE, MetricStore } from './metric-store.ts';
import { type ProcessFacts, showProcess, showSnapshot } from './snapshot-gauges.ts';

export interface MetricsOptions {
  readonly version: string;
  readonly clock: Pick<Clock, 'now' | 'wallNow'>;
  readProcess(): ProcessFacts;
}

/** What a scraper gets. */
export interface Exposition {
  readonly contentType: string;
  readonly body: Buffer;
}

/**
 * The metrics of one agent: it counts events as they come, and reads everything that is a state (health, routes, BGP) from the
 * agent when it is scraped, so that no event can be missed.
 */
export class Metrics {
  readonly #options: MetricsOptions;
  readonly #store = new MetricStore();
  readonly #checks = new Map<string, CheckSeries>();
  readonly #announcer = new AnnouncerSeries(this.#store);
  #exposing: Promise<Exposition> | undefined;

  constructor(options: MetricsOptions) {
    this.#options = options;
    startCounts(this.#store, options.version);
  }

  /** Takes an event. A probe's costs about a µs. */
  observe(event: AgentEvent): void {
    switch (event.type) {
      case 'probe':
        this.#checkOf(event.check).takeProbe(event.outcome, this.#options.clock.wallNow());
        break;
      case 'health':
        this.#checkOf(event.check).takeTransition(event.to);
        break;
      case 'remote-check':
        if (event.change === 'stopped') this.#forget(event.check);
        break;
      case 'peer-state':
        this.#countEnd(event);
        break;
      case 'announcement': {
        const { prefix, wasAnnounced, isAnnounced } = event;
        if (wasAnnounced !== isAnnounced) this.#announcer.countTransition(prefix, isAnnounced);
        break;
      }
      default:
        countEvent(this.#store, event);
    }
  }

  /** All metrics; the agent's states are those of the snapshot. Scrapes at the same time share one answer. */
  expose(snapshot: AgentSnapshot | undefined): Promise<Exposition> {
    this.#exposing ??= this.#expose(snapshot).finally(() => {
      this.#exposing = undefined;
    });
    return this.#exposing;
  }

  async #expose(snapshot: AgentSnapshot | undefined): Promise<Exposition> {
    if (snapshot !== undefined) {
      this.#showChecks(snapshot.checks);
      await showSnapshot(this.#store, snapshot);
      await this.#announcer.show(snapshot.announcer, this.#toUnixSeconds());
    }
    showProcess(this.#store, this.#options.readProcess());
    return { contentType: CONTENT_TYPE, body: await this.#store.expose() };
  }

  #countEnd({ peer, from, end }: Extract<AgentEvent, { readonly type: 'peer-state' }>): void {
    if (end !== undefined) this.#announcer.countEnd(peer, end, from === 'Established');
  }

  /** As the clocks stand now. */
  #toUnixSeconds(): (atMs: number) => number {
    const { clock } = this.#options;
    const offsetMs = clock.wallNow() - clock.now();
    return (atMs) => (atMs + offsetMs) / 1_000;
  }

  #showChecks(views: readonly CheckView[]): void {
    const running = new Set(views.map(({ key }) => key));
    for (const key of this.#checks.keys()) if (!running.has(key)) this.#forget(key);
    for (const view of views) {
      if (this.#checks.get(view.key)?.isOf(view) === false) this.#forget(view.key);
      this.#checkOf(view.key).show(view);
    }
  }

  #checkOf(key: string): CheckSeries {
    const known = this.#checks.get(key);
    if (known !== undefined) return known;
    const made = new CheckSeries(this.#store, key);
    this.#checks.set(key, made);
    return made;
  }

  #forget(key: string): void {
    this.#checks.get(key)?.remove();
    this.#checks.delete(key);
  }
}
