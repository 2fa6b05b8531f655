import type { Clock } from './clock.ts';
import { type CommandRequest, CommandRun } from './command-run.ts';
import { CommandThread, type CommandJob as Job, type MakeWorker, programOf } from './command-thread.ts';

export interface CommandStarterOptions {
  readonly makeWorker: MakeWorker;
  readonly clock: Clock;
}

export type CommandWatcher = Pick<Job, 'onTurn' | 'onReport'>;

/** Those that hang in the start of a program, and one that works. */
const MAX_THREADS = 4;
/** How long commands start on the loop after a thread has died, or could not be had. */
const RETRY_MS = 60_000;

/**
 * Starts commands one after the other, in a thread; on the loop only while there is none: at first, and for a minute
 * after one has died. A program whose start hangs is left to its thread, and the others start in another one.
 */
export class CommandStarter {
  readonly #options: CommandStarterOptions;
  readonly #here = new Map<Job, CommandRun>();
  #threads: readonly CommandThread[] = [];
  #queue: Job[] = [];
  #lastId = 0;
  #retryMs = Number.NEGATIVE_INFINITY;

  constructor(options: CommandStarterOptions) {
    this.#options = options;
  }

  /** Whether commands start beside the loop now. */
  get hasThread(): boolean {
    return this.#threads.some(({ isReady }) => isReady);
  }

  /** Returns what kills it and its group, after which a report comes, unless its start hangs. */
  start(request: CommandRequest, watcher: CommandWatcher): () => void {
    this.#lastId = (this.#lastId + 1) % Number.MAX_SAFE_INTEGER;
    const job: Job = { id: this.#lastId, request, ...watcher };
    if (this.#threads.length === 0) this.#addThread();
    if (this.hasThread) {
      this.#queue.push(job);
      this.#startNext();
    } else this.#startHere(job);
    return () => this.#kill(job);
  }

  /**
   * Kills all that may not survive this process, which ends now. False: a thread hangs, and would hold the process at its
   * end.
   */
  end(): boolean {
    for (const [job, run] of [...this.#here]) if (job.request.survivesExit !== true) run.kill();
    return this.#threads.filter((thread) => !thread.end()).length === 0;
  }

  /** Programs whose start would hang as well. */
  get #stuck(): ReadonlySet<string> {
    return new Set(this.#threads.flatMap(({ stuckOn }) => stuckOn ?? []));
  }

  #startNext(): void {
    const stuck = this.#stuck;
    for (;;) {
      const index = this.#queue.findIndex((job) => !stuck.has(programOf(job)));
      if (index < 0) return;
      const thread = this.#threads.find(({ isFree }) => isFree);
      if (thread === undefined) {
        const isEachStuck = this.#threads.every(({ stuckOn }) => stuckOn !== undefined);
        if (isEachStuck && this.#threads.length < MAX_THREADS) this.#addThread();
        return;
      }
      for (const job of this.#queue.splice(index, 1)) thread.start(job);
    }
  }

  #startHere(job: Job): void {
    job.onTurn();
    const run = new CommandRun(job.request, (report) => {
      this.#here.delete(job);
      job.onReport(report);
    });
    this.#here.set(job, run);
  }

  #kill(job: Job): void {
    const index = this.#queue.indexOf(job);
    if (index < 0) {
      this.#here.get(job)?.kill();
      for (const thread of this.#threads) thread.kill(job);
      return;
    }
    this.#queue.splice(index, 1);
    // To be waited for in vain is its own fault where its own start would hang.
    const status = this.#stuck.has(programOf(job)) ? 'killed' : 'lost';
    job.onReport({ end: { status }, output: '', stdout: undefined });
  }

  #addThread(): void {
    const { clock, makeWorker } = this.#options;
    if (clock.now() < this.#retryMs) return;
    try {
      const thread = new CommandThread({
        clock,
        makeWorker,
        onFree: () => this.#startNext(),
        onIdle: () => this.#closeIfSpare(thread),
        onDeath: (unbegun) => this.#afterDeath(thread, unbegun),
      });
      this.#threads = [...this.#threads, thread];
    } catch {
      this.#retryMs = clock.now() + RETRY_MS;
    }
  }

  #afterDeath(thread: CommandThread, unbegun: Job | undefined): void {
    this.#retryMs = this.#options.clock.now() + RETRY_MS;
    this.#threads = this.#threads.filter((each) => each !== thread);
    if (unbegun !== undefined) this.#startHere(unbegun);
    if (this.hasThread) this.#startNext();
    else for (const job of this.#queue.splice(0)) this.#startHere(job);
  }

  #closeIfSpare(thread: CommandThread): void {
    const others = this.#threads.filter((each) => each !== thread);
    if (!others.some(({ isReady, stuckOn }) => isReady && stuckOn === undefined)) return;
    this.#threads = others;
    thread.close();
  }
}
