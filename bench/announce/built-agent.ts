import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Daemon } from '../../test/support/bgp/daemon.ts';
import type { Lab } from '../../test/support/bgp/lab.ts';
import { CLI_ENTRY } from '../../test/support/cli.ts';
import { waitFor } from '../../test/support/story/wait.ts';

export interface BuiltAgentOptions {
  /** Of the namespace that it runs in. */
  readonly link: number;
  /** Unique in the lab. */
  readonly name: string;
  /** Its text. */
  readonly config: string;
  /** For Node itself. */
  readonly node?: readonly string[];
}

/** The built program as a process. */
export class BuiltAgent {
  readonly #daemon: Daemon;

  static async start(lab: Lab, { link, name, config, node = [] }: BuiltAgentOptions): Promise<BuiltAgent> {
    const file = join(lab.folder, `${name}.yaml`);
    await writeFile(file, config);
    const command = [process.execPath, ...node, CLI_ENTRY, 'run', '--config', file, '--log-format', 'json'];
    return new BuiltAgent(await lab.start(link, name, command));
  }

  private constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  get pid(): number {
    return this.#daemon.pid;
  }

  get lines(): readonly string[] {
    return this.#daemon.lines;
  }

  /** Resolves once all checks have settled. */
  async ready(): Promise<void> {
    const look = (): boolean => {
      if (!this.#daemon.isRunning()) throw new Error(`vpcast ended: ${this.lines.join('\n')}`);
      return this.lines.some((line) => line.includes('"event":"ready"'));
    };
    await waitFor(look, { limitMs: 20_000, what: 'the checks have settled' });
  }

  /** Resolves once it is gone. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#daemon.end(signal);
  }
}
