import type { Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import { Connection } from './connection.ts';
import { encodeMessage } from './encode.ts';
import { plainAddress } from './listener-peers.ts';
import type { BgpMessage } from './message.ts';
import type { ConnectionKind, PeerInput } from './peer-events.ts';
import type { PeerSpec } from './spec.ts';
import { abandon, dialPeer } from './transport.ts';

export interface PeerConnectionsOptions {
  readonly peer: PeerSpec;
  readonly isEbgp: boolean;
  readonly clock: Clock;
  onInput(input: PeerInput): void;
  onMessage(connection: ConnectionKind, message: BgpMessage, errors: number): void;
  /** A bug: what was being read is lost. */
  onCrash(error: unknown): void;
}

/** The TCP connections of one peer, one of each kind at most: what happens to them becomes inputs of its machine. */
export class PeerConnections {
  readonly #options: PeerConnectionsOptions;
  readonly #open = new Map<ConnectionKind, Connection>();
  readonly #closing = new Set<Promise<void>>();
  /** Came while an older incoming connection is there. */
  #newcomer: Socket | undefined;
  /** Says why the dialled connection does not come; there while it is waited for, and until the next one. */
  #explain: ((error: undefined) => string) | undefined;

  constructor(options: PeerConnectionsOptions) {
    this.#options = options;
  }

  dial(): void {
    const { peer, isEbgp, onInput } = this.#options;
    const dialled = dialPeer({ ...peer, isEbgp });
    if (dialled.ok) {
      this.#explain = dialled.explain;
      this.#own('outgoing', dialled.socket, dialled.explain);
      return;
    }
    const { reason, detail } = dialled;
    onInput({ type: 'lost', connection: 'outgoing', reason, detail });
  }

  /** Takes a connection that the peer has opened, and has the machine take it. */
  accept(socket: Socket): void {
    // One that is there already may be dead: the machine says whether it gives way, by closing it.
    if (this.#open.has('incoming')) this.#newcomer = socket;
    else this.#own('incoming', socket);
    this.#options.onInput({ type: 'connected', connection: 'incoming', ...addressesOf(socket) });
    if (this.#newcomer !== undefined) abandon(this.#newcomer);
    this.#newcomer = undefined;
  }

  get(kind: ConnectionKind): Connection | undefined {
    return this.#open.get(kind);
  }

  send(kind: ConnectionKind, message: BgpMessage): void {
    this.#open.get(kind)?.write(encodeMessage(message, { isFourOctetAs: true }));
  }

  close(kind: ConnectionKind, isAbrupt: boolean): void {
    const connection = this.#open.get(kind);
    this.#open.delete(kind);
    connection?.close(isAbrupt);
    if (kind !== 'incoming' || this.#newcomer === undefined) return;
    this.#own('incoming', this.#newcomer);
    this.#newcomer = undefined;
  }

  /** What the transport knows of a dial that nobody has answered. */
  explainSilence(): string | undefined {
    return this.#explain?.(undefined);
  }

  /** Bytes that wait to be sent. */
  queuedBytes(): number {
    return [...this.#open.values()].reduce((sum, connection) => sum + connection.queuedBytes(), 0);
  }

  /** Resolves when the sockets of all that was closed are gone. */
  async closed(): Promise<void> {
    await Promise.all(this.#closing);
  }

  #own(kind: ConnectionKind, socket: Socket, explain = messageOf): void {
    const { clock, onInput, onMessage, onCrash } = this.#options;
    let isConnected = !socket.connecting;
    const connection = new Connection({
      socket,
      clock,
      onConnected: () => {
        isConnected = true;
        if (kind === 'outgoing') this.#explain = undefined;
        onInput({ type: 'connected', connection: kind, ...addressesOf(socket) });
      },
      onMessage: (message, errors) => onMessage(kind, message, errors),
      onMalformed: (notification, detail) =>
        onInput({ type: 'malformed', connection: kind, notification, detail }),
      onLost: (error) => {
        this.#open.delete(kind);
        if (kind === 'outgoing') this.#explain = undefined;
        const reason = isConnected ? 'connection-lost' : 'connect-failed';
        const detail = error === undefined ? 'the peer closed the connection' : explain(error);
        onInput({ type: 'lost', connection: kind, reason, detail });
      },
      onStalled: () => onInput({ type: 'stalled', connection: kind }),
      onDrained: () => onInput({ type: 'drained', connection: kind }),
      onCrash,
    });
    this.#open.set(kind, connection);
    const closed = connection.closed().then(() => {
      this.#closing.delete(closed);
    });
    this.#closing.add(closed);
  }
}

function messageOf(error: Error): string {
  return error.message;
}

/** Texts without zone, and an IPv4 address that came by an IPv6 socket as IPv4. */
function addressesOf(socket: Socket): { readonly localAddress: string; readonly remoteAddress: string } {
  return { localAddress: withoutZone(socket.localAddress), remoteAddress: withoutZone(socket.remoteAddress) };
}

function withoutZone(address = ''): string {
  return plainAddress(address).replace(/%.*$/, '');
}
