import type { JournalEntry } from '../../../src/sandbox/index.ts';
import { ANYCAST, DEFAULT_ROUTE, EXTRA, TIMING } from './config.ts';
import type { Fleet } from './fleet.ts';
import { isRouteChange, RouteHistory, routeOf } from './history.ts';
import { pathsBetween } from './net-faults.ts';
import type { ChaosNode } from './node.ts';
import { Reads, type Sight } from './reads.ts';

/** Something that must never be. */
export interface Violation {
  readonly rule: string;
  readonly atMs: number;
  readonly what: string;
}

/** What was measured on the way. */
export interface Measures {
  /** Deletes of a route that was another's by then: the race that EC2 leaves open, for want of compare-and-set. */
  lateDeletes: number;
  /** From the deleter's read that showed the route as its own until the delete took effect, at worst. */
  worstReadToDeleteMs: number;
  takeovers: number;
  /** Those of them from a holder that was well: only a path between the two was not. */
  blindTakeovers: number;
  /** Takeovers that only the lateness of this machine explains. */
  excusedByLateness: number;
  /** How often one run of an agent blindly took one route from one and the same holder within 30 s, at most. */
  mostExchanges: number;
}

/** A change is decided on facts no older than this (docs/architecture.md, "What always holds"). */
const FRESH_MS = 1_000;
/** EC2's statuses are believed for this long. */
const STATUS_MS = 10_000;
const EXCHANGE_WINDOW_MS = 30_000;
/** What a busy machine may add. */
const MARGIN_MS = 700;

/** From a read's beginning to the arrival of the change that rests on it, by the agent's rules. */
export const READ_TO_CHANGE_MS = TIMING.requestTimeoutMs + FRESH_MS + TIMING.requestTimeoutMs;

/** The least time in which `fall` probes of a new process can fail: the first slot is half a period away. */
const LEAST_FALL_MS = (TIMING.fall - 1.5) * TIMING.everyMs;

/** For so long a healthy thing may still be taken for unhealthy, and a dead one for healthy. */
const NOTICE_MS = Math.max(TIMING.rise, TIMING.fall) * TIMING.everyMs + TIMING.timeoutMs;

