import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';

/** What this process did in a stretch of time, and what the machine did to it. */
export interface LoopFacts {
  /** Of one core, in percent, without children. */
  readonly cpuPercent: number;
  /** Of the time, in percent, in which the loop's thread could have run, but the machine ran others. */
  readonly waitedPercent: number;
  /** How late a turn of the loop came, ms: whatever the reason. */
  readonly loopDelayP99: number;
  readonly loopDelayMax: number;
  /** Pauses for collecting garbage, ms. */
  readonly collections: readonly number[];
}

const RESOLUTION_MS = 5;

/** Watches from its making until `end`. */
export class LoopWatch {
  readonly #fromMs = performance.now();
  readonly #cpu = process.cpuUsage();
  readonly #waitedMs = waitedMs();
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #collections: number[] = [];
  readonly #observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) this.#collections.push(duration);
  });

  constructor() {
    this.#delay.enable();
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  end(): LoopFacts {
    const { user, system } = process.cpuUsage(this.#cpu);
    const tookMs = performance.now() - this.#fromMs;
    this.#delay.disable();
    this.#observer.disconnect();
    // The histogram has whole intervals between two turns, the wanted one included.
    const late = (ns: number): number => Math.max(ns / 1e6 - RESOLUTION_MS, 0);
    return {
      cpuPercent: (user + system) / 10 / tookMs,
      waitedPercent: ((waitedMs() - this.#waitedMs) * 100) / tookMs,
      loopDelayP99: late(this.#delay.percentile(99)),
      loopDelayMax: late(this.#delay.max),
      collections: this.#collections,
    };
  }
}

/** How long this thread has waited in the scheduler's queue: the second number of schedstat, ns. */
function waitedMs(): number {
  return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1e6;
}
