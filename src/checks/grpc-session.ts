import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { GrpcReply } from './grpc-reply.ts';
import type { StagedDial } from './staged-dial.ts';

/** A connection that was begun, with TLS or without. */
export interface GrpcConnection {
  readonly dial: StagedDial;
  readonly isSecure: boolean;
}

/** One unary call: its headers and its one message, in a frame. */
export interface GrpcCall {
  readonly headers: OutgoingHttpHeaders;
  readonly message: Buffer;
  /** The call has ended; with the reply as far as there is one. */
  readonly onEnd: (end: GrpcEnd) => void;
}

export interface GrpcEnd {
  /** undefined: no headers came. */
  readonly reply: GrpcReply | undefined;
  /** What went wrong with stream, session or socket, the first cause. */
  readonly error: unknown;
}

export type GrpcStage = StagedDial['awaited'] | 'complete answer';

/** More of an answer than this is not read. */
const MAX_BODY_BYTES = 65_536;
/** Of memory for the session, in MB: it has one small call at a time. */
const MAX_SESSION_MB = 1;

/** An HTTP/2 connection with one call at a time (RFC 9113). No event of it is ever left without a listener. */
export class GrpcSession {
  readonly #dial: StagedDial;
  readonly #session: ClientHttp2Session;
  #isGoing = false;
  #error: unknown;
  #hasHeaders = false;

  constructor({ dial, isSecure }: GrpcConnection) {
    this.#dial = dial;
    const { socket } = dial;
    socket.on('error', (error) => this.#fail(error));
    this.#session = connect('http://localhost', {
      createConnection: () => socket,
      settings: { enablePush: false },
      maxSessionMemory: MAX_SESSION_MB,
    });
    this.#session.on('error', (error) => this.#fail(error));
    // Not before: a session that ends while its connection is being set up would never free it.
    if (isSecure) this.#session.once('connect', () => this.#demandHttp2(socket as TLSSocket));
    this.#session.on('goaway', () => {
      this.#isGoing = true;
    });
  }

  /** Whether another call may be made. */
  get isOpen(): boolean {
    return !this.#isGoing && this.#error === undefined && !this.#session.closed && !this.#session.destroyed;
  }

  /** What the call waits for. */
  get awaited(): GrpcStage {
    return this.#hasHeaders ? 'complete answer' : this.#dial.awaited;
  }

  /** Throws where the session has ended meanwhile. */
  call({ headers, message, onEnd }: GrpcCall): void {
    this.#hasHeaders = false;
    const stream = this.#session.request(headers);
    const answer = new Answer();
    stream.on('error', (error) => this.#fail(error));
    stream.on('response', (given) => {
      this.#hasHeaders = true;
      answer.headers = given;
    });
    stream.on('trailers', (given) => {
      answer.trailers = given;
    });
    stream.on('data', (chunk: Buffer) => {
      if (!answer.push(chunk)) this.#fail(tooLong());
    });
    stream.once('close', () => onEnd({ reply: answer.reply(stream), error: this.#error }));
    stream.end(message);
  }

  /** Ends it at once; a call under way ends too. */
  destroy(): void {
    this.#isGoing = true;
    this.#session.destroy();
    this.#dial.socket.destroy();
  }

  /** The first error is the cause of those that follow. */
  #fail(error: unknown): void {
    this.#error ??= error;
    this.destroy();
  }

  #demandHttp2(socket: TLSSocket): void {
    if (socket.alpnProtocol === 'h2') return;
    this.#fail(http2Error('NO_ALPN', 'the server does not speak HTTP/2 here: it chose no h2 by ALPN'));
  }
}

/** What has come of an answer. */
class Answer {
  headers: IncomingHttpHeaders | undefined;
  trailers: IncomingHttpHeaders | undefined;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  /** False where it is too long. */
  push(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_BODY_BYTES) return false;
    this.#chunks.push(chunk);
    return true;
  }

  reply(stream: ClientHttp2Stream): GrpcReply | undefined {
    if (this.headers === undefined) return undefined;
    const last = this.trailers ?? this.headers;
    return {
      httpStatus: Number(this.headers[':status']),
      contentType: textOf(this.headers['content-type']),
      // What was broken off is no answer, whatever it began with.
      grpcStatus: stream.rstCode === 0 ? textOf(last['grpc-status']) : undefined,
      grpcMessage: textOf(last['grpc-message']),
      body: Buffer.concat(this.#chunks),
    };
  }
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

function tooLong(): Error {
  return http2Error('TOO_LONG', `an answer of more than ${MAX_BODY_BYTES} bytes`);
}

function http2Error(code: string, message: string): Error {
  return Object.assign(new Error(message), { code: `ERR_HTTP2_${code}` });
}
