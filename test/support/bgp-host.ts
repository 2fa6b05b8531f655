import type { ConnectionKind, PeerInput, PeerOutput } from '../../src/bgp/peer-events.ts';
import {
  createPeer,
  nextDeadlineMs,
  type PeerMachineSpec,
  type PeerState,
  stepPeer,
} from '../../src/bgp/peer-machine.ts';
import type { BgpLink, LinkEars, LinkEnd, Station } from './bgp-link.ts';

export interface BgpHostOptions {
  readonly name: string;
  readonly link: BgpLink;
  readonly spec: PeerMachineSpec;
  readonly isListening: boolean;
  /** A second connection of the peer is the machine's to judge; else it is closed at once. */
  readonly isOfferingSecond: boolean;
  /** Where it dials. */
  readonly remote: () => Station;
  /** Takes what happens, a line each. */
  readonly note: ((atMs: number, line: string) => void) | undefined;
}

/** A speaker in a simulation: a peer machine, and what its driver does, on a simulated network. */
export class BgpHost implements Station {
  readonly onConnection: ((end: LinkEnd) => void) | undefined;
  /** Sessions and attempts that ended. */
  ends = 0;
  readonly #options: BgpHostOptions;
  #state: PeerState;
  readonly #connections = new Map<ConnectionKind, LinkEnd>();
  /** A second connection of the peer, while the machine judges it. */
  #second: LinkEnd | undefined;
  #isAsleep = false;
  #wakesAtMs = 0;
  #missed: (() => void)[] = [];
  #armedAtMs: number | undefined;

  constructor(options: BgpHostOptions) {
    this.#options = options;
    this.#state = createPeer(options.spec);
    this.onConnection = options.isListening ? (end) => this.#whenAwake(() => this.#accept(end)) : undefined;
  }

  /** The end of the one connection that there is, if it is Established. */
  get session(): LinkEnd | undefined {
    const { outgoing, incoming } = this.#state;
    if (outgoing !== undefined && incoming !== undefined) return undefined;
    const connection = outgoing ?? incoming;
    return connection?.state === 'Established' ? this.#connections.get(connection.kind) : undefined;
  }

  start(): void {
    this.#whenAwake(() => this.#step({ type: 'start' }));
  }

  stop(): void {
    this.#whenAwake(() => this.#step({ type: 'stop', subcode: 2, communication: 'maintenance' }));
  }

