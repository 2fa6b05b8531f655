import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { assertNever } from './assert-never.ts';
import type { Clock } from './clock.ts';
import { type CommandRequest, killGroup, type RunReport } from './command-run.ts';
import type { WorkerData, WorkerOrder, WorkerWord } from './command-worker.ts';

/** One command on its way. */
export interface CommandJob {
  /** Its own in this process. */
  readonly id: number;
  readonly request: CommandRequest;
  /** It is being started: its turn has come. */
  readonly onTurn: () => void;
  /** Called once, and never in the turn in which it was given. */
  readonly onReport: (report: RunReport) => void;
}

/** What is used of a Worker. */
export interface CommandWorker {
  on(event: 'message', run: (word: WorkerWord) => void): unknown;
  on(event: 'error' | 'exit', run: () => void): unknown;
  postMessage(order: WorkerOrder): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

export type MakeWorker = (data: WorkerData) => CommandWorker;

export interface CommandThreadOptions {
  readonly clock: Clock;
  /** May throw, where there is no further thread to be had. */
  readonly makeWorker: MakeWorker;
  /** It can start the next one: at first, and whenever one has begun. */
  readonly onFree: () => void;
  /** It has nothing to do. */
  readonly onIdle: () => void;
  /** It has ended by itself, and is not to be used any more. What had begun is killed, and reported as lost. */
  readonly onDeath: (unbegun: CommandJob | undefined) => void;
}

interface Given {
  readonly job: CommandJob;
  readonly sinceMs: number;
  pid: number | undefined;
  isKilled: boolean;
}

/** A start that takes longer hangs: the next one is not to wait for it. */
const STUCK_MS = 1_000;
/** How long the end of the process waits for a thread to kill what it has started. */
const END_MS = 500;
/**
 * A thousand commands at once take 25 MiB. The young generation would otherwise grow to 16 MiB, for garbage of which
 * there is little.
 */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 2 };

/**
 * A thread beside the loop that starts commands one after the other, and waits for them. To start one stops its thread
 * from fork to exec: some ms, and longer where the program's file system hangs. It keeps the process alive only while
 * it has something to do.
 */
export class CommandThread {
  readonly #options: CommandThreadOptions;
  readonly #isEnded = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker: CommandWorker;
  readonly #given = new Map<number, Given>();
  #starting: Given | undefined;
  #isReady = false;
  #isOver = false;

  constructor(options: CommandThreadOptions) {
    this.#options = options;
    this.#worker = options.makeWorker({ isEnded: this.#isEnded });
    this.#worker.on('message', (word: WorkerWord) => this.#hear(word));
    // An 'exit' follows.
    this.#worker.on('error', () => undefined);
    this.#worker.on('exit', () => this.#die());
    // Only now: to listen holds the process again.
    this.#worker.unref();
  }

  /** Whether it has come up. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether it can start one now. */
  get isFree(): boolean {
    return this.#isReady && this.#starting === undefined;
  }

  /** The program that it hangs in the start of, for longer than any start takes. */
  get stuckOn(): string | undefined {
    if (this.#starting === undefined) return undefined;
    const { job, sinceMs } = this.#starting;
    return this.#options.clock.now() - sinceMs > STUCK_MS ? programOf(job) : undefined;
  }

  /** For a thread that is free. */
  start(job: CommandJob): void {
    job.onTurn();
    this.#starting = { job, sinceMs: this.#options.clock.now(), pid: undefined, isKilled: false };
    this.#given.set(job.id, this.#starting);
    this.#worker.ref();
    this.#tell({ kind: 'start', id: job.id, request: job.request });
  }

  /** Whether it knows it, and kills it; a report follows then, unless it is stuck. */
  kill({ id }: CommandJob): boolean {
    const given = this.#given.get(id);
    if (given === undefined) return false;
    given.isKilled = true;
    this.#tell({ kind: 'kill', id });
    return true;
  }

  /** For a thread that is idle. */
  close(): void {
    this.#isOver = true;
    void this.#worker.terminate();
  }

  /**
   * Kills all that may not survive this process, which ends now, and waits for that. False: it hangs, and would hold the
   * process at its end.
   */
  end(): boolean {
    if (this.#given.size === 0) return true;
    this.#tell({ kind: 'end' });
    if (Atomics.wait(this.#isEnded, 0, 0, END_MS) !== 'timed-out') return true;
    this.#killAll((request) => request.survivesExit !== true);
    return this.#starting === undefined;
  }

  #tell(order: WorkerOrder): void {
    this.#worker.postMessage(order);
  }

  #hear(word: WorkerWord): void {
    switch (word.kind) {
      case 'ready':
        this.#isReady = true;
        this.#options.onFree();
        break;
      case 'begun':
        if (this.#starting?.job.id !== word.id) break;
        this.#starting.pid = word.pid;
        this.#starting = undefined;
        this.#options.onFree();
        break;
      case 'ended':
        this.#end(word.id, word.report);
        break;
      default:
        assertNever(word);
    }
  }

  #end(id: number, report: RunReport): void {
    const given = this.#given.get(id);
    this.#given.delete(id);
    given?.job.onReport(report);
    if (this.#given.size > 0) return;
    this.#worker.unref();
    this.#options.onIdle();
  }

  #die(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#killAll(() => true);
    const given = [...this.#given.values()];
    const unbegun = this.#starting?.isKilled === false ? this.#starting.job : undefined;
    this.#given.clear();
    for (const { job, isKilled } of given) {
      const status = isKilled ? 'killed' : 'lost';
      if (job !== unbegun) job.onReport({ end: { status }, output: '', stdout: undefined });
    }
    this.#options.onDeath(unbegun);
  }

  /** While nobody waits for them their numbers stay theirs. */
  #killAll(which: (request: CommandRequest) => boolean): void {
    for (const { pid, job } of this.#given.values())
      if (pid !== undefined && which(job.request)) killGroup(pid);
  }
}

export function programOf({ request }: CommandJob): string {
  return request.argv[0] ?? '';
}

/** The file beside this one has this one's ending: `.ts` as it is, `.js` when it is built. */
export function makeCommandWorker(data: WorkerData): Worker {
  const file = createRequire(import.meta.url).resolve(`./command-worker${extname(import.meta.url)}`);
  return new Worker(file, {
    name: 'vpcast commands',
    workerData: data,
    // As they are at each command, and not as they were when the thread began.
    env: SHARE_ENV,
    // What was loaded into this process beforehand is not loaded again.
    execArgv: [],
    resourceLimits: RESOURCE_LIMITS,
  });
}
