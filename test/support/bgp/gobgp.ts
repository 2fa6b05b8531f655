import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { goProgram } from '../go-program.ts';
import { waitFor } from '../story/wait.ts';
import type { Family } from './addresses.ts';
import type { Daemon } from './daemon.ts';
import { gobgpConfig } from './gobgp-config.ts';
import { readGobgpNeighbour, readGobgpTable } from './gobgp-view.ts';
import type { Lab } from './lab.ts';
import type { NeighbourView, Router, RouterSpec, TableEntry } from './router.ts';

/** Log lines that tell how a session ended. */
const END = /notification|hold timer|prefix limit|Peer Down/i;

/** GoBGP, Debian's or the newest, asked by its own client over a Unix socket. */
export class GobgpRouter implements Router {
  readonly kind: 'gobgp' | 'gobgp-newest';
  readonly #lab: Lab;
  readonly #link: number;
  readonly #spec: RouterSpec;
  readonly #api: string;
  #daemon: Daemon | undefined;
  #client = 'gobgp';

  constructor(kind: 'gobgp' | 'gobgp-newest', lab: Lab, link: number, spec: RouterSpec) {
    this.kind = kind;
    this.#lab = lab;
    this.#link = link;
    this.#spec = spec;
    this.#api = `unix://${join(lab.folder, `gobgp-${link}.sock`)}`;
  }

  async start(): Promise<void> {
    const isNewest = this.kind === 'gobgp-newest';
    this.#client = isNewest ? await goProgram('gobgp') : 'gobgp';
    const program = isNewest ? await goProgram('gobgpd') : 'gobgpd';
    const config = join(this.#lab.folder, `gobgp-${this.#link}.json`);
    await writeFile(config, gobgpConfig(this.#spec));
    // A killed one leaves it, and the next one would not start.
    await rm(this.#api.slice('unix://'.length), { force: true });
    this.#daemon = await this.#lab.start(this.#link, this.kind, [
      ...[program, '-t', 'yaml', '-f', config, '-l', 'info', '-p'],
      ...['--api-hosts', this.#api, '--pprof-disable'],
    ]);
    await waitFor(() => this.#isReady(), { limitMs: 10_000, what: 'GoBGP answers', everyMs: 50 });
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
    const table = (): Promise<string> => this.#ask('neighbor', neighbour, 'adj-in', '-a', family);
    try {
      return readGobgpTable(await table());
    } catch {
      // It has no table of a session that is not there, nor an empty one.
      const { isEstablished } = await this.neighbour(neighbour);
      return isEstablished ? readGobgpTable(await table()) : [];
    }
  }

  async neighbour(neighbour: string): Promise<NeighbourView> {
    const isOf = (line: string): boolean =>
      [`Key=${neighbour} `, `Key="${neighbour}"`].some((key) => `${line} `.includes(key));
    const own = this.log().filter(isOf);
    const ended = own.slice(own.findLastIndex((line) => line.includes('Peer Up')) + 1);
    const lastEnd = ended.filter((line) => END.test(line)).join('\n');
    return readGobgpNeighbour(await this.#ask('neighbor', neighbour), lastEnd);
  }

  async refresh(neighbour: string, family: Family): Promise<void> {
    await this.#ask('neighbor', neighbour, 'softresetin', '-a', family);
  }

  log(): readonly string[] {
    return this.#daemon?.lines ?? [];
  }

  async #isReady(): Promise<boolean> {
    if (!this.#daemon?.isRunning()) throw new Error(`GoBGP ended: ${this.log().join('\n')}`);
    // The neighbours of its file come after its API.
    return await this.#ask('neighbor').then(
      (text) => (JSON.parse(text) as readonly unknown[]).length === this.#spec.neighbours.length,
      () => false,
    );
  }

  async #ask(...args: readonly string[]): Promise<string> {
    const all = ['--target', this.#api, '-j', ...args];
    const { stdout } = await promisify(execFile)(this.#client, all, {
      timeout: 10_000,
      maxBuffer: 16_777_216,
    });
    return stdout;
  }
}
