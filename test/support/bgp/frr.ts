import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from '../story/wait.ts';
import type { Family } from './addresses.ts';
import type { Daemon } from './daemon.ts';
import { frrConfig } from './frr-config.ts';
import { askFrr } from './frr-socket.ts';
import { readFrrNeighbour, readFrrTable } from './frr-view.ts';
import type { Lab } from './lab.ts';
import type { NeighbourView, Router, RouterSpec, TableEntry } from './router.ts';

const PROGRAMS = '/usr/lib/frr';

/** FRRouting: bgpd, and zebra for next hops and the kernel's table; asked by bgpd's own socket, as vtysh does. */
export class FrrRouter implements Router {
  readonly kind = 'frr';
  readonly #lab: Lab;
  readonly #link: number;
  readonly #spec: RouterSpec;
  readonly #folder: string;
  #zebra: Daemon | undefined;
  #bgpd: Daemon | undefined;
  /** Ends when the last question is answered. */
  #asked: Promise<unknown> = Promise.resolve();

  constructor(lab: Lab, link: number, spec: RouterSpec) {
    this.#lab = lab;
    this.#link = link;
    this.#spec = spec;
    this.#folder = join(lab.folder, `frr-${link}`);
  }

  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await writeFile(join(this.#folder, 'bgpd.conf'), frrConfig(this.#spec));
    await writeFile(join(this.#folder, 'zebra.conf'), 'log stdout\n');
    await promisify(execFile)('chown', ['-R', 'frr:frr', this.#folder]);
    this.#zebra ??= await this.#run('zebra');
    this.#bgpd = await this.#run('bgpd');
    await waitFor(() => this.#isReady(), { limitMs: 10_000, what: 'FRR answers', everyMs: 50 });
  }

  /** Of bgpd: zebra goes on. */
  async kill(): Promise<void> {
    await this.#bgpd?.end('SIGKILL');
  }

  pause(): void {
    this.#bgpd?.pause();
  }

  resume(): void {
    this.#bgpd?.resume();
  }

  async table(neighbour: string, family: Family): Promise<readonly TableEntry[]> {
    return readFrrTable(await this.#ask(`show bgp ${family} unicast json detail`), neighbour);
  }

  async neighbour(neighbour: string): Promise<NeighbourView> {
    return readFrrNeighbour(await this.#ask(`show bgp neighbors ${neighbour} json`), neighbour);
  }

  async refresh(neighbour: string, family: Family): Promise<void> {
    await this.#ask(`clear bgp ${family} unicast ${neighbour} soft in`);
  }

  log(): readonly string[] {
    return this.#bgpd?.lines ?? [];
  }

  async #run(name: 'zebra' | 'bgpd'): Promise<Daemon> {
    const own = (file: string): string => join(this.#folder, file);
    return await this.#lab.start(this.#link, `frr ${name}`, [
      ...[join(PROGRAMS, name), '-f', own(`${name}.conf`), '-i', own(`${name}.pid`)],
      ...['-z', own('zserv.api'), '--vty_socket', this.#folder, '-P', '0'],
    ]);
  }

  async #isReady(): Promise<boolean> {
    const isAlive = this.#zebra?.isRunning() && this.#bgpd?.isRunning();
    if (!isAlive) throw new Error(`FRR ended: ${[...(this.#zebra?.lines ?? []), ...this.log()].join('\n')}`);
    return await this.#ask('show bgp summary json').then(
      (text) => text.includes('{'),
      () => false,
    );
  }

  /** What vtysh would print. One question after the other: few may wait for an answer. */
  #ask(command: string): Promise<string> {
    const answer = this.#asked.then(() => askFrr(join(this.#folder, 'bgpd.vty'), command));
    this.#asked = answer.catch(() => undefined);
    return answer;
  }
}
