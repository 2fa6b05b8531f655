import type { BgpMessage } from '../../src/bgp/message.ts';
import { between, type Random } from '../simulation/random.ts';

/** From and until when, in ms. */
export interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What is wrong with the network, and when. */
export interface LinkFaults {
  /** Nothing passes. */
  readonly cuts: readonly Span[];
  /** Every third packet is lost, and comes later or never. */
  readonly losses: readonly Span[];
  /** SYNs arrive twice, and the second one belongs to nobody. */
  readonly echoes: readonly Span[];
}

/** What a host takes in. */
export interface Station {
  /** Undefined: nobody listens here. */
  readonly onConnection: ((end: LinkEnd) => void) | undefined;
}

/** What one end of a connection tells its owner. */
export interface LinkEars {
  onConnected(): void;
  onMessage(message: BgpMessage): void;
  onLost(reason: 'connect-failed' | 'connection-lost', detail: string): void;
}

/** SYNs of one attempt, in seconds after it began. */
const SYN_AT_MS = [0, 1_000, 3_000, 7_000];
const LOSS = 1 / 3;
const LATENCY_MS = [1, 40] as const;
/** After a cut, TCP waits as long again at most before it sends anew, and never longer than this. */
const LONGEST_RTO_MS = 60_000;

type Job = () => void;

/**
 * A network between two hosts, on a clock of its own: connections deliver in order and slowly, differ in their delays,
 * break, and are forgotten by one side only.
 */
export class BgpLink {
  nowMs = 0;
  readonly random: Random;
  readonly #faults: LinkFaults;
  readonly #queue: { readonly atMs: number; readonly job: Job }[] = [];
  readonly #ends = new Set<LinkEnd>();

  constructor(faults: LinkFaults, random: Random) {
    this.#faults = faults;
    this.random = random;
  }

