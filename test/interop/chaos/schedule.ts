import { between, logBetween, type Random, randomOf } from '../../simulation/random.ts';
import { claimsOf, FAULT_KINDS, type FaultKind, KINDS } from './kinds.ts';

/** One fault: it begins `atMs` after the chaos does, and is taken back after `lastsMs`. */
export interface Fault {
  readonly atMs: number;
  readonly lastsMs: number;
  readonly kind: FaultKind;
  /** Indexes of two different nodes: whom it strikes, and the other end where it concerns a path. */
  readonly node: number;
  readonly other: number;
  /** 0 to 1: how bad. What it means is the kind's affair. */
  readonly size: number;
  /** 0 to 1, for a second choice. */
  readonly choice: number;
}

export interface ScheduleOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly forMs: number;
  /** Between the beginnings of two faults, on average. */
  readonly everyMs: number;
}

/** What tells most about the routes comes up twice as often. */
const DECK: readonly FaultKind[] = [
  ...FAULT_KINDS,
  'service-kill',
  'service-hang',
  'agent-stop',
  'net-one-way',
  'api-latency',
  'api-stale',
];

/** Nodes that wear libfaketime: only their clocks can be stepped. */
export function isClockFaked(node: number): boolean {
  return node % 2 === 1;
}

/** Nodes whose log is a file, on a disk that may get full. The others' is a pipe, which may be closed or full. */
export function isLoggingToFile(node: number): boolean {
  return node > 0 && node % 2 === 0;
}

/**
 * The faults of a run, in order: the same for the same seed. Kinds are dealt from a shuffled deck, so that a short run
 * has them all too. No two faults that would undo each other overlap, and all are over at the end.
 */
export function makeSchedule(options: ScheduleOptions): readonly Fault[] {
  const random = randomOf(options.seed, 'chaos');
  const busyUntil = new Map<string, number>();
  const faults: Fault[] = [];
  let deck: FaultKind[] = [];
  for (let atMs = 0; ; ) {
    atMs += Math.round(options.everyMs * (0.2 + 1.6 * random()));
    if (atMs >= options.forMs) return faults;
    if (deck.length === 0) deck = shuffled(random, DECK);
    const fault = draw(random, deck.pop() ?? 'agent-kill', { ...options, atMs });
    const claims = claimsOf(fault.kind, fault.node, fault.other);
    const isFree = claims.every((claim) => (busyUntil.get(claim) ?? 0) <= atMs);
    if (!isFree || atMs + fault.lastsMs > options.forMs) {
      // Another node or a shorter time may fit when it comes up again.
      deck.unshift(fault.kind);
      continue;
    }
    // A second between two faults on one thing: what ends the first takes its time.
    for (const claim of claims) busyUntil.set(claim, atMs + fault.lastsMs + 1_000);
    faults.push(fault);
  }
}

function draw(
  random: Random,
  kind: FaultKind,
  at: { readonly atMs: number; readonly nodes: number; readonly forMs: number },
): Fault {
  const [least, most] = KINDS[kind].lastsMs;
  const room = Math.max(Math.min(most, at.forMs / 4), least);
  const lastsMs = logBetween(random, Math.max(least, 1), Math.max(room, 1));
  const fit = Array.from({ length: at.nodes }, (_, index) => index).filter((index) => canStrike(kind, index));
  const node = fit[between(random, 0, fit.length - 1)] ?? 0;
  const other = (node + between(random, 1, at.nodes - 1)) % at.nodes;
  return { atMs: at.atMs, lastsMs, kind, node, other, size: random(), choice: random() };
}

function canStrike(kind: FaultKind, node: number): boolean {
  if (kind === 'agent-clock') return isClockFaked(node);
  return !kind.startsWith('output-') || !isLoggingToFile(node);
}

function shuffled<Value>(random: Random, values: readonly Value[]): Value[] {
  return values
    .map((value) => ({ value, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value);
}
