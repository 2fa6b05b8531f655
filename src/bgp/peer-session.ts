import type { Socket } from 'node:net';
import type { Clock, Timer } from '../lib/clock.ts';
import { type AddressFamily, AFI, type BgpMessage } from './message.ts';
import { CEASE } from './notification.ts';
import { PeerConnections } from './peer-connections.ts';
import { PeerCounts } from './peer-counts.ts';
import type { ConnectionKind, PeerInput, PeerOutput } from './peer-events.ts';
import {
  attempts,
  createPeer,
  negotiated as negotiatedOf,
  nextDeadlineMs,
  type PeerState,
  retryAtMs,
  sessionState,
  stepPeer,
} from './peer-machine.ts';
import { PeerRoutes, type PeerRoutesOptions } from './peer-routes.ts';
import { type SessionChange, SessionHistory } from './session-history.ts';
import type { BgpRoute, PeerSpec, SpeakerSpec } from './spec.ts';
import type { Negotiated, PeerStatus, SessionEnd } from './status.ts';

/** What a session tells of. */
export interface PeerSessionEvents {
  onState(peer: PeerSpec, change: SessionChange): void;
  onWithheld(peer: PeerSpec, prefix: string, why: string): void;
  /** A bug. The session is begun anew after a while; no other peer notices. */
  onCrash(peer: PeerSpec, error: unknown): void;
}

export interface PeerSessionOptions extends PeerSessionEvents, Pick<PeerRoutesOptions, 'exports'> {
  readonly speaker: Pick<SpeakerSpec, 'routerId' | 'localAsn'>;
  readonly peer: PeerSpec;
  readonly clock: Clock;
  /** Numbers in [0, 1). */
  readonly random: () => number;
}

const AFTER_CRASH_MS = 10_000;
const CRASHED = {
  reason: 'connection-lost',
  detail: 'given up for an error of this program',
  errorCode: undefined,
  errorSubcode: undefined,
} as const;

/** Drives one peer's machine: sockets and time in, what it says out; and keeps the peer's routes as they should be. */
export class PeerSession {
  readonly peer: PeerSpec;
  readonly #options: PeerSessionOptions;
  readonly #counts = new PeerCounts();
  readonly #history = new SessionHistory();
  readonly #routes: PeerRoutes;
  readonly #connections: PeerConnections;
  readonly #inputs: PeerInput[] = [];
  readonly #isIbgp: boolean;
  #isStepping = false;
  #isStopped = false;
  #isRefreshSet = false;
  #state: PeerState;
  #timer: { readonly atMs: number; readonly timer: Timer } | undefined;

