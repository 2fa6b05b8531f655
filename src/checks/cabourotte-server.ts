import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import type { LookupFunction, Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import type { Finish } from './attempt.ts';
import { type CabourotteAnswer, resultPaths, resultRequest } from './cabourotte-result.ts';
import { Resolver } from './resolver.ts';
import type { CabourotteSpec } from './spec.ts';
import { type DialStage, dialStaged, type StagedDial } from './staged-dial.ts';
import { TlsSettings } from './tls-settings.ts';
import { Turns } from './turns.ts';
import { type Verdict, verdictOfError } from './verdict.ts';

export interface CabourotteServerOptions {
  /** Who to ask, and how. Its `name` and `maxAgeMs` are of no account here. */
  readonly spec: CabourotteSpec;
  /** Ours, for the User-Agent. */
  readonly version: string;
  readonly clock: Clock;
}

export interface ResultQuestion {
  /** Of the check. */
  readonly name: string;
  readonly timeoutMs: number;
  /** undefined: the server does not know the path. */
  readonly judge: (answer: CabourotteAnswer) => Verdict | undefined;
  readonly finish: Finish;
}

/** A question under way. */
export interface ResultInquiry {
  /** What it waits for. */
  readonly awaited: Awaited;
  /** Ends it; after its answer it only makes room for the next. */
  leave(): void;
}

type Awaited = DialStage | 'turn' | 'complete answer';

/** A connection that was not used for so long may have been forgotten by something on the way. */
const KEPT_IDLE_MS = 60_000;
/** This share of its time a question waits for the one connection, before it opens one of its own. */
const PATIENCE = 1 / 3;

/**
 * One Cabourotte, whoever asks it: questions go one after the other over one connection, which is kept. The API's version
 * is found by asking: the path that was known last time first, then the other one.
 */
export class CabourotteServer {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agent: Agent;
  readonly #turns: Turns;
  readonly #dials = new WeakMap<object, StagedDial>();
  #paths: readonly [string, string];
  /** Of the newest question, for the connection that it may open. */
  #timeoutMs = 0;

  constructor({ spec, version, clock }: CabourotteServerOptions) {
    this.#url = new URL(spec.url);
    this.#paths = resultPaths(this.#url.pathname);
    this.#headers = headersOf(spec, this.#url, version);
    this.#turns = new Turns(clock);
    const dial = dialOf(spec, this.#url);
    this.#agent = new KeptConnection(() => {
      const dialled = dial(this.#timeoutMs);
      this.#dials.set(dialled.socket, dialled);
      return dialled.socket;
    });
  }

  ask(question: ResultQuestion): ResultInquiry {
    const asked: Asked = { ...question, paths: this.#paths, state: 'waiting', isRetried: false };
    const giveBack = this.#turns.take(question.timeoutMs * PATIENCE, () => this.#begin(asked, 0));
    return {
      get awaited() {
        return awaitedOf(asked);
      },
      leave: () => {
        if (asked.state !== 'answered') asked.request?.destroy();
        asked.state = 'over';
        giveBack();
      },
    };
  }

  close(): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }

  /** `turn`: which of the two paths is tried. */
  #begin(asked: Asked, turn: 0 | 1): void {
    if (asked.state === 'over') return;
    asked.state = 'asking';
    asked.dial = undefined;
    this.#timeoutMs = asked.timeoutMs;
    try {
      asked.request = this.#request(asked, turn);
    } catch (error) {
      asked.finish(verdictOfError(error));
    }
  }

  #request(asked: Asked, turn: 0 | 1): ClientRequest {
    const { path, mostBytes } = resultRequest(asked.paths[turn], asked.name);
    const request = requestHttp({
      agent: this.#agent,
      host: this.#url.hostname,
      path,
      headers: this.#headers,
      setHost: false,
    });
    request.on('socket', (socket) => {
      asked.dial = this.#dials.get(socket);
    });
    request.on('error', (error) => this.#onError(asked, { request, turn, error }));
    request.on('upgrade', (response, socket) => {
      socket.destroy(); // it is no longer the request's
      asked.finish({ reason: 'unexpected-status', detail: `status ${response.statusCode}` });
    });
    request.on('response', (response) => {
      asked.state = 'answering';
      const onEnd = (body: Buffer): void =>
        this.#onAnswer(asked, turn, { status: response.statusCode ?? 0, body });
      collect(response, { mostBytes, finish: asked.finish, onEnd });
    });
    request.end();
    return request;
  }

  /** A kept connection may have been closed just before it was used again: that says nothing of the server. */
  #onError(asked: Asked, { request, turn, error }: Failure): void {
    if (asked.state !== 'asking' || asked.request !== request) return;
    const wasClosed = 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
    if (!request.reusedSocket || !wasClosed || asked.isRetried) {
      asked.finish(verdictOfError(error));
      return;
    }
    asked.isRetried = true;
    for (const idle of Object.values(this.#agent.freeSockets).flat()) idle?.destroy();
    this.#begin(asked, turn);
  }

  #onAnswer(asked: Asked, turn: 0 | 1, answer: CabourotteAnswer): void {
    if (asked.state !== 'answering') return;
    asked.state = 'answered';
    const verdict = asked.judge(answer);
    if (verdict !== undefined) {
      const isKnown = answer.status === 200 || verdict.reason === 'no-result';
      if (turn === 1 && isKnown) this.#paths = [asked.paths[1], asked.paths[0]];
      asked.finish(verdict);
    } else if (turn === 0) {
      // By then the connection is free to be used again.
      setImmediate(() => this.#begin(asked, 1));
    } else {
      const [first, second] = asked.paths;
      const detail = `status 404 for ${first} and ${second}: no Cabourotte, or its result API is disabled`;
      asked.finish({ reason: 'unexpected-status', detail });
    }
  }
}

interface Asked extends ResultQuestion {
  readonly paths: readonly [string, string];
  /** `answered`: the connection is the pool's again. `over`: the attempt has ended. */
  state: 'waiting' | 'asking' | 'answering' | 'answered' | 'over';
  isRetried: boolean;
  request?: ClientRequest | undefined;
  dial?: StagedDial | undefined;
}

interface Failure {
  readonly request: ClientRequest;
  readonly turn: 0 | 1;
  readonly error: Error;
}

/** Connections made our way, one of which is kept. No proxy of the environment is used. */
class KeptConnection extends Agent {
  readonly #open: () => Socket;

  constructor(open: () => Socket) {
    super({ keepAlive: true, maxFreeSockets: 1, timeout: KEPT_IDLE_MS });
    this.#open = open;
  }

  override createConnection(): Socket {
    return this.#open();
  }
}

function dialOf(spec: CabourotteSpec, url: URL): (timeoutMs: number) => StagedDial {
  const { sourceAddress, sourceInterface } = spec;
  const lookup: LookupFunction = new Resolver().lookup;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  const tls = spec.tls === undefined ? undefined : new TlsSettings(spec.tls);
  return (timeoutMs) => {
    const secure = tls?.connectionOptions(spec.tls?.serverName ?? host);
    return dialStaged({ host, port, lookup, timeoutMs, sourceAddress, sourceInterface }, secure);
  };
}

function headersOf({ basicAuth }: CabourotteSpec, url: URL, version: string): Record<string, string> {
  const common = { host: url.host, accept: 'application/json', 'user-agent': `vpcast/${version}` };
  if (basicAuth === undefined) return common;
  const credentials = Buffer.from(`${basicAuth.username}:${basicAuth.password}`).toString('base64');
  return { ...common, authorization: `Basic ${credentials}` };
}

interface Collecting {
  readonly mostBytes: number;
  readonly finish: Finish;
  readonly onEnd: (body: Buffer) => void;
}

/** The whole body, or a verdict where it is too long or breaks off. */
function collect(response: IncomingMessage, { mostBytes, finish, onEnd }: Collecting): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= mostBytes) chunks.push(chunk);
    else finish({ reason: 'protocol-error', detail: `an answer of more than ${mostBytes} bytes` });
  });
  response.once('end', () => onEnd(Buffer.concat(chunks)));
  response.once('error', (error) => finish(verdictOfError(error)));
}

function awaitedOf({ state, dial }: Asked): Awaited {
  if (state === 'waiting') return 'turn';
  return state === 'asking' ? (dial?.awaited ?? 'connection') : 'complete answer';
}
