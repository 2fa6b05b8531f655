import type { Clock } from '../../src/lib/clock.ts';
import type { CrashPoint } from './script.ts';
import type { SimClock } from './sim-clock.ts';

/**
 * One process: an agent from its start to its end. Whatever reaches it, a timer or an answer, comes through `deliver`;
 * when it is killed, nothing does any more, and what it had sent goes on without it. While it is stopped (SIGSTOP),
 * everything waits for it.
 */
export class SimProcess {
  readonly name: string;
  /** `a`, `a'2`, …: for the timeline. */
  readonly label: string;
  readonly clock: Clock;
  readonly startedAtMs: number;
  isAlive = true;
  /** When it last went on after a stop. */
  continuedAtMs = Number.NEGATIVE_INFINITY;
  #waiting: { readonly timers: (() => void)[]; readonly answers: (() => void)[] } | undefined;
  #crashAt: { readonly point: CrashPoint; readonly crash: () => void } | undefined;

  constructor(name: string, incarnation: number, clock: SimClock) {
    this.name = name;
    this.label = incarnation === 1 ? name : `${name}'${incarnation}`;
    this.startedAtMs = clock.now();
    this.clock = {
      now: () => clock.now(),
      wallNow: () => clock.wallNow(),
      after: (delayMs, run) => clock.after(delayMs, () => this.deliver(run, 'timer')),
    };
  }

  /** A process that goes on after a stop finds its timers first and then what came by the network, as Node does. */
  deliver(run: () => void, as: 'timer' | 'answer' = 'answer'): void {
    if (!this.isAlive) return;
    if (this.#waiting === undefined) run();
    else if (as === 'timer') this.#waiting.timers.push(run);
    else this.#waiting.answers.push(run);
  }

  kill(): void {
    this.isAlive = false;
    this.#waiting = undefined;
  }

  stop(): void {
    this.#waiting ??= { timers: [], answers: [] };
  }

  continue(): void {
    const { timers = [], answers = [] } = this.#waiting ?? {};
    this.#waiting = undefined;
    this.continuedAtMs = this.clock.now();
    for (const run of [...timers, ...answers]) this.deliver(run);
  }

  /** The next call that gets this far ends the process. */
  crashAt(point: CrashPoint, crash: () => void): void {
    this.#crashAt = { point, crash };
  }

  reached(point: CrashPoint): void {
    if (this.#crashAt?.point !== point || !this.isAlive) return;
    const { crash } = this.#crashAt;
    this.#crashAt = undefined;
    crash();
  }
}
