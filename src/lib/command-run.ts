import { type ChildProcess, spawn } from 'node:child_process';
import { kill } from 'node:process';

/** What to run, as plain data: it may go to another thread. */
export interface CommandRequest {
  /** Run as it is, by no shell; the first is looked up in PATH. */
  readonly argv: readonly string[];
  /** The child's whole environment; undefined: ours. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Standard output is wanted whole where it is not larger than this. */
  readonly stdoutBytes?: number | undefined;
  /** Left to itself where this process ends first; otherwise it is killed then. */
  readonly survivesExit?: boolean | undefined;
}

/** How a program ended by itself. */
export type OwnEnd =
  | { readonly status: 'exited'; readonly code: number }
  | { readonly status: 'signaled'; readonly signal: string }
  /** `code` is an errno's name (`ENOENT`, `EACCES`). */
  | { readonly status: 'spawn-failed'; readonly code: string };

/**
 * `killed`: by us, as it was asked for. `lost`: how it ended is not known, or it never began, for reasons of our own; it
 * does not run any more.
 */
export type RunEnd = OwnEnd | { readonly status: 'killed' } | { readonly status: 'lost' };

export interface RunReport {
  readonly end: RunEnd;
  /** The last 4 KiB of standard output and standard error, in the order they came. */
  readonly output: string;
  /** All of standard output; undefined where it was not wanted, or larger than wanted. */
  readonly stdout: string | undefined;
}

const OUTPUT_TAIL_BYTES = 4_096;

/**
 * One child with a process group of its own, from its start until it has ended or was killed. Reports once, never in the
 * turn in which it is made. What the child leaves running when it exits by itself is left alone, and not waited for even
 * where it holds our pipe open.
 */
export class CommandRun {
  readonly #child: ChildProcess | undefined;
  readonly #tail = new OutputTail(OUTPUT_TAIL_BYTES);
  readonly #whole: WholeOutput | undefined;
  readonly #onReport: (report: RunReport) => void;
  #isOver = false;

  constructor({ argv, env, stdoutBytes }: CommandRequest, onReport: (report: RunReport) => void) {
    this.#onReport = onReport;
    this.#whole = stdoutBytes === undefined ? undefined : new WholeOutput(stdoutBytes);
    const child = startChild(argv, env);
    if ('status' in child) queueMicrotask(() => this.#end(child));
    else {
      this.#child = child;
      this.#watch(child);
    }
  }

  /** undefined: it could not be started. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Kills it and its group (SIGKILL), and reports at once; nothing where it has ended by itself, which is being reported. */
  kill(): void {
    const child = this.#child;
    // Once the exit is known the number may be another's.
    if (this.#isOver || child?.pid === undefined || child.exitCode !== null || child.signalCode !== null)
      return;
    killGroup(child.pid);
    this.#end({ status: 'killed' });
  }

  #watch(child: ChildProcess): void {
    const tail = (chunk: Buffer): void => this.#tail.push(chunk);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', tail);
      stream?.on('error', () => undefined);
    }
    child.stdout?.on('data', (chunk: Buffer) => this.#whole?.push(chunk));
    child.on('error', (error) => this.#end({ status: 'spawn-failed', code: errorCode(error) }));
    child.on('exit', (code, by) => afterLastOutput(() => this.#end(endOf(code, by))));
  }

  #end(end: RunEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#child?.stdout?.destroy();
    this.#child?.stderr?.destroy();
    this.#child?.unref();
    this.#onReport({ end, output: this.#tail.text(), stdout: this.#whole?.text() });
  }
}

/** SIGKILL to all of a group; the caller knows that its leader has not been waited for yet. */
export function killGroup(pid: number): void {
  try {
    kill(-pid, 'SIGKILL');
  } catch {
    // Gone between its end and our hearing of it.
  }
}

function startChild(
  argv: readonly string[],
  env: CommandRequest['env'],
): ChildProcess | Extract<OwnEnd, { status: 'spawn-failed' }> {
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

function endOf(code: number | null, by: NodeJS.Signals | null): OwnEnd {
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
