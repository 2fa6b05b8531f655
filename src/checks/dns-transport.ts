import type { RemoteInfo } from 'node:dgram';
import { dial } from './dial.ts';
import { FirstMessage, withLength } from './dns-stream.ts';
import { Resolver } from './resolver.ts';
import type { SourceSpec } from './spec.ts';
import { isFrom, openUdpSocket, type Peer } from './udp-exchange.ts';
import { type Verdict, verdictOfError } from './verdict.ts';

/** One query on its way, on a socket of its own. */
export interface Asking {
  readonly query: Buffer;
  readonly server: Peer;
  readonly source: SourceSpec;
  readonly timeoutMs: number;
  readonly ears: Ears;
}

/** What is told of it; nothing any more once it was hung up. */
export interface Ears {
  /** The TCP connection stands. */
  readonly connected: () => void;
  /** A message from the server's address; false: it is no answer to this query. */
  readonly message: (message: Buffer) => boolean;
  /** A datagram that is no answer, whoever sent it. */
  readonly stranger: (from: RemoteInfo) => void;
  readonly failed: (verdict: Verdict) => void;
}

/** Closes the socket; idempotent. */
export type HangUp = () => void;

/**
 * Sends the query from a port that nobody knows beforehand. The socket is connected, so that the kernel drops what others
 * send and says so when the server's port is closed; what came before it was connected is known by its sender.
 */
export function askByUdp({ query, server, source, ears }: Asking): HangUp {
  const call = new Call(ears);
  const onError = (error: Error): void => call.tell(() => ears.failed(verdictOfError(error)));
  const socket = openUdpSocket(
    { ...source, family: server.family },
    {
      message: (message, from) =>
        call.tell(() => {
          if (!isFrom(server, from) || !ears.message(message)) ears.stranger(from);
        }),
      error: onError,
    },
  );
  call.onHangUp = () => socket.close();
  socket.connect(server.port, server.address, (error?: Error) =>
    call.tell(() => {
      if (error) return ears.failed(verdictOfError(error));
      // Without a callback nobody would hear that nothing was sent.
      socket.send(query, (failure) => {
        if (failure) onError(failure);
      });
    }),
  );
  return () => call.hangUp();
}

/** Sends the query over TCP, and hears one message. */
export function askByTcp({ query, server, source, timeoutMs, ears }: Asking): HangUp {
  const call = new Call(ears);
  const { lookup } = new Resolver();
  const socket = dial({ host: server.address, port: server.port, lookup, timeoutMs, ...source });
  const first = new FirstMessage();
  let isComplete = false;
  // Who has answered is taken leave of (FIN); who has not is rid of the connection at once.
  call.onHangUp = () => {
    // One that is ending already can't be reset: libuv refuses, and Node would never close it.
    const isResettable = !socket.connecting && !socket.destroyed && !socket.writableEnded;
    if (!isComplete && isResettable) socket.resetAndDestroy();
    socket.destroy();
  };
  const onEnd = (): void =>
    call.tell(() => ears.failed({ reason: 'closed', detail: `closed after ${first.progress} of an answer` }));
  socket.on('error', (error) => call.tell(() => ears.failed(verdictOfError(error))));
  socket.once('connect', () => call.tell(ears.connected));
  socket.on('data', (piece: Buffer) =>
    call.tell(() => {
      const message = first.push(piece);
      if (message === undefined) return;
      isComplete = true;
      if (!ears.message(message)) ears.failed(WRONG_ANSWER);
    }),
  );
  socket.once('end', onEnd);
  socket.once('close', onEnd);
  socket.write(withLength(query));
  return () => call.hangUp();
}

/** A connection carries one question and no stranger's messages. */
const WRONG_ANSWER: Verdict = {
  reason: 'protocol-error',
  detail: 'a message that does not answer the question',
};

/** Sockets go on telling after they were closed, and throw when they are used then: here neither happens. */
class Call {
  readonly #ears: Ears;
  #isOver = false;
  onHangUp: () => void = () => undefined;

  constructor(ears: Ears) {
    this.#ears = ears;
  }

  /** Runs what an event calls for. In an event of a socket nobody else would catch what it throws. */
  tell(what: () => void): void {
    if (this.#isOver) return;
    try {
      what();
    } catch (error) {
      this.#ears.failed(verdictOfError(error));
    }
  }

  hangUp(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.onHangUp();
  }
}
