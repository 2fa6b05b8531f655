import { type ChildProcess, spawn } from 'node:child_process';
import type { Guard } from './guard.ts';

/** How long a process may take to end by itself. */
const STOP_LIMIT_MS = 12_000;

/** Becomes the program once it is told that the guard knows of it; nobody is left to tell it: then it ends. */
const ONCE_GUARDED = ['/bin/sh', '-c', 'read -r go && exec "$@"', 'sh'];

export interface ProcessSpec {
  readonly name: string;
  /** Run with the same Node as this process, unless it is a program of its own. */
  readonly script: string;
  readonly isProgram?: boolean;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Takes each whole line of both outputs. */
  onLine(line: string): void;
}

/** A process of ours that runs or ran. */
export interface OwnedProcess {
  readonly name: string;
  readonly pid: number;
  isRunning(): boolean;
  /** Sends the signal and resolves with the exit status (a signal's name if it ended by one) once it is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string>;
}

/** Starts processes and sees to it that each one ends: by its own process handle, never by name. */
export class Processes {
  readonly #running = new Set<ChildProcess>();
  readonly #endings = new Map<ChildProcess, Promise<number | string>>();
  readonly #guard: Guard | undefined;
  #isClosed = false;

  /** With a guard they end also when this process is killed. */
  constructor(guard?: Guard) {
    this.#guard = guard;
  }

  /** Rejects when the process can't be started. */
  async start(spec: ProcessSpec): Promise<OwnedProcess> {
    if (this.#isClosed) throw new Error(`${spec.name} is not started: everything is being ended`);
    const command = spec.isProgram
      ? [spec.script, ...spec.args]
      : [process.execPath, '--disable-warning=ExperimentalWarning', spec.script, ...spec.args];
    const [program = '', ...argv] = this.#guard === undefined ? command : [...ONCE_GUARDED, ...command];
    const child = spawn(program, argv, { env: { ...spec.env }, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#running.add(child);
    if (this.#guard !== undefined && child.pid !== undefined) {
      this.#guard.started(child.pid);
      child.stdin.write('go\n');
    }
    const ending = new Promise<number | string>((resolve) => {
      child.once('close', (code, signal) => {
        this.#running.delete(child);
        if (child.pid !== undefined) this.#guard?.ended(child.pid);
        resolve(code ?? signal ?? 'unknown');
      });
    });
    this.#endings.set(child, ending);
    readLines(child.stdout, spec.onLine);
    readLines(child.stderr, spec.onLine);
    // A child that ends closes its pipes while something may be under way; that is no error of ours.
    child.stdin.on('error', () => undefined);
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('spawn', () => resolve(child.pid ?? 0));
      child.once('error', reject);
    });
    return {
      name: spec.name,
      pid,
      isRunning: () => this.#running.has(child),
      end: (signal) => this.#end(child, signal),
    };
  }

  /** Ends all: asked first, then killed. Idempotent, and nothing can be started afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#running].map((child) => this.#end(child, 'SIGTERM')));
  }

  /** The last resort, for `process.on('exit')`, where nothing can be waited for. */
  killNow(): void {
    this.#isClosed = true;
    for (const child of this.#running) child.kill('SIGKILL');
  }

  async #end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string> {
    const ending = this.#endings.get(child);
    if (ending === undefined) throw new Error('this process was started elsewhere');
    if (!this.#running.has(child)) return await ending;
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    try {
      return await ending;
    } finally {
      clearTimeout(timer);
    }
  }
}

function readLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}
