import { waitFor } from '../story/wait.ts';
import type { Daemon } from './daemon.ts';
import type { Lab } from './lab.ts';

/** What tcpdump reads in what vpcast sends over one link. */
export class Capture {
  readonly #daemon: Daemon;

  /** Of vpcast's addresses on that link. Resolves once it sees everything. */
  static async start(lab: Lab, link: number, hosts: readonly string[]): Promise<Capture> {
    const sources = hosts.map((host) => `src host ${host}`).join(' or ');
    const filter = `tcp port 179 and (${sources})`;
    const daemon = await lab.start(0, `tcpdump ${hosts.join(' ')}`, [
      ...['tcpdump', '-i', `router${link}`, '-n', '-vv', '-U', '-l', filter],
    ]);
    const isReady = (): boolean => {
      if (!daemon.isRunning()) throw new Error(`tcpdump ended: ${daemon.lines.join('\n')}`);
      return daemon.lines.some((line) => line.includes('listening on'));
    };
    await waitFor(isReady, { limitMs: 10_000, what: 'tcpdump listens' });
    return new Capture(daemon);
  }

  private constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  /** Lines of text, those of a message indented below its name. */
  get lines(): readonly string[] {
    return this.#daemon.lines;
  }

  /** The messages in their order, each with its name and the lines below it: `Update Message (2), length: 54`. */
  messages(): readonly string[] {
    const text = this.lines.join('\n');
    return text.split(/^\t(?=[A-Z][\w ]* Message \(\d\))/m).slice(1);
  }

  /** What tcpdump finds wrong with messages. */
  complaints(): readonly string[] {
    return this.lines.filter((line) => /\[\|bgp\]|invalid|malformed|bad /i.test(line));
  }

  async end(): Promise<void> {
    await this.#daemon.end('SIGTERM');
  }
}
