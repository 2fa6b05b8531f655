import type { Clock, Timer } from '../lib/clock.ts';
import type { Probe, ProbeOutcome } from './probe.ts';
import type { CheckSpec } from './spec.ts';
import type { StartTime } from './start-times.ts';

export interface CheckRunnerOptions extends StartTime {
  readonly spec: CheckSpec;
  /** The runner owns it, and closes it. */
  readonly probe: Probe;
  readonly clock: Clock;
  /** Told once per probe, with the monotonic time at which it ended; never after `close` was called. */
  readonly onOutcome: (outcome: ProbeOutcome, atMs: number) => void;
}

/** A probe ends its attempts itself. One that has not long after this much over the timeout is left to itself. */
const OVERRUN_MS = 1_000;

/** Notices of changes come in bursts: from the start of one pushed probe to that of the next at least this passes. */
const PUSH_GAP_MS = 10;
/** And in floods: so much time may go into pushed probes at once, and then only a part of all time. */
const PUSH_CREDIT_MS = 250;
const PUSH_PARTS = 5;

/** For rounding, in periods: a timer that fires exactly at its slot must not be taken to be before it. */
const SLOT_TOLERANCE = 1e-6;

/**
 * Runs one check: a first probe, then one per slot of a fixed cadence (start + phase + k × every, so it never drifts).
 * Probes do not overlap: for slots that come while one is under way, the next begins as soon as that ends, so that a
 * silent target with a timeout as long as the period is probed at every slot all the same. Slots that pass while the
 * process is stopped are never made up for.
 *
 * Where the probe hears of changes, each is answered by a probe that begins after it, at once or when the present one has
 * ended. The slots stay where they are.
 */
export class CheckRunner {
  readonly #options: CheckRunnerOptions;
  /** Serves one attempt after another until one has to be called off: most never are, and each costs. */
  #calledOff = new AbortController();
  #attempt: { endIfBroken(): void } | undefined;
  #originMs: number | undefined;
  #timer: Timer | undefined;
  #underWay: Promise<void> | undefined;
  /** A slot came while a probe was under way: the next one begins when that ends. */
  #isLate = false;
  /** A change was heard of that no probe has begun after. */
  #isChanged = false;
  #push: Timer | undefined;
  /** When the next pushed probe may begin; undefined: the first slot is still to come, and looks for itself. */
  #pushableAtMs: number | undefined;
  /** The time that pushed probes have taken, less what they are given by and by; as it was at a time. */
  #pushed = { ms: 0, atMs: 0 };
  #closed: Promise<void> | undefined;

  constructor(options: CheckRunnerOptions) {
    this.#options = options;
  }

  /** Begins; the first probe comes after `firstDelayMs`. A second call does nothing. */
  start(): void {
    if (this.#originMs !== undefined || this.#closed !== undefined) return;
    const { clock, firstDelayMs } = this.#options;
    this.#originMs = clock.now();
    this.#timer = clock.after(firstDelayMs, () => this.#onSlot());
    this.#watch();
  }

  /** Calls the running attempt off, frees the probe, and resolves within a second. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** A probe that can't watch has thrown for a bug; the cadence goes on without. */
  #watch(): void {
    try {
      this.#options.probe.watch?.(() => this.#onChange());
    } catch {
      // Nothing to free: `close` closes the probe, whatever it had begun.
    }
  }

  #onChange(): void {
    if (this.#closed !== undefined || this.#pushableAtMs === undefined) return;
    this.#isChanged = true;
    if (this.#underWay === undefined) this.#pushSoon();
  }

  /** Now, or when the pause after the last pushed probe is over. A probe that begins by then answers the change as well. */
  #pushSoon(): void {
    const { clock } = this.#options;
    const waitMs = (this.#pushableAtMs ?? 0) - clock.now();
    if (waitMs <= 0) this.#underWay = this.#probe('push');
    else this.#push ??= clock.after(waitMs, () => this.#onPush());
  }

  #onPush(): void {
    this.#push = undefined;
    if (this.#isChanged && this.#underWay === undefined) this.#pushSoon();
  }

  #onSlot(): void {
    this.#pushableAtMs ??= Number.NEGATIVE_INFINITY;
    this.#timer = this.#options.clock.after(this.#untilNextSlotMs(), () => this.#onSlot());
    if (this.#underWay === undefined) {
      this.#underWay = this.#probe();
      return;
    }
    this.#isLate = true;
    this.#attempt?.endIfBroken();
  }

