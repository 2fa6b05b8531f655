import type { OwnedProcess, Processes } from '../story/processes.ts';

export interface DaemonSpec {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A program that runs in the foreground until it is ended, with its output. */
export class Daemon {
  readonly #process: OwnedProcess;
  readonly #lines: string[];

  static async start(processes: Processes, { name, command, env }: DaemonSpec): Promise<Daemon> {
    const [script = '', ...args] = command;
    const lines: string[] = [];
    const started = await processes.start({
      name,
      script,
      isProgram: true,
      args,
      env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`, ...env },
      onLine: (line) => lines.push(line),
    });
    return new Daemon(started, lines);
  }

  private constructor(started: OwnedProcess, lines: string[]) {
    this.#process = started;
    this.#lines = lines;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Both outputs, in the order in which they came. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  isRunning(): boolean {
    return this.#process.isRunning();
  }

  /** Stops it where it stands (SIGSTOP): its sockets stay open, and nothing is answered. */
  pause(): void {
    process.kill(this.#process.pid, 'SIGSTOP');
  }

  resume(): void {
    process.kill(this.#process.pid, 'SIGCONT');
  }

  signal(name: 'SIGHUP'): void {
    process.kill(this.#process.pid, name);
  }

  /** Resolves with the exit status, or the signal's name, once it is gone. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string> {
    return await this.#process.end(signal);
  }
}