  /** The process neither reads nor sends for so long, and then finds everything at once. */
  sleep(ms: number): void {
    const { link } = this.#options;
    this.#wakesAtMs = Math.max(this.#wakesAtMs, link.nowMs + ms);
    if (!this.#isAsleep) link.at(this.#wakesAtMs, () => this.#wake());
    this.#isAsleep = true;
  }

  /** It is switched off and on again: it knows of nothing, and nobody was told. */
  reboot(): void {
    for (const end of this.#connections.values()) end.vanish();
    this.#connections.clear();
    this.#missed = [];
    this.#isAsleep = false;
    this.#state = createPeer(this.#options.spec);
    this.#note(() => 'rebooted');
    this.#step({ type: 'start' });
  }

  /** The peer takes nothing of what is sent on this connection for so long. */
  stall(end: LinkEnd, ms: number): void {
    const kind = this.#kindOf(end);
    if (kind === undefined) return;
    end.other?.stopReading(ms);
    this.#step({ type: 'stalled', connection: kind });
    this.#options.link.after(ms, () => {
      if (this.#kindOf(end) === kind) this.#step({ type: 'drained', connection: kind });
    });
  }

  owns(end: LinkEnd): boolean {
    return this.#kindOf(end) !== undefined;
  }

  #kindOf(end: LinkEnd): ConnectionKind | undefined {
    return [...this.#connections].find(([, each]) => each === end)?.[0];
  }

  #whenAwake(job: () => void): void {
    if (this.#isAsleep) this.#missed.push(job);
    else job();
  }

  /** Timers first, as a process that was stopped does it, then what came. */
  #wake(): void {
    const { link } = this.#options;
    if (!this.#isAsleep) return;
    if (link.nowMs < this.#wakesAtMs) {
      link.at(this.#wakesAtMs, () => this.#wake());
      return;
    }
    this.#isAsleep = false;
    const deadlineMs = nextDeadlineMs(this.#state);
    if (deadlineMs !== undefined && deadlineMs <= link.nowMs) this.#step({ type: 'deadline' });
    for (const job of this.#missed.splice(0)) job();
  }

  #accept(end: LinkEnd): void {
    const isSecond = this.#connections.has('incoming');
    if (isSecond && !this.#options.isOfferingSecond) {
      end.close(true);
      return;
    }
    if (isSecond) this.#second = end;
    else this.#own('incoming', end);
    const addresses = { localAddress: '192.0.2.1', remoteAddress: '192.0.2.2' };
    this.#step({ type: 'connected', connection: 'incoming', ...addresses });
    this.#second?.close(true);
    this.#second = undefined;
  }

  #own(kind: ConnectionKind, end: LinkEnd): void {
    this.#connections.set(kind, end);
    end.own(this.#ears(kind, () => end));
  }

  #ears(connection: ConnectionKind, end: () => LinkEnd | undefined): LinkEars {
    const say = (input: PeerInput, before = (): void => {}): void => {
      this.#whenAwake(() => {
        // Nothing is told of a connection that was closed meanwhile.
        if (this.#connections.get(connection) !== end()) return;
        before();
        this.#step(input);
      });
    };
    return {
      onConnected: () =>
        say({ type: 'connected', connection, localAddress: '192.0.2.1', remoteAddress: '192.0.2.2' }),
      onMessage: (message) => say({ type: 'received', connection, message }),
      onLost: (reason, detail) =>
        say({ type: 'lost', connection, reason, detail }, () => this.#connections.delete(connection)),
    };
  }

  #step(input: PeerInput): void {
    const { link } = this.#options;
    const at = { nowMs: link.nowMs, jitter: link.random() };
    const { state, outputs } = stepPeer(this.#state, input, at);
    this.#state = state;
    this.#note(() => `${shortOf(input)} → ${outputs.map(shortOf).join(', ') || 'nothing'}`);
    for (const output of outputs) this.#carryOut(output);
    this.#arm();
  }

  #carryOut(output: PeerOutput): void {
    switch (output.type) {
      case 'dial':
        this.#dial();
        break;
      case 'send':
        this.#there(output.connection).send(output.message);
        break;
      case 'close':
        this.#close(output.connection, output.isAbrupt);
        break;
      case 'ended':
        this.ends += 1;
        break;
      case 'established':
      case 'refresh':
        break;
    }
  }

  #dial(): void {
    if (this.#connections.has('outgoing')) throw new Error(`${this.#options.name} dials twice`);
    const dialled: { end: LinkEnd | undefined } = { end: undefined };
    const ears = this.#ears('outgoing', () => dialled.end);
    dialled.end = this.#options.link.dial(this.#options.remote(), ears);
    this.#connections.set('outgoing', dialled.end);
  }

  #close(kind: ConnectionKind, isAbrupt: boolean): void {
    this.#there(kind).close(isAbrupt);
    this.#connections.delete(kind);
    const second = this.#second;
    if (kind !== 'incoming' || second === undefined) return;
    this.#second = undefined;
    this.#own('incoming', second);
  }

  #there(kind: ConnectionKind): LinkEnd {
    const end = this.#connections.get(kind);
    if (end === undefined) throw new Error(`${this.#options.name} has no ${kind} connection`);
    return end;
  }

  #arm(): void {
    const atMs = nextDeadlineMs(this.#state);
    if (atMs === undefined || atMs === this.#armedAtMs) return;
    this.#armedAtMs = atMs;
    this.#options.link.at(atMs, () => {
      if (this.#armedAtMs === atMs) this.#armedAtMs = undefined;
      this.#whenAwake(() => {
        const dueMs = nextDeadlineMs(this.#state);
        if (dueMs !== undefined && dueMs <= this.#options.link.nowMs) this.#step({ type: 'deadline' });
        else this.#arm();
      });
    });
  }

  #note(line: () => string): void {
    this.#options.note?.(this.#options.link.nowMs, `${this.#options.name} ${line()}`);
  }
}

function shortOf(said: PeerInput | PeerOutput): string {
  const words: string[] = [said.type];
  if ('connection' in said) words.push(said.connection);
  if ('message' in said) words.push(said.message.type);
  if ('end' in said) words.push(said.end.reason, said.end.detail);
  return words.join(' ');
}
