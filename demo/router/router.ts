import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { askBird } from '../../test/support/bgp/bird.ts';
import { readBirdTable } from '../../test/support/bgp/bird-view.ts';
import type { Guard } from '../../test/support/story/guard.ts';
import { waitFor } from '../../test/support/story/wait.ts';
import { chooseAddresses, type LinkAddresses } from './addresses.ts';
import { announcerConfig, PREFIX, routerConfig, sessionName } from './config.ts';
import { RouterNamespace } from './namespace.ts';
import { changesBetween, type PathChange, parseBirdLine, pathOf, type RouterPath } from './paths.ts';

/** Its log tells of every change; this is for what it may not tell of. */
const LOOK_EVERY_MS = 500;
/** A change that is seen this long after the log has told of one is another. */
const TOLD_MS = 300;

export interface RouterOptions {
  /** `BIRD 2.0.12`. */
  readonly daemon: string;
  /** Names of the zones. */
  readonly zones: readonly string[];
  readonly guard: Guard;
  readonly onChange: (change: PathChange) => void;
}

/** A BGP router that somebody else wrote, and its own table of the prefix that every zone announces. */
export class BgpRouter {
  readonly daemon: string;
  readonly #zones: readonly string[];
  readonly #addresses: LinkAddresses;
  readonly #folder: string;
  readonly #onChange: (change: PathChange) => void;
  readonly #changes: PathChange[] = [];
  /** By zone, when the log last told of its path. */
  readonly #told = new Map<string, number>();
  #paths: readonly RouterPath[] = [];
  #namespace: RouterNamespace | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;
  #isStale = false;

  /** Resolves when BIRD answers. Rejects where it can't be had, with why; nothing is left then. */
  static async open(options: RouterOptions): Promise<BgpRouter> {
    const own = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ cidr }) => cidr ?? '') ?? []);
    const addresses = chooseAddresses(own, options.zones.length);
    if (addresses === undefined) throw new Error('this host has all networks for examples (RFC 5737) in use');
    const folder = await mkdtemp(join(tmpdir(), 'vpcast-router-'));
    options.guard.folder(folder);
    const router = new BgpRouter(options, addresses, folder);
    try {
      await router.#start();
      return router;
    } catch (error) {
      await router.close();
      throw error;
    }
  }

  private constructor(options: RouterOptions, addresses: LinkAddresses, folder: string) {
    this.daemon = options.daemon;
    this.#zones = options.zones;
    this.#onChange = options.onChange;
    this.#addresses = addresses;
    this.#folder = folder;
  }

  /** What goes below the configuration of a zone's agent. */
  announcerOf(zone: string): string {
    return announcerConfig(this.#addresses, this.#zones.indexOf(zone));
  }

  isRunning(): boolean {
    return this.#namespace?.isRunning() === true;
  }

  /** What its table has now, by zone. */
  paths(): readonly RouterPath[] {
    return this.#paths;
  }

  /** Everything that became of paths, oldest first. */
  changes(): readonly PathChange[] {
    return this.#changes;
  }

  killNow(): void {
    this.#namespace?.killNow();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#namespace?.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #socket(): string {
    return join(this.#folder, 'bird.ctl');
  }

  async #start(): Promise<void> {
    const config = join(this.#folder, 'bird.conf');
    await writeFile(config, routerConfig(this.#addresses, this.#zones));
    const namespace = await RouterNamespace.open({
      addresses: this.#addresses,
      config,
      socket: this.#socket,
      onLine: (line) => this.#hear(line),
    });
    this.#namespace = namespace;
    const isReady = async (): Promise<boolean> => {
      if (!namespace.isRunning()) throw new Error(`BIRD ended: ${namespace.lastLine()}`);
      return await askBird(this.#socket, 'show status').then(
        () => true,
        () => false,
      );
    };
    await waitFor(isReady, { limitMs: 10_000, what: 'BIRD answers' });
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  #hear(line: string): void {
    const told = parseBirdLine(line, PREFIX);
    const zone = this.#zones.find((name) => sessionName(name) === told?.session);
    if (told === undefined || zone === undefined) return;
    this.#told.set(zone, told.atMs);
    this.#look();
  }

  /** One look at a time; asked for during one, there is exactly one more. */
  #look(): void {
    this.#isStale = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    void this.#lookWhileStale();
  }

  async #lookWhileStale(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      const seen = await this.#read().catch(() => (this.isRunning() ? this.#paths : []));
      const changes = changesBetween(this.#paths, seen, (zone) => this.#atMsOf(zone));
      this.#paths = seen;
      this.#changes.push(...changes);
      for (const change of changes) this.#onChange(change);
    }
    this.#isLooking = false;
  }

  async #read(): Promise<readonly RouterPath[]> {
    const found = await Promise.all(
      this.#zones.map(async (zone) => {
        const lines = await askBird(this.#socket, `show route all protocol ${sessionName(zone)}`);
        return pathOf(zone, readBirdTable(lines, false), PREFIX);
      }),
    );
    return found.filter((path) => path !== undefined);
  }

  /** A look may be faster than the log: what that told of earlier is another change. */
  #atMsOf(zone: string): number {
    const [told = 0, nowMs] = [this.#told.get(zone), Date.now()];
    return nowMs - told < TOLD_MS ? told : nowMs;
  }
}