/** Judges every change that agents made by the API's journal and the driver's own record. */
export class Judge {
  readonly violations: Violation[] = [];
  readonly measures: Measures = {
    lateDeletes: 0,
    worstReadToDeleteMs: 0,
    takeovers: 0,
    blindTakeovers: 0,
    excusedByLateness: 0,
    mostExchanges: 0,
  };
  readonly #fleet: Fleet;
  readonly #reads: Reads;
  /** Times of blind takeovers, by taker's run, route and holder. */
  readonly #exchanges = new Map<string, number[]>();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#reads = new Reads(fleet.calls, new RouteHistory(fleet.journal));
    for (const entry of fleet.journal.filter(isRouteChange)) {
      const node = fleet.nodes.find(({ facts }) => facts.accessKeyId === entry.accessKeyId);
      if (node !== undefined) this.#judge(node, entry);
    }
  }

  #judge(node: ChaosNode, entry: JournalEntry): void {
    this.#judgePlace(node, entry);
    if (entry.result !== 'ok') return;
    this.#judgeSettled(node, entry);
    if (entry.action === 'DeleteRoute') {
      this.#judgeDelete(node, entry);
      return;
    }
    if (entry.to !== node.facts.interfaceId) this.#fail('points at its own interface', node, entry);
    this.#judgeFitness(node, entry);
    if (entry.action === 'ReplaceRoute') this.#judgeTakeover(node, entry);
  }

  /** Only configured destinations, in tables that the finders meant. Attempts count too. */
  #judgePlace(node: ChaosNode, entry: JournalEntry): void {
    const { spans, nodes } = this.#fleet;
    const owner = nodes.find(({ facts }) => facts.tableId === entry.tableId);
    const known = [ANYCAST, DEFAULT_ROUTE, ...(entry.atMs >= node.widerSinceMs ? [EXTRA] : [])];
    if (owner === undefined || !known.includes(entry.destination ?? '')) {
      this.#fail('writes only what is configured', node, entry);
      return;
    }
    const fromMs = this.#readSinceMs(node, entry);
    if (spans.isAlways(`paused ${owner.facts.index}`, fromMs, entry.atMs))
      this.#fail('leaves a table alone that no finder means', node, entry);
  }

  /** The oldest moment that what the node had read can have shown when it sent the change. */
  #readSinceMs(node: ChaosNode, entry: JournalEntry): number {
    const staleMs = this.#fleet.spans.most(`api-stale ${node.facts.index}`, entry.atMs - 30_000, entry.atMs);
    return this.#arrivalMs(entry) - READ_TO_CHANGE_MS - staleMs - this.#stoppedMs(node, entry) - MARGIN_MS;
  }

  /** The oldest moment that its checks can have shown: they are asked once more just before it is sent. */
  #probedSinceMs(node: ChaosNode, entry: JournalEntry): number {
    const sentMs = this.#arrivalMs(entry) - TIMING.requestTimeoutMs - this.#stoppedMs(node, entry);
    return sentMs - NOTICE_MS - MARGIN_MS;
  }

  /** One that stands still knows nothing new. */
  #stoppedMs({ facts }: ChaosNode, { atMs }: JournalEntry): number {
    return this.#fleet.spans.totalMs(`stopped ${facts.index}`, atMs - 40_000, atMs);
  }

  /** Nothing before the own check has passed `rise` times or failed `fall` times in this process. */
  #judgeSettled(node: ChaosNode, entry: JournalEntry): void {
    const run = node.runs.findLast(({ startedMs }) => startedMs <= entry.atMs);
    const sentMs = this.#arrivalMs(entry);
    // What an earlier process sent may arrive later.
    if (run === undefined || sentMs < run.startedMs) return;
    const { facts, selfProbesMs } = node;
    const passes = selfProbesMs.filter((atMs) => atMs >= run.startedMs && atMs <= entry.atMs + MARGIN_MS);
    const downMs = this.#fleet.spans.totalMs(`service ${facts.index}`, run.startedMs, sentMs);
    if (passes.length < TIMING.rise && downMs < LEAST_FALL_MS)
      this.#fail('changes nothing before its checks settled', node, entry);
  }

  #arrivalMs({ accessKeyId, action, atMs }: JournalEntry): number {
    const call = this.#fleet.calls.findLast((each) => {
      const isIt = each.accessKeyId === accessKeyId && each.action === action;
      return isIt && each.atMs <= atMs && each.atMs + each.delayMs / 2 >= atMs - 100;
    });
    return call?.atMs ?? atMs;
  }

  /** What is deleted was the deleter's own, as far as EC2 let it know. */
  #judgeDelete(node: ChaosNode, entry: JournalEntry): void {
    const { interfaceId } = node.facts;
    if (entry.from === interfaceId) return;
    const { measures } = this;
    measures.lateDeletes += 1;
    const shown = this.#sights(node, entry).findLast(({ holders }) => holders.includes(interfaceId));
    if (shown === undefined) {
      this.#fail('deletes only what a read has just shown as its own', node, entry);
      return;
    }
    measures.worstReadToDeleteMs = Math.max(measures.worstReadToDeleteMs, entry.atMs - shown.askedMs);
  }

  /** What a change may rest on: reads that are not too old by the agent's rules. */
  #sights(node: ChaosNode, entry: JournalEntry): readonly Sight[] {
    const sentMs = this.#arrivalMs(entry);
    const fromMs = sentMs - READ_TO_CHANGE_MS - this.#stoppedMs(node, entry) - MARGIN_MS;
    return this.#reads.sights(entry.accessKeyId, routeOf(entry), { fromMs, toMs: sentMs });
  }

  /** Whoever takes a route had a working service not long before. */
  #judgeFitness(node: ChaosNode, entry: JournalEntry): void {
    const fromMs = this.#probedSinceMs(node, entry);
    if (!this.#fleet.spans.isAlways(`service ${node.facts.index}`, fromMs, entry.atMs)) return;
    this.#fail('takes nothing while its own service is down', node, entry);
  }

  /** A backup takes from no holder that was well by every view that the backup could have had. */
  #judgeTakeover(node: ChaosNode, entry: JournalEntry): void {
    const { facts } = node;
    if (entry.tableId === facts.tableId || entry.from === facts.interfaceId) return;
    this.measures.takeovers += 1;
    const holders = [...new Set(this.#sights(node, entry).flatMap((sight) => sight.holders))];
    if (holders.some((holder) => this.#wasUnfit(node, holder, entry))) return;
    if (holders.some((holder) => this.#wasUnreachable(node, holder, entry))) {
      this.measures.blindTakeovers += 1;
      this.#countExchange(node, entry);
      return;
    }
    const { spans } = this.#fleet;
    const sinceMs = this.#probedSinceMs(node, entry);
    if (spans.isEver('late', sinceMs, entry.atMs)) {
      this.measures.excusedByLateness += 1;
      return;
    }
    const names = holders.map((holder) => this.#nameOf(holder)).join(', ');
    const starved = spans.isEver(`descriptors ${facts.index}`, sinceMs, entry.atMs);
    const why = `it can have seen ${names || 'nothing'}, all well${starved ? '; its own descriptors were used up' : ''}`;
    this.#fail('takes over only from a holder that is not well', node, entry, why);
  }

  /** A route that is taken back is left alone for 30 s at first (docs/architecture.md, "Memory"). */
  #countExchange({ facts, runs }: ChaosNode, entry: JournalEntry): void {
    const run = runs.findLastIndex(({ startedMs }) => startedMs <= entry.atMs);
    const key = `${facts.name} ${run} ${routeOf(entry)} ${entry.from}`;
    const earlier = this.#exchanges.get(key) ?? [];
    const times = [...earlier.filter((atMs) => entry.atMs - atMs < EXCHANGE_WINDOW_MS), entry.atMs];
    this.#exchanges.set(key, times);
    this.measures.mostExchanges = Math.max(this.measures.mostExchanges, times.length);
  }

  #wasUnfit(node: ChaosNode, holder: string | undefined, entry: JournalEntry): boolean {
    const { spans } = this.#fleet;
    const found = this.#other(node, holder);
    if (found === undefined) return false;
    const { index } = found.facts;
    const saidSinceMs = this.#readSinceMs(node, entry) - STATUS_MS;
    const isSaidToBe = spans.isEver(`instance ${index}`, saidSinceMs, entry.atMs);
    return isSaidToBe || spans.isEver(`service ${index}`, this.#probedSinceMs(node, entry), entry.atMs);
  }

  #wasUnreachable(node: ChaosNode, holder: string | undefined, entry: JournalEntry): boolean {
    const found = this.#other(node, holder);
    if (found === undefined) return false;
    const links = [node, found].map(({ facts }) => `link ${facts.index}`);
    const paths = [...links, ...pathsBetween(node.facts.address, found.facts.address)];
    const sinceMs = this.#probedSinceMs(node, entry);
    return paths.some((path) => this.#fleet.spans.isEver(path, sinceMs, entry.atMs));
  }

  #other(node: ChaosNode, holder: string | undefined): ChaosNode | undefined {
    return this.#fleet.nodes.find((each) => each !== node && each.facts.interfaceId === holder);
  }

  #nameOf(interfaceId: string | undefined): string {
    const node = this.#fleet.nodes.find(({ facts }) => facts.interfaceId === interfaceId);
    return node?.facts.name ?? interfaceId ?? 'nobody';
  }

  #fail(rule: string, node: ChaosNode, entry: JournalEntry, more = ''): void {
    const change = `${entry.action} ${routeOf(entry)} ${this.#nameOf(entry.from)} → ${this.#nameOf(entry.to)}`;
    const what = `${node.facts.name}: ${change} (${entry.result})${more === '' ? '' : `; ${more}`}`;
    this.violations.push({ rule, atMs: entry.atMs, what });
  }
}