  /** To the first slot of the cadence that is still to come. */
  #untilNextSlotMs(): number {
    const { clock, phaseMs, spec } = this.#options;
    const nowMs = clock.now();
    const baseMs = (this.#originMs ?? nowMs) + phaseMs;
    const slot = Math.floor((nowMs - baseMs) / spec.everyMs + SLOT_TOLERANCE) + 1;
    return baseMs + Math.max(slot, 0) * spec.everyMs - nowMs;
  }

  /** Up to `tries` attempts; the first pass ends it, else the last failure is the outcome. */
  async #probe(cause: 'slot' | 'push' = 'slot'): Promise<void> {
    const { clock, spec, onOutcome } = this.#options;
    const startedMs = clock.now();
    this.#isChanged = false;
    let outcome = await this.#attemptOnce();
    for (let tried = 1; tried < spec.tries && !outcome.ok && this.#closed === undefined; tried += 1) {
      await pause(clock, spec.triesIntervalMs, this.#signal());
      if (this.#closed === undefined) outcome = await this.#attemptOnce();
    }
    this.#underWay = undefined;
    this.#attempt = undefined;
    const isLate = this.#isLate;
    this.#isLate = false;
    const endedMs = clock.now();
    if (cause === 'push') this.#notePush(startedMs, endedMs);
    if (this.#closed === undefined) onOutcome(outcome, endedMs);
    if (this.#closed !== undefined || this.#underWay !== undefined) return;
    if (isLate) this.#underWay = this.#probe();
    else if (this.#isChanged) this.#pushSoon();
  }

  #notePush(startedMs: number, endedMs: number): void {
    const givenMs = (startedMs - this.#pushed.atMs) / (PUSH_PARTS - 1);
    const ms = Math.max(this.#pushed.ms - givenMs, 0) + endedMs - startedMs;
    this.#pushed = { ms, atMs: endedMs };
    const pauseMs = Math.max(ms - PUSH_CREDIT_MS, 0) * (PUSH_PARTS - 1);
    this.#pushableAtMs = Math.max(startedMs + PUSH_GAP_MS, endedMs + pauseMs);
  }

  #signal(): AbortSignal {
    if (this.#calledOff.signal.aborted) this.#calledOff = new AbortController();
    return this.#calledOff.signal;
  }

  /**
   * An attempt that throws, or never ends, is a bug in the probe: an outcome of its own, and the agent goes on. The
   * next slots look after that, as a timer for each attempt would hardly ever fire; two of them, since after a stall of
   * the whole process the first comes before the probe's own end is heard of.
   */
  #attemptOnce(): Promise<ProbeOutcome> {
    const { probe, clock, spec } = this.#options;
    const startedMs = clock.now();
    const limitMs = spec.timeoutMs + OVERRUN_MS;
    return new Promise((resolve) => {
      const fail = (error: unknown): void => {
        const detail = error instanceof Error ? error.message : String(error);
        resolve({ ok: false, reason: 'internal-error', latencyMs: clock.now() - startedMs, detail });
      };
      let isSuspect = false;
      const endIfBroken = (): void => {
        if (clock.now() < startedMs + limitMs) return;
        if (!isSuspect) {
          isSuspect = true;
          return;
        }
        this.#calledOff.abort();
        fail(`the probe did not end within ${limitMs} ms`);
      };
      this.#attempt = { endIfBroken };
      try {
        probe.attempt(spec.timeoutMs, this.#signal()).then(resolve, fail);
      } catch (error) {
        fail(error);
      }
    });
  }

  async #close(): Promise<void> {
    this.#timer?.cancel();
    this.#push?.cancel();
    this.#calledOff.abort();
    const freed = Promise.allSettled([this.#underWay, this.#options.probe.close()]);
    await endedWithin(this.#options.clock, OVERRUN_MS, freed);
  }
}

/** What the work comes to, or undefined where it takes longer than that. */
function endedWithin<Value>(clock: Clock, ms: number, work: Promise<Value>): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => resolve(undefined));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}

/** Leaves no listener behind: the signal outlives the pause. */
function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.after(ms, end);
    signal.addEventListener('abort', end, { once: true });
  });
}