  /** Connections that both ends, or one of them, still have. */
  get openEnds(): readonly LinkEnd[] {
    return [...this.#ends];
  }

  after(delayMs: number, job: Job): void {
    this.at(this.nowMs + delayMs, job);
  }

  at(atMs: number, job: Job): void {
    let [low, high] = [0, this.#queue.length];
    // Kept backwards, so that the next job is the last; of two at one time the older is the first.
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#queue[middle]?.atMs ?? 0) > atMs) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, { atMs, job });
  }

  /** Lets time pass; stops early where the condition holds. */
  run(untilMs: number, isOver: () => boolean = () => false): boolean {
    for (
      let next = this.#queue.at(-1);
      next !== undefined && next.atMs <= untilMs;
      next = this.#queue.at(-1)
    ) {
      if (isOver()) return true;
      this.#queue.pop();
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.job();
    }
    if (isOver()) return true;
    this.nowMs = untilMs;
    return false;
  }

  dial(to: Station, ears: LinkEars): LinkEnd {
    const near = this.#end(ears);
    const arrivals = SYN_AT_MS.map((delayMs) => this.crossing(this.nowMs + delayMs));
    const arrivesMs = arrivals.find((atMs) => atMs !== undefined);
    if (arrivesMs !== undefined) this.at(arrivesMs, () => this.#accept(near, to));
    if (within(this.#faults.echoes, this.nowMs)) {
      this.after(between(this.random, 1, 5_000), () => to.onConnection?.(this.#end(undefined)));
    }
    return near;
  }

  /** When something sent at a time is there for sure: TCP repeats what is lost. */
  arrival(sentMs: number): number {
    let atMs = this.crossing(sentMs);
    for (let rtoMs = 200, nextMs = sentMs; atMs === undefined; rtoMs = Math.min(rtoMs * 2, LONGEST_RTO_MS)) {
      nextMs += rtoMs;
      atMs = this.crossing(nextMs);
    }
    return atMs;
  }

  /** When a single packet arrives; undefined: it does not. */
  crossing(sentMs: number): number | undefined {
    const atMs = sentMs + between(this.random, ...LATENCY_MS);
    if (within(this.#faults.cuts, sentMs) || within(this.#faults.cuts, atMs)) return undefined;
    return within(this.#faults.losses, sentMs) && this.random() < LOSS ? undefined : atMs;
  }

  forget(end: LinkEnd): void {
    this.#ends.delete(end);
  }

  #accept(near: LinkEnd, to: Station): void {
    if (to.onConnection === undefined) {
      this.at(this.arrival(this.nowMs), () => near.fail('connect-failed', 'ECONNREFUSED'));
      return;
    }
    const far = this.#end(undefined);
    const answeredMs = this.arrival(this.nowMs);
    far.join(near, answeredMs);
    this.at(answeredMs, () => near.connect());
    to.onConnection(far);
  }

  #end(ears: LinkEars | undefined): LinkEnd {
    const end = new LinkEnd(this, ears);
    this.#ends.add(end);
    return end;
  }
}

/** One end of a connection. */
export class LinkEnd {
  readonly #link: BgpLink;
  #ears: LinkEars | undefined;
  #other: LinkEnd | undefined;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';
  /** No later thing arrives before this: TCP keeps the order. */
  #lastArrivalMs = 0;
  /** Nothing of this connection passes any more: something on the way has forgotten it. */
  #isBlackHole = false;
  /** Until then the owner does not read. */
  deafUntilMs = 0;

  constructor(link: BgpLink, ears: LinkEars | undefined) {
    this.#link = link;
    this.#ears = ears;
  }

  get other(): LinkEnd | undefined {
    return this.#other;
  }

  /** The owner of an accepted connection listens to it. */
  own(ears: LinkEars): void {
    this.#ears = ears;
    this.#state = 'open';
  }

  /** Makes two ends one connection; nothing overtakes the answer to the SYN. */
  join(dialler: LinkEnd, answeredMs: number): void {
    this.#other = dialler;
    this.#lastArrivalMs = answeredMs;
    dialler.#other = this;
  }

  /** The answer to the SYN. */
  connect(): void {
    if (this.#state === 'closed') {
      this.#reset();
      return;
    }
    this.#state = 'open';
    this.#ears?.onConnected();
  }

  send(message: BgpMessage): void {
    this.#deliver((other) => other.#hear(message));
  }

  /** What was sent arrives first, unless it is abrupt. */
  close(isAbrupt: boolean): void {
    if (this.#state === 'closed') return;
    this.#leave();
    if (isAbrupt) this.#reset();
    else this.#deliver((other) => other.fail('connection-lost', 'the peer closed the connection'));
  }

  fail(reason: 'connect-failed' | 'connection-lost', detail: string): void {
    if (this.#state === 'closed') return;
    this.#leave();
    this.#ears?.onLost(reason, detail);
  }

  /** The host forgets it, and says so to nobody: it was switched off. */
  vanish(): void {
    this.#leave();
  }

  /** Whatever either end sends is dropped from now on, and nobody is told. */
  swallow(): void {
    this.#isBlackHole = true;
    if (this.#other !== undefined) this.#other.#isBlackHole = true;
  }

  /** Its owner reads nothing for so long. */
  stopReading(ms: number): void {
    this.deafUntilMs = this.#link.nowMs + ms;
  }

  #deliver(arrive: (other: LinkEnd) => void): void {
    const link = this.#link;
    const sentMs = link.arrival(link.nowMs);
    const atMs = Math.max(sentMs, this.#lastArrivalMs, this.#other?.deafUntilMs ?? 0);
    this.#lastArrivalMs = atMs;
    link.at(atMs, () => {
      const other = this.#other;
      if (this.#isBlackHole) return;
      // Where nobody knows of the connection, the answer is a reset. A connection just accepted is known.
      if (other === undefined || other.#state === 'closed')
        link.at(link.arrival(link.nowMs), () => this.fail('connection-lost', 'ECONNRESET'));
      else arrive(other);
    });
  }

  /** A reset is sent once: it may be lost. */
  #reset(): void {
    const atMs = this.#link.crossing(this.#link.nowMs);
    if (atMs === undefined || this.#isBlackHole) return;
    this.#link.at(atMs, () => this.#other?.fail('connection-lost', 'ECONNRESET'));
  }

  #hear(message: BgpMessage): void {
    this.#ears?.onMessage(message);
  }

  #leave(): void {
    this.#state = 'closed';
    this.#link.forget(this);
  }
}

function within(spans: readonly Span[], atMs: number): boolean {
  return spans.some(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs);
}
