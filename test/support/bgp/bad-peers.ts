import { join } from 'node:path';
import { waitFor } from '../story/wait.ts';
import type { Daemon } from './daemon.ts';
import type { Lab } from './lab.ts';

/** What a peer may do that it should not. */
export type Misbehaviour =
  | 'silent'
  | 'garbage'
  | 'short-message'
  | 'hangs-up'
  | 'wrong-asn'
  | 'wrong-version'
  /** It ends its established sessions by a malformed UPDATE. */
  | 'bad-update';

export interface BadPeersTask {
  readonly address: string;
  readonly asn: number;
  readonly ports: Readonly<Record<Misbehaviour, number>>;
}

export interface BadPeerEvent {
  readonly behaviour: Misbehaviour;
  readonly what: 'listening' | 'connected' | 'received';
  /** From the type on, as hexadecimal digits. */
  readonly message?: string;
}

const SCRIPT = join(import.meta.dirname, 'bad-peers-main.ts');

/** Peers that misbehave, in a router's namespace, one on each port. */
export class BadPeers {
  readonly #daemon: Daemon;

  static async start(lab: Lab, link: number, task: BadPeersTask): Promise<BadPeers> {
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', SCRIPT, JSON.stringify(task)];
    const peers = new BadPeers(await lab.start(link, 'bad peers', node));
    const isReady = (): boolean =>
      peers.events().filter(({ what }) => what === 'listening').length === Object.keys(task.ports).length;
    await waitFor(isReady, { limitMs: 10_000, what: 'the bad peers listen' });
    return peers;
  }

  private constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  events(): readonly BadPeerEvent[] {
    return this.#daemon.lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as BadPeerEvent);
  }

  /** How often somebody has connected. */
  connections(behaviour: Misbehaviour): number {
    return this.events().filter((event) => event.behaviour === behaviour && event.what === 'connected')
      .length;
  }

  /** What NOTIFICATIONs have said: code and subcode. */
  notifications(behaviour: Misbehaviour): readonly string[] {
    return this.events().flatMap((event) =>
      event.behaviour === behaviour && event.message?.startsWith('03')
        ? [
            `${Number.parseInt(event.message.slice(2, 4), 16)}/${Number.parseInt(event.message.slice(4, 6), 16)}`,
          ]
        : [],
    );
  }
}
