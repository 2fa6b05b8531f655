import type { Socket } from 'node:net';
import type { Clock, Timer } from '../lib/clock.ts';
import { type DecodingContext, decodeMessage } from './decode.ts';
import { type Framed, Framer } from './framer.ts';
import type { BgpMessage } from './message.ts';
import type { Notification } from './notification.ts';
import { abandon } from './transport.ts';

/** How long what was written last may take to go out after the end, and the peer to close its side. */
const LINGER_MS = 1_000;

/** What is read in one turn of the event loop, in bytes: a full table must delay neither other peers nor the probes. */
const TURN_BYTES = 4_096;
const NOTHING = new Uint8Array();

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
  /** Came, and is for later turns. Nothing more comes meanwhile. */
  #unread: Uint8Array = NOTHING;
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
      this.#lost(failure);
      this.#linger?.cancel();
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
    // False: the kernel has taken all that it takes for now, and so much waits here that `drain` will be told.
    if (this.#socket.write(bytes) || this.#isStalled) return;
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
    this.#lingerOn();
  }

  /** Resolves when the socket is gone. */
  closed(): Promise<void> {
    return this.#closed.promise;
  }

  #take(chunk: Uint8Array): void {
    this.#unread = chunk;
    this.#readTurn();
  }

  /** One turn's part of what came; the socket waits for as long as there is more. */
  #readTurn(): void {
    this.#readUpTo(TURN_BYTES);
    if (this.#unread.length === 0) {
      if (this.#socket.isPaused()) this.#socket.resume();
      return;
    }
    this.#socket.pause();
    setImmediate(() => this.#readTurn());
  }

  #readUpTo(bytes: number): void {
    const part = this.#unread.subarray(0, bytes);
    this.#unread = this.#unread.subarray(part.length);
    try {
      for (const framed of this.#framer.push(part)) {
        // What a message led to may have closed this.
        if (this.#isOver) break;
        this.#read(framed);
      }
    } catch (error) {
      this.#options.onCrash(error);
    }
    if (this.#isOver) this.#unread = NOTHING;
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

  /** The last that the peer has said, such as why it ends the session, counts. */
  #lost(error: Error | undefined): void {
    this.#readUpTo(this.#unread.length);
    if (this.#isOver) return;
    this.#isOver = true;
    // What waits to be sent to a peer that takes nothing would keep the socket for ever.
    this.#lingerOn();
    this.#options.onLost(error);
  }

  #lingerOn(): void {
    this.#linger = this.#options.clock.after(LINGER_MS, () => this.#socket.destroy());
  }
}
