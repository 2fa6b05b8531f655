import type { Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import { SharedExports } from './exports.ts';
import { Listener } from './listener.ts';
import type { Refusal } from './listener-refusals.ts';
import { CEASE } from './notification.ts';
import { PeerSession, type PeerSessionEvents } from './peer-session.ts';
import type { BgpRoute, ListenSpec, PeerSpec, SpeakerSpec } from './spec.ts';
import type { SpeakerStatus } from './status.ts';
import { abandon } from './transport.ts';

export interface SpeakerOptions extends PeerSessionEvents {
  readonly clock: Clock;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  /** It can't listen there, and why; undefined: it does. */
  onListener(listen: ListenSpec, failure: string | undefined): void;
  /** A connection was turned away. */
  onRefusal(refusal: Refusal): void;
  /** A bug, in what belongs to no peer. */
  onListenerCrash(error: unknown): void;
}

interface Listening {
  readonly spec: ListenSpec;
  readonly listener: Listener<AcceptedPeer>;
}

type AcceptedPeer = PeerSpec & { readonly isEbgp: boolean };

/** A close is over by then, whatever the peers do. */
const CLOSE_MS = 2_000;

/** All the peers of one router id: each gets the same routes, and none waits for another. */
export class Speaker {
  readonly #options: SpeakerOptions;
  readonly #sessions = new Map<string, PeerSession>();
  readonly #leaving = new Set<Promise<void>>();
  #spec: SpeakerSpec;
  #routes: readonly BgpRoute[] = [];
  #closed: Promise<boolean> | undefined;
  #listening: Listening | undefined;

  /** Begins to connect, and to listen, at once. */
  constructor(spec: SpeakerSpec, options: SpeakerOptions) {
    this.#options = options;
    this.#spec = spec;
    this.#open(spec.peers);
    this.#listen();
  }

  /** From now on every peer should have exactly these, one for each prefix. What differs is written before this returns. */
  set(routes: readonly BgpRoute[]): void {
    if (this.#closed !== undefined) return;
    this.#routes = routes;
    for (const session of this.#sessions.values()) session.setRoutes(routes);
  }

  /** Sessions of peers that stay as they were are not touched; one whose settings changed is ended and begun anew. */
  reload(spec: SpeakerSpec): void {
    if (this.#closed !== undefined) return;
    const isSameSpeaker = spec.routerId === this.#spec.routerId && spec.localAsn === this.#spec.localAsn;
    const wanted = new Map(spec.peers.map((peer) => [peer.name, peer]));
    this.#spec = spec;
    const changed = [...this.#sessions.values()].filter((session) => {
      return !isSameSpeaker || !isSame(wanted.get(session.peer.name), session.peer);
    });
    for (const session of changed) this.#leave(session, wanted.has(session.peer.name));
    const begin = (): void => this.#open(this.#spec.peers.filter(({ name }) => !this.#sessions.has(name)));
    // The old connections first: a peer would take the new one for a collision.
    if (this.#leaving.size === 0) begin();
    else Promise.all(this.#leaving).then(begin);
    this.#listen();
  }

  /** The port that peers can connect to; undefined while there is none. */
  listeningPort(): number | undefined {
    return this.#listening?.listener.port;
  }

  status(): SpeakerStatus {
    const { routerId, localAsn, peers } = this.#spec;
    const shown = peers.flatMap(({ name }) => this.#sessions.get(name)?.status() ?? []);
    return { routerId, localAsn, peers: shown };
  }

  /**
   * Withdraws all and ends every session with a Cease of this text (RFC 9003). Idempotent; bounded by 2 s, and true when
   * all connections have come to their end by then.
   */
  close(communication: string): Promise<boolean> {
    this.#closed ??= this.#close(communication);
    return this.#closed;
  }

  async #close(communication: string): Promise<boolean> {
    this.#listening?.listener.close();
    this.#listening = undefined;
    const stopping = [...this.#sessions.values()].map((session) => session.stop(communication));
    const ended = Promise.all([...stopping, ...this.#leaving]).then(() => true);
    const late = Promise.withResolvers<boolean>();
    const timer = this.#options.clock.after(CLOSE_MS, () => late.resolve(false));
    const isClean = await Promise.race([ended, late.promise]);
    timer.cancel();
    return isClean;
  }

  /** Has the listener as the spec says, for the peers of the spec. */
  #listen(): void {
    const { listen: spec, localAsn } = this.#spec;
    const peers = this.#spec.peers.map((peer) => ({ ...peer, isEbgp: peer.remoteAsn !== localAsn }));
    if (this.#listening !== undefined && isSame(this.#listening.spec, spec)) {
      this.#listening.listener.setPeers(peers);
      return;
    }
    this.#listening?.listener.close();
    this.#listening = undefined;
    if (spec === undefined) return;
    const { clock, onListener, onRefusal, onListenerCrash } = this.#options;
    const listener = new Listener<AcceptedPeer>({
      spec,
      peers,
      clock,
      onConnection: (socket, peer) => this.#accept(socket, peer),
      onState: (failure) => onListener(spec, failure),
      onRefusal,
      onCrash: onListenerCrash,
    });
    this.#listening = { spec, listener };
    listener.start();
  }

  #accept(socket: Socket, peer: PeerSpec): void {
    const session = this.#closed === undefined ? this.#sessions.get(peer.name) : undefined;
    if (session === undefined) abandon(socket);
    else session.accept(socket);
  }

  #leave(session: PeerSession, isChanged: boolean): void {
    this.#sessions.delete(session.peer.name);
    const [why, subcode] = isChanged
      ? ['configuration changed', CEASE.otherConfigurationChange]
      : ['peer removed', CEASE.peerDeconfigured];
    const left = session.stop(why, subcode).then(() => {
      this.#leaving.delete(left);
    });
    this.#leaving.add(left);
  }

  #open(peers: readonly PeerSpec[]): void {
    if (this.#closed !== undefined) return;
    const { routerId, localAsn } = this.#spec;
    // A new one at each reload: what belongs to settings of the past is forgotten with its sessions.
    const exports = new SharedExports();
    for (const peer of peers) {
      const session = new PeerSession({ ...this.#options, speaker: { routerId, localAsn }, peer, exports });
      this.#sessions.set(peer.name, session);
      session.setRoutes(this.#routes);
      session.start();
    }
  }
}

function isSame(wanted: object | undefined, running: object | undefined): boolean {
  return JSON.stringify(wanted) === JSON.stringify(running);
}
