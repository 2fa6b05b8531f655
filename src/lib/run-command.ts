import { type ChildProcess, spawn } from 'node:child_process';
import { kill } from 'node:process';
import type { Clock } from './clock.ts';
import { setDeadline } from './deadline.ts';
import { systemClock } from './system-clock.ts';

export interface CommandOptions {
  /** Run as it is, by no shell; the first is looked up in PATH. */
  readonly argv: readonly string[];
  readonly timeoutMs: number;
  /** The child's whole environment; undefined: ours. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Kills the command; the result is then `signaled` by SIGKILL. */
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
  /** Standard output is wanted whole where it is not larger than this. */
  readonly stdoutBytes?: number | undefined;
}

export type CommandEnd =
  | { readonly status: 'exited'; readonly code: number }
  | { readonly status: 'signaled'; readonly signal: string }
  | { readonly status: 'timeout' }
  /** `code` is an errno's name (`ENOENT`, `EACCES`). */
  | { readonly status: 'spawn-failed'; readonly code: string };

export type CommandResult = CommandEnd & {
  /** The last 4 KiB of standard output and standard error, in the order they came. */
  readonly output: string;
  /** All of standard output; undefined where it was not wanted, or larger than wanted. */
  readonly stdout: string | undefined;
  readonly durationMs: number;
};

const OUTPUT_TAIL_BYTES = 4_096;

/**
 * Runs a program to its end, its timeout or its abort, whichever is first; never rejects. It has a process group of its
 * own, and all of that is killed (SIGKILL) at timeout and abort. What it leaves running when it exits by itself is left
 * alone, and not waited for even where it holds our pipe open.
 */
export function runCommand(options: CommandOptions): Promise<CommandResult> {
  const { argv, timeoutMs, env, signal, clock = systemClock, stdoutBytes } = options;
  const startedMs = clock.now();
  const tail = new OutputTail(OUTPUT_TAIL_BYTES);
  const whole = stdoutBytes === undefined ? undefined : new WholeOutput(stdoutBytes);
  const resultOf = (end: CommandEnd): CommandResult => {
    const durationMs = clock.now() - startedMs;
    return { ...end, output: tail.text(), stdout: whole?.text(), durationMs };
  };
  if (signal?.aborted === true) return Promise.resolve(resultOf({ status: 'signaled', signal: 'SIGKILL' }));
  const child = startChild(argv, env);
  if ('status' in child) return Promise.resolve(resultOf(child));
  return new Promise((resolve) => {
    let isOver = false;
    const end = (result: CommandEnd): void => {
      if (isOver) return;
      isOver = true;
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
      letGo(child);
      resolve(resultOf(result));
    };
    const killAnd = (result: CommandEnd): void => {
      if (!isOver) killGroup(child);
      end(result);
    };
    const onAbort = (): void => killAnd({ status: 'signaled', signal: 'SIGKILL' });
    const timer = setDeadline(clock, timeoutMs, () => killAnd({ status: 'timeout' }));
    signal?.addEventListener('abort', onAbort, { once: true });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => tail.push(chunk));
    if (whole !== undefined) child.stdout?.on('data', (chunk: Buffer) => whole.push(chunk));
    child.on('error', (error) => end({ status: 'spawn-failed', code: errorCode(error) }));
    child.on('exit', (code, by) => afterLastOutput(() => end(endOf(code, by))));
  });
}

function startChild(
  argv: readonly string[],
  env: CommandOptions['env'],
): ChildProcess | Extract<CommandEnd, { status: 'spawn-failed' }> {
  const [program = '', ...args] = argv;
  try {
    return spawn(program, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(env === undefined ? {} : { env }),
    });
  } catch (error) {
    return { status: 'spawn-failed', code: errorCode(error) };
  }
}

/** Not 'close', which waits for whoever holds the pipe: two turns of the loop read all that the child has written. */
function afterLastOutput(then: () => void): void {
  setImmediate(() => setImmediate(then));
}

/** Only before the exit is known: after that the number may be another's. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    kill(-child.pid, 'SIGKILL');
  } catch {
    // Gone between its end and our hearing of it.
  }
}

function letGo(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.unref();
}

function endOf(code: number | null, by: NodeJS.Signals | null): CommandEnd {
  return code === null ? { status: 'signaled', signal: by ?? 'unknown' } : { status: 'exited', code };
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** Keeps the last bytes of a stream of any length. */
class OutputTail {
  readonly #limitBytes: number;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  push(chunk: Buffer): void {
    const joined = Buffer.concat([this.#bytes, chunk.subarray(-this.#limitBytes)]);
    this.#bytes = joined.subarray(-this.#limitBytes);
  }

  text(): string {
    return this.#bytes.toString('utf8');
  }
}

/** Keeps a stream as long as it is not too long, and nothing of it then. */
class WholeOutput {
  readonly #limitBytes: number;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#limitBytes) this.#chunks.push(chunk);
    else this.#chunks = [];
  }

  text(): string | undefined {
    return this.#bytes <= this.#limitBytes ? Buffer.concat(this.#chunks).toString('utf8') : undefined;
  }
}
