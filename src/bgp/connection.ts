import type { Socket } from 'node:net';
import type { Clock, Timer } from '../lib/clock.ts';
import { type DecodingContext, decodeMessage } from './decode.ts';
import { type Framed, Framer } from './framer.ts';
import type { BgpMessage } from './message.ts';
import type { Notification } from './notification.ts';
import { abandon } from './transport.ts';

/** How long what was written last may take to go out after the close, and the peer to close its side. */
const LINGER_MS = 1_000;

/** More than a full set of routes ever needs: from here on the peer does not read. */
const STALLED_BYTES = 256 * 1_024;

export interface ConnectionOptions {
  /** Connecting or connected, and paused by nobody; from here on it belongs to the connection. */
  readonly socket: Socket;
  readonly clock: Clock;
  onConnected(): void;
  onMessage(message: BgpMessage, errors: number): void;
  onMalformed(notification: Notification, why: string): void;
  /** It ended without our doing; undefined: the peer closed it. Not called after `close`. */
  onLost(error: Error | undefined): void;
  onStalled(): void;
  onDrained(): void;
  /** A bug: an exception where there are none. */
  onCrash(error: unknown): void;
}

/** Before the OPENs: nothing is read by it but what does not depend on it. */
const UNAGREED: DecodingContext = {
  isFourOctetAs: true,
  isIbgp: false,
  families: [],
  hasExtendedNextHop: false,
};

/** One TCP connection with a peer: bytes into messages, and nothing of what they mean. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #framer = new Framer();
  readonly #closed = Promise.withResolvers<void>();
  #context = UNAGREED;
  #isOver = false;
  #isStalled = false;
  #linger: Timer | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { socket } = options;
    this.#socket = socket;
    let failure: Error | undefined;
    if (socket.connecting) socket.once('connect', () => this.#isOver || options.onConnected());
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('error', (error) => {
      failure = error;
    });
    // The peer's FIN: nothing more comes, so there is no session any more. Node answers it with ours.
    socket.on('end', () => this.#lost(undefined));
    socket.on('close', () => {
      this.#linger?.cancel();
      this.#lost(failure);
      this.#closed.resolve();
    });
  }

  /** What the OPENs came to: UPDATEs are read by it from now on. */
  agree(context: DecodingContext): void {
    this.#context = context;
  }

  isStalled(): boolean {
    return this.#isStalled;
  }

  /** Bytes that wait to be sent. */
  queuedBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    if (this.#isOver || this.#socket.destroyed) return;
    this.#socket.write(bytes);
    if (this.#isStalled || this.#socket.writableLength < STALLED_BYTES) return;
    this.#isStalled = true;
    this.#options.onStalled();
  }

  /** What was written goes out first, unless `isAbrupt`. Idempotent; nothing is told any more. */
  close(isAbrupt: boolean): void {
    const socket = this.#socket;
    this.#isOver = true;
    if (isAbrupt || socket.connecting) abandon(socket);
    if (socket.destroyed || this.#linger !== undefined) return;
    socket.end();
    // It reads on, and drops: unread bytes would turn the close into a reset, which takes the NOTIFICATION with it.
    socket.resume();
    this.#linger = this.#options.clock.after(LINGER_MS, () => socket.destroy());
  }

  /** Resolves when the socket is gone. */
  closed(): Promise<void> {
    return this.#closed.promise;
  }

  #take(chunk: Uint8Array): void {
    if (this.#isOver) return;
    try {
      for (const framed of this.#framer.push(chunk)) {
        this.#read(framed);
        // What a message led to may have closed this.
        if (this.#isOver) return;
      }
    } catch (error) {
      this.#options.onCrash(error);
    }
  }

  #read(framed: Framed): void {
    if (!framed.ok) {
      this.#options.onMalformed(framed.notification, framed.why);
      return;
    }
    const decoded = decodeMessage(framed.type, framed.body, this.#context);
    if (decoded.ok) this.#options.onMessage(decoded.message, decoded.errors.length);
    else this.#options.onMalformed(decoded.notification, decoded.why);
  }

  #drained(): void {
    if (!this.#isStalled) return;
    this.#isStalled = false;
    if (!this.#isOver) this.#options.onDrained();
  }

  #lost(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onLost(error);
  }
}
