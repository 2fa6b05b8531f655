import { type ChildProcess, spawn } from 'node:child_process';
import { type BackoffLimits, backoffMs } from './backoff.ts';
import type { Clock, Timer } from './clock.ts';

export interface KeepRunningOptions {
  /** Run as it is, by no shell; the first is looked up in PATH. */
  readonly argv: readonly [string, ...string[]];
  readonly clock: Clock;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  /** Whenever the program has written something, on either of its outputs; what it was is not kept. */
  readonly onOutput: () => void;
  /** The program runs (again). */
  readonly onStart: () => void;
}

const RESTART: BackoffLimits = { firstMs: 1_000, lastMs: 60_000 };
/** One that has run for so long did not fail at its start. */
const STEADY_MS = 60_000;

/**
 * Keeps a program running that tells of things by writing: where it ends, or can't be started, it is started again after
 * a while that grows to a minute. It is killed at `close`. Where this process itself is killed, the program goes when it
 * next writes, as nobody reads any longer (SIGPIPE).
 */
export class KeepRunning {
  readonly #options: KeepRunningOptions;
  #child: ChildProcess | undefined;
  #timer: Timer | undefined;
  #failures = 0;
  #isClosed = false;

  constructor(options: KeepRunningOptions) {
    this.#options = options;
    this.#start();
  }

  /** Kills the program, and hears nothing of it any more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    child.kill('SIGKILL');
    letGo(child);
  }

  #start(): void {
    const { argv, clock, onOutput, onStart } = this.#options;
    const [program, ...args] = argv;
    const startedMs = clock.now();
    const child = startChild(program, args);
    if (child === undefined) {
      this.#restartLater();
      return;
    }
    this.#child = child;
    const end = (): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      letGo(child);
      if (clock.now() - startedMs >= STEADY_MS) this.#failures = 0;
      this.#restartLater();
    };
    const hear = (): void => {
      if (this.#child === child) onOutput();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.on('spawn', () => {
      if (this.#child === child) onStart();
    });
    child.on('error', end);
    child.on('exit', end);
  }

  #restartLater(): void {
    if (this.#isClosed) return;
    const { clock, random } = this.#options;
    this.#failures += 1;
    this.#timer = clock.after(backoffMs(this.#failures, RESTART, random), () => this.#start());
  }
}

/** undefined: out of descriptors or processes, which passes. */
function startChild(program: string, args: readonly string[]): ChildProcess | undefined {
  try {
    return spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  } catch {
    return undefined;
  }
}

/** Nothing of it keeps this process alive, and an error of its pipes is nobody's concern. */
function letGo(child: ChildProcess): void {
  child.on('error', () => undefined);
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.unref();
}
