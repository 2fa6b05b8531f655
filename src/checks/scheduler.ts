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

/** A probe ends its attempts itself. One that has not by this much after the timeout is broken, and left to itself. */
const OVERRUN_MS = 1_000;

/** For rounding, in periods: a timer that fires exactly at its slot must not be taken to be before it. */
const SLOT_TOLERANCE = 1e-6;

/**
 * Runs one check: a first probe, then one per slot of a fixed cadence (start + phase + k × every, so it never drifts).
 * Probes do not overlap: a slot that comes while one is under way, or while the process was stopped, is skipped and
 * never made up for.
 */
export class CheckRunner {
  readonly #options: CheckRunnerOptions;
  #attempt: AbortController | undefined;
  #originMs: number | undefined;
  #timer: Timer | undefined;
  #underWay: Promise<void> | undefined;
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
  }

  /** Calls the running attempt off, frees the probe, and resolves within a second. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #onSlot(): void {
    this.#timer = this.#options.clock.after(this.#untilNextSlotMs(), () => this.#onSlot());
    if (this.#underWay !== undefined) return;
    this.#underWay = this.#probe().finally(() => {
      this.#underWay = undefined;
    });
  }

  /** To the first slot of the cadence that is still to come. */
  #untilNextSlotMs(): number {
    const { clock, phaseMs, spec } = this.#options;
    const nowMs = clock.now();
    const baseMs = (this.#originMs ?? nowMs) + phaseMs;
    const slot = Math.floor((nowMs - baseMs) / spec.everyMs + SLOT_TOLERANCE) + 1;
    return baseMs + Math.max(slot, 0) * spec.everyMs - nowMs;
  }

  async #probe(): Promise<void> {
    const { clock, onOutcome } = this.#options;
    const outcome = await this.#tryUntilPassed();
    if (this.#closed === undefined) onOutcome(outcome, clock.now());
  }

  /** Up to `tries` attempts; the first pass ends it, else the last failure is the outcome. */
  async #tryUntilPassed(): Promise<ProbeOutcome> {
    const { clock, spec } = this.#options;
    let outcome = await this.#attemptOnce();
    for (let tried = 1; tried < spec.tries && !outcome.ok; tried += 1) {
      this.#attempt = new AbortController();
      await pause(clock, spec.triesIntervalMs, this.#attempt.signal);
      if (this.#closed !== undefined) break;
      outcome = await this.#attemptOnce();
    }
    return outcome;
  }

  /** An attempt that throws, or never ends, is a bug in the probe: an outcome of its own, and the agent goes on. */
  async #attemptOnce(): Promise<ProbeOutcome> {
    const { probe, clock, spec } = this.#options;
    const startedMs = clock.now();
    const failed = (detail: string): ProbeOutcome => {
      return { ok: false, reason: 'internal-error', latencyMs: clock.now() - startedMs, detail };
    };
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    const limitMs = spec.timeoutMs + OVERRUN_MS;
    try {
      const outcome = await endedWithin(clock, limitMs, probe.attempt(spec.timeoutMs, signal));
      if (outcome !== undefined) return outcome;
      this.#attempt.abort();
      return failed(`the probe did not end within ${limitMs} ms`);
    } catch (error) {
      return failed(error instanceof Error ? error.message : String(error));
    }
  }

  async #close(): Promise<void> {
    this.#timer?.cancel();
    this.#attempt?.abort();
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

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(ms, resolve);
    const onAbort = (): void => {
      timer.cancel();
      resolve();
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
