import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SessionEnd } from '../../../src/bgp/index.ts';
import { CLI_ENTRY } from '../cli.ts';
import { waitFor } from '../story/wait.ts';
import type { Daemon } from './daemon.ts';
import type { RouterKind } from './router.ts';
import {
  endsOf,
  MODES,
  type Mode,
  ROUTER_ASN,
  ROUTER_KINDS,
  type SessionPlan,
  type Topology,
} from './topology.ts';

/** What is written under `announcer`, in the configuration's own words. */
export type AnnouncerConfig = Readonly<Record<string, unknown>>;

/** A line of its log. */
export type LogEvent = Readonly<Record<string, unknown>>;

/** How a session ended, or an attempt at one. */
export interface PeerEnd {
  readonly reason: SessionEnd['reason'];
  /** Code and subcode of a NOTIFICATION, such as `6/1`; empty where there was none. */
  readonly codes: string;
  readonly detail: string;
}

/** A check that a test switches: it passes while its file is there. */
export const CHECK = 'service';

/** The built program in its namespace, announcing. */
export class Vpcast {
  readonly #name: string;
  readonly #daemon: Daemon;
  readonly #folder: string;
  readonly #events: LogEvent[] = [];
  /** How many lines of its output have been looked at. */
  #read = 0;

  /** Resolves once it runs; sessions come later. `name` is unique in the lab. */
  static async start({ lab }: Topology, name: string, announcer: AnnouncerConfig): Promise<Vpcast> {
    const config = join(lab.folder, `${name}.yaml`);
    await writeConfig(lab.folder, name, announcer);
    const options = ['--config', config, '--log-format', 'json', '--log-level', 'debug'];
    const command = [process.execPath, CLI_ENTRY, 'run', ...options];
    return new Vpcast(lab.folder, name, await lab.start(0, `vpcast ${name}`, command));
  }

  private constructor(folder: string, name: string, daemon: Daemon) {
    this.#folder = folder;
    this.#name = name;
    this.#daemon = daemon;
  }

  /** Makes the check pass. */
  async pass(): Promise<void> {
    await writeFile(healthFile(this.#folder, this.#name), '');
  }

  /** Makes the check fail. */
  async fail(): Promise<void> {
    await rm(healthFile(this.#folder, this.#name));
  }

  /** Has it take another configuration (SIGHUP); resolves once it says that it has. */
  async reload(announcer: AnnouncerConfig): Promise<void> {
    const before = this.events('reloaded').length;
    await writeConfig(this.#folder, this.#name, announcer);
    this.#daemon.signal('SIGHUP');
    const look = (): boolean => this.events('reloaded').length > before;
    await waitFor(look, { limitMs: 10_000, what: `${this.#name} reloads:\n${this.log()}` });
  }

  /** What it has logged of a kind, oldest first. */
  events(event: string): readonly LogEvent[] {
    const { lines } = this.#daemon;
    for (; this.#read < lines.length; this.#read += 1) {
      const line = lines[this.#read] ?? '';
      if (line.startsWith('{')) this.#events.push(JSON.parse(line) as LogEvent);
    }
    return this.#events.filter((line) => line.event === event);
  }

  /** The same of one peer. */
  peerEvents(peer: string): readonly LogEvent[] {
    return this.events('peer-state').filter((line) => line.peer === peer);
  }

  /** How its sessions with a peer, and attempts at one, have ended so far. */
  peerEnds(peer: string): readonly PeerEnd[] {
    return this.peerEvents(peer).flatMap((line) => {
      const reason = line['end.reason'] as SessionEnd['reason'] | undefined;
      if (reason === undefined) return [];
      const codes = [line['end.errorCode'], line['end.errorSubcode']].filter((code) => code !== undefined);
      return [{ reason, codes: codes.join('/'), detail: String(line['end.detail']) }];
    });
  }

  /** What it has printed, for a failed test; without its probes. */
  log(): string {
    return this.#daemon.lines.filter((line) => !line.includes('"event":"probe"')).join('\n');
  }

  pause(): void {
    this.#daemon.pause();
  }

  resume(): void {
    this.#daemon.resume();
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string> {
    return await this.#daemon.end(signal);
  }
}

/** The name that a peer has in vpcast's configuration. */
export function peerName(plan: SessionPlan, kind: RouterKind, mode: Mode): string {
  return `${plan.name}-${kind}-${MODES[mode].session}`;
}

/** The peers of a plan as vpcast has them, each router once by IPv4 and once by IPv6; `more` goes into each. */
export function peersOf(
  plan: SessionPlan,
  more: (kind: RouterKind, session: 'ipv4' | 'ipv6') => AnnouncerConfig = () => ({}),
): readonly AnnouncerConfig[] {
  const kinds = plan.kinds ?? ROUTER_KINDS;
  return kinds.flatMap((kind) =>
    (['ipv4', 'ipv6'] as const).map((session) => {
      const ends = endsOf(plan, kind, session);
      return {
        name: peerName(plan, kind, session),
        remote_address: ends.router,
        remote_asn: plan.localAsn ?? ROUTER_ASN,
        local_address: ends.vpcast,
        hold_time: '3s',
        connect_retry: '200ms',
        ...(session === 'ipv4' ? { families: ['ipv4'] } : { extended_next_hop: true }),
        ...more(kind, session),
      };
    }),
  );
}

async function writeConfig(folder: string, name: string, announcer: AnnouncerConfig): Promise<void> {
  const check = { type: 'file', path: healthFile(folder, name), every: '100ms', rise: 1, fall: 1 };
  const config = { healthchecks: { [CHECK]: check }, announcer };
  await writeFile(join(folder, `${name}.yaml`), JSON.stringify(config));
}

function healthFile(folder: string, name: string): string {
  return join(folder, `${name}.healthy`);
}
