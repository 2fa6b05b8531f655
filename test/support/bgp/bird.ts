import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { waitFor } from '../story/wait.ts';
import type { Family } from './addresses.ts';
import { birdConfig } from './bird-config.ts';
import { readBirdNeighbour, readBirdTable } from './bird-view.ts';
import type { Daemon } from './daemon.ts';
import type { Lab } from './lab.ts';
import type { NeighbourSpec, NeighbourView, Router, RouterSpec, TableEntry } from './router.ts';

/** The last line of an answer; lines before it have a `-` there, or a space instead of the code. */
const LAST_LINE = /^\d{4} /;

const ASK_LIMIT_MS = 5_000;

/** BIRD 2, asked by its control socket, as birdc does. */
export class BirdRouter implements Router {
  readonly kind = 'bird';
  readonly #lab: Lab;
  readonly #link: number;
  readonly #spec: RouterSpec;
  readonly #socket: string;
  #daemon: Daemon | undefined;
  /** Ends when the last question is answered. */
  #asked: Promise<unknown> = Promise.resolve();

  constructor(lab: Lab, link: number, spec: RouterSpec) {
    this.#lab = lab;
    this.#link = link;
    this.#spec = spec;
    this.#socket = join(lab.folder, `bird-${link}.ctl`);
  }

  async start(): Promise<void> {
    const config = join(this.#lab.folder, `bird-${this.#link}.conf`);
    await writeFile(config, birdConfig(this.#spec));
    this.#daemon = await startBird(this.#lab, { link: this.#link, config, socket: this.#socket });
  }

  async kill(): Promise<void> {
    await this.#daemon?.end('SIGKILL');
  }

  pause(): void {
    this.#daemon?.pause();
  }

  resume(): void {
    this.#daemon?.resume();
  }

  async table(neighbour: string, family: Family): Promise<readonly TableEntry[]> {
    const { name, remoteAsn, localAsn } = this.#named(neighbour);
    const table = family === 'ipv4' ? 'master4' : 'master6';
    const lines = await this.#ask(`show route all protocol ${name} table ${table}`);
    return readBirdTable(lines, remoteAsn === localAsn);
  }

  async neighbour(neighbour: string): Promise<NeighbourView> {
    return readBirdNeighbour(await this.#ask(`show protocols all ${this.#named(neighbour).name}`));
  }

  /** Of all families of the session. */
  async refresh(neighbour: string): Promise<void> {
    await this.#ask(`reload in ${this.#named(neighbour).name}`);
  }

  log(): readonly string[] {
    return this.#daemon?.lines ?? [];
  }

  /** One question after the other: few may wait for an answer. */
  #ask(command: string): Promise<readonly string[]> {
    const answer = this.#asked.then(() => askBird(this.#socket, command));
    this.#asked = answer.catch(() => undefined);
    return answer;
  }

  #named(address: string): NeighbourSpec {
    const found = this.#spec.neighbours.find((neighbour) => neighbour.address === address);
    if (found === undefined) throw new Error(`BIRD knows no neighbour ${address}`);
    return found;
  }
}

/** Resolves when it answers. */
export async function startBird(
  lab: Lab,
  { link, config, socket }: { readonly link: number; readonly config: string; readonly socket: string },
): Promise<Daemon> {
  const daemon = await lab.start(link, 'bird', ['bird', '-f', '-c', config, '-s', socket]);
  const isReady = async (): Promise<boolean> => {
    if (!daemon.isRunning()) throw new Error(`BIRD ended: ${daemon.lines.join('\n')}`);
    return await askBird(socket, 'show status').then(
      () => true,
      () => false,
    );
  };
  await waitFor(isReady, { limitMs: 10_000, what: 'BIRD answers' });
  return daemon;
}

/** Resolves with the lines of its answer, without codes; rejects when it is none, or an error (8xxx, 9xxx). */
export function askBird(path: string, command: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const lines: string[] = [];
    let rest = '';
    let isGreeted = false;
    const take = (line: string): void => {
      if (LAST_LINE.test(line) && !isGreeted) {
        isGreeted = true;
        socket.write(`${command}\n`);
        return;
      }
      lines.push(line.replace(/^(?:\d{4}[- ]| )/, ''));
      if (!LAST_LINE.test(line)) return;
      socket.destroy();
      if (/^[89]/.test(line)) reject(new Error(`BIRD refused "${command}": ${line}`));
      else resolve(lines);
    };
    socket.setEncoding('utf8').setTimeout(ASK_LIMIT_MS, () => {
      socket.destroy(new Error(`BIRD did not answer "${command}" in ${ASK_LIMIT_MS} ms`));
    });
    socket.on('error', reject).on('close', () => reject(new Error('BIRD closed its control socket')));
    socket.on('data', (text: string) => {
      const parts = `${rest}${text}`.split('\n');
      rest = parts.pop() ?? '';
      parts.forEach(take);
    });
  });
}