  constructor(options: PeerSessionOptions) {
    const { peer, speaker, clock, exports } = options;
    this.#options = options;
    this.peer = peer;
    this.#isIbgp = peer.remoteAsn === speaker.localAsn;
    this.#state = createPeer({ peer, ...speaker });
    const onWithheld = (prefix: string, why: string): void => options.onWithheld(peer, prefix, why);
    this.#routes = new PeerRoutes({ counts: this.#counts, exports, onWithheld });
    this.#connections = new PeerConnections({
      peer,
      isEbgp: !this.#isIbgp,
      clock,
      onInput: (input) => this.#step(input),
      onMessage: (connection, message, errors) => this.#received(connection, message, errors),
      onCrash: (error) => this.#crashed(error),
    });
  }

  start(): void {
    this.#step({ type: 'start' });
  }

  /** From now on the peer should have exactly these; what differs is sent before this returns. */
  setRoutes(routes: readonly BgpRoute[]): void {
    this.#guard(() => this.#routes.set(routes));
  }

  /** A connection that the peer has opened. */
  accept(socket: Socket): void {
    this.#connections.accept(socket);
  }

  /**
   * Withdraws all, then ends the session with a Cease of this subcode and text. Resolves when the sockets are gone, which
   * takes a second at most.
   */
  async stop(communication: string, subcode: number = CEASE.administrativeShutdown): Promise<void> {
    this.#isStopped = true;
    this.setRoutes([]);
    this.#step({ type: 'stop', subcode, communication });
    await this.#connections.closed();
  }

  status(): PeerStatus {
    const { name, remoteAddress, remoteAsn, security } = this.peer;
    return {
      name,
      remoteAddress,
      remoteAsn,
      isIbgp: this.#isIbgp,
      state: sessionState(this.#state),
      attempts: attempts(this.#state),
      retryAtMs: retryAtMs(this.#state),
      negotiated: negotiatedOf(this.#state),
      ...this.#history.read(),
      ...this.#counts.read(),
      ...this.#routes.status(),
      outQueueBytes: this.#connections.queuedBytes(),
      hasPassword: security.password !== undefined || security.tcpAo !== undefined,
    };
  }

  /** One input after the other: what carrying one out leads to comes after it. */
  #step(input: PeerInput): void {
    this.#inputs.push(input);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#take(next);
    } catch (error) {
      this.#crashed(error);
    } finally {
      this.#isStepping = false;
    }
    this.#arm();
    this.#tell();
  }

  #take(input: PeerInput): void {
    const { clock, random } = this.#options;
    const { state, outputs } = stepPeer(this.#state, input, { nowMs: clock.now(), jitter: random() });
    this.#state = state;
    for (const output of outputs) this.#carryOut(output);
    if (input.type === 'drained') this.#routes.sync();
  }

  #carryOut(output: PeerOutput): void {
    switch (output.type) {
      case 'dial':
        this.#connections.dial();
        break;
      case 'send':
        this.#counts.sent(output.message);
        this.#connections.send(output.connection, output.message);
        break;
      case 'close':
        this.#connections.close(output.connection, output.isAbrupt);
        break;
      case 'established':
        this.#established(output.connection, output.negotiated);
        break;
      case 'refresh':
        this.#refresh(output.afi === AFI.ipv4 ? 'ipv4' : 'ipv6');
        break;
      case 'ended':
        this.#hasEnded(output.end, output.wasEstablished);
        break;
    }
  }

  #received(connection: ConnectionKind, message: BgpMessage, errors: number): void {
    this.#counts.received(message, errors);
    this.#step({ type: 'received', connection, message });
  }

  #established(kind: ConnectionKind, negotiated: Negotiated): void {
    const connection = this.#connections.get(kind);
    if (connection === undefined) return;
    const { peer, speaker } = this.#options;
    const isIbgp = this.#isIbgp;
    connection.agree({ ...negotiated, isIbgp });
    this.#routes.begin(connection, { localAsn: speaker.localAsn, isIbgp, peer, negotiated });
    this.#history.established(this.#options.clock.now());
  }

  /** After what else has been read by now: whoever asks a hundred times at once is answered once. */
  #refresh(family: AddressFamily): void {
    this.#routes.askAgain(family);
    if (this.#isRefreshSet) return;
    this.#isRefreshSet = true;
    queueMicrotask(() => {
      this.#isRefreshSet = false;
      this.#guard(() => this.#routes.sync());
    });
  }

  #hasEnded(end: SessionEnd, wasEstablished: boolean): void {
    // The machine gave up waiting; what there is to know of such a silence, the transport knows.
    const silence = end.reason === 'connect-failed' ? this.#connections.explainSilence() : undefined;
    this.#history.ended(silence === undefined ? end : { ...end, detail: silence }, wasEstablished);
    if (wasEstablished) this.#routes.end();
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#crashed(error);
    }
  }

  /** All that was known of the session is in doubt: it ends without a word, and is begun anew. */
  #crashed(error: unknown): void {
    const { peer, speaker, clock, onCrash } = this.#options;
    this.#inputs.length = 0;
    this.#routes.end();
    for (const kind of ['outgoing', 'incoming'] as const) this.#connections.close(kind, true);
    this.#history.ended({ ...CRASHED, atMs: clock.now() }, sessionState(this.#state) === 'Established');
    this.#state = createPeer({ peer, ...speaker });
    if (!this.#isStopped) clock.after(AFTER_CRASH_MS, () => this.#isStopped || this.start());
    onCrash(peer, error);
    this.#arm();
    this.#tell();
  }

  #arm(): void {
    const atMs = nextDeadlineMs(this.#state);
    if (atMs === this.#timer?.atMs) return;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    if (atMs === undefined) return;
    const timer = this.#options.clock.after(atMs - this.#options.clock.now(), () => {
      this.#timer = undefined;
      this.#step({ type: 'deadline' });
    });
    this.#timer = { atMs, timer };
  }

  #tell(): void {
    const retryMs = retryAtMs(this.#state);
    const retryInMs = retryMs === undefined ? undefined : Math.max(retryMs - this.#options.clock.now(), 0);
    const change = this.#history.takeNews(sessionState(this.#state), retryInMs);
    if (change !== undefined) this.#options.onState(this.peer, change);
  }
}
