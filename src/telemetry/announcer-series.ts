import { setImmediate } from 'node:timers/promises';
import type { AnnouncerStatus, PrefixStatus, ServiceAddressStatus } from '../announce/index.ts';
import type { SessionEnd } from '../bgp/index.ts';
import type { DecidedPrefix } from '../core/index.ts';
import type { CounterSeries, GaugeSeries, MetricStore } from './metric-store.ts';
import { PeerSeries, type ToUnixSeconds } from './peer-series.ts';
import { PeerTotals } from './peer-totals.ts';
import { SeriesScope } from './series-scope.ts';

/** What is decided for each prefix of the configuration, and what the backend has made of it. */
export interface ShownAnnouncer {
  readonly status: AnnouncerStatus;
  readonly prefixes: readonly Pick<DecidedPrefix, 'prefix' | 'verdict' | 'reason' | 'isAnnounced'>[];
}

/** Probes go on between two goes, also at the first scrape, which makes all the series. */
const PREFIXES_AT_ONCE = 50;

const ADDRESS_STATES: Readonly<Record<ServiceAddressStatus['state'], true>> = {
  absent: true,
  present: true,
  foreign: true,
  failed: true,
};

/**
 * Everything that is exposed of the announcer. There is no series for a pair of prefix and peer: each counts the other, and
 * the log names the pairs that can't be.
 */
export class AnnouncerSeries {
  readonly #store: MetricStore;
  /** What is made anew at every scrape: few series, whose labels change. */
  readonly #summary: SeriesScope;
  readonly #peers = new Map<string, PeerSeries>();
  readonly #prefixes = new Map<string, PrefixSeries>();
  /** By name, and by prefix. They outlive the series: what a reload takes out and brings back never counts backwards. */
  readonly #totals = new Map<string, PeerTotals>();
  readonly #transitions = new Map<string, Transitions>();

  constructor(store: MetricStore) {
    this.#store = store;
    this.#summary = new SeriesScope(store);
  }

  /** A session or an attempt has ended. */
  countEnd(peer: string, end: SessionEnd, wasEstablished: boolean): void {
    this.#totalsOf(peer).countEnd(end, wasEstablished);
  }

  /** A prefix that was announced is to be withdrawn, or the other way round. */
  countTransition(prefix: string, isAnnounced: boolean): void {
    this.#transitionsOf(prefix)[isAnnounced ? 'announced' : 'withdrawn'] += 1;
  }

  /** Shows the announcer as it is at this moment: what is gone is not shown any more. undefined: there is none. */
  async show(announcer: ShownAnnouncer | undefined, toUnixSeconds: ToUnixSeconds): Promise<void> {
    this.#summary.remove();
    const peers = announcer?.status.speaker.peers ?? [];
    keepOnly(this.#peers, new Set(peers.map(({ name }) => name)));
    for (const peer of peers) {
      this.#peerOf(peer.name).show(peer, toUnixSeconds);
      await setImmediate();
    }
    if (announcer !== undefined) this.#showSummary(announcer);
    await this.#showPrefixes(announcer);
  }

  async #showPrefixes(announcer: ShownAnnouncer | undefined): Promise<void> {
    const actual = new Map(announcer?.status.prefixes.map((each) => [each.prefix, each]));
    const desired = new Map(announcer?.prefixes.map(({ prefix, isAnnounced }) => [prefix, isAnnounced]));
    const names = new Set([...desired.keys(), ...actual.keys()]);
    keepOnly(this.#prefixes, names);
    let shown = 0;
    for (const prefix of names) {
      const status = actual.get(prefix);
      this.#prefixOf(prefix).show(status, desired.get(prefix) ?? status?.isDesired ?? false);
      shown += 1;
      if (shown % PREFIXES_AT_ONCE === 0) await setImmediate();
    }
  }

  #showSummary({ status, prefixes }: ShownAnnouncer): void {
    const { backend, speaker, addresses } = status;
    const [router, asn] = [speaker.routerId, `${speaker.localAsn}`];
    this.#summary.gauge('vpcast_bgp_info', { router, asn, backend }).set(1);
    this.#summary.gauge('vpcast_bgp_peers', {}).set(speaker.peers.length);
    const decided = Map.groupBy(prefixes, ({ verdict, reason }) => `${verdict} ${reason}`);
    for (const [key, { length }] of decided) {
      const [verdict = '', reason = ''] = key.split(' ');
      this.#summary.gauge('vpcast_announcements', { verdict, reason }).set(length);
    }
    for (const [name, of] of Map.groupBy(addresses, (each) => each.interface)) this.#showAddresses(name, of);
  }

  #showAddresses(name: string, addresses: readonly ServiceAddressStatus[]): void {
    for (const state of Object.keys(ADDRESS_STATES)) {
      const count = addresses.filter((each) => each.state === state).length;
      this.#summary.gauge('vpcast_service_addresses', { interface: name, state }).set(count);
    }
    for (const { address, state } of addresses) {
      const isPresent = state === 'present' || state === 'foreign';
      const labels = { address, interface: name };
      this.#summary.gauge('vpcast_service_address_present', labels).set(isPresent ? 1 : 0);
    }
  }

  #peerOf(name: string): PeerSeries {
    return entryOf(this.#peers, name, () => new PeerSeries(this.#store, name, this.#totalsOf(name)));
  }

  #totalsOf(name: string): PeerTotals {
    return entryOf(this.#totals, name, () => new PeerTotals());
  }

  #prefixOf(prefix: string): PrefixSeries {
    const make = () => new PrefixSeries(this.#store, prefix, this.#transitionsOf(prefix));
    return entryOf(this.#prefixes, prefix, make);
  }

  #transitionsOf(prefix: string): Transitions {
    return entryOf(this.#transitions, prefix, () => ({ announced: 0, withdrawn: 0 }));
  }
}

/** How often a prefix came to be announced, and withdrawn. */
interface Transitions {
  announced: number;
  withdrawn: number;
}

class PrefixSeries {
  readonly #scope: SeriesScope;
  readonly #desired: GaugeSeries;
  readonly #peers: GaugeSeries;
  readonly #withheld: GaugeSeries;
  readonly #announced: CounterSeries;
  readonly #withdrawn: CounterSeries;
  readonly #transitions: Transitions;

  constructor(store: MetricStore, prefix: string, transitions: Transitions) {
    const scope = new SeriesScope(store);
    this.#scope = scope;
    this.#transitions = transitions;
    this.#desired = scope.gauge('vpcast_announcement_desired', { prefix });
    this.#peers = scope.gauge('vpcast_announcement_peers', { prefix });
    this.#withheld = scope.gauge('vpcast_announcement_withheld', { prefix });
    this.#announced = scope.counter('vpcast_announcement_transitions_total', { prefix, to: 'announced' });
    this.#withdrawn = scope.counter('vpcast_announcement_transitions_total', { prefix, to: 'withdrawn' });
  }

  show(status: PrefixStatus | undefined, isDesired: boolean): void {
    this.#desired.set(isDesired ? 1 : 0);
    this.#peers.set(status?.announcedTo.length ?? 0);
    this.#withheld.set(Object.keys(status?.withheldFrom ?? {}).length);
    this.#announced.set(this.#transitions.announced);
    this.#withdrawn.set(this.#transitions.withdrawn);
  }

  remove(): void {
    this.#scope.remove();
  }
}

function keepOnly(series: Map<string, { remove(): void }>, names: ReadonlySet<string>): void {
  for (const [name, each] of series) {
    if (names.has(name)) continue;
    each.remove();
    series.delete(name);
  }
}

function entryOf<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
