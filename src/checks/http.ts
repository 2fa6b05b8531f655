import {
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  request as requestHttp,
} from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../lib/clock.ts';
import { parseIpAddress } from '../lib/sockaddr.ts';
import { beginningOf } from './answer-search.ts';
import { attemptWithin, type Finish } from './attempt.ts';
import { dial } from './dial.ts';
import { dialOptions } from './dial-options.ts';
import { firstTarget, type HttpTarget, redirectTarget } from './http-target.ts';
import type { Probe } from './probe.ts';
import { Resolver } from './resolver.ts';
import type { HttpSpec } from './spec.ts';
import { PLAIN_TLS, TlsSettings } from './tls-settings.ts';
import { type Verdict, verdictOfError } from './verdict.ts';

export interface HttpProbeOptions {
  readonly spec: HttpSpec;
  readonly destination: string;
  readonly clock: Clock;
  /** Ours, for the User-Agent. */
  readonly version: string;
}

/** More of a body than this is not looked at. */
const MAX_BODY_BYTES = 1_048_576;

/** Passes on a status in `expectStatus` and, where given, a body that `expectBody` matches; see `HttpProbe`. */
export function httpProbe(options: HttpProbeOptions): Probe {
  return new HttpProbe(options);
}

/**
 * One request on one connection for each attempt, and for each redirect that it follows. No proxy of the environment is
 * used. The status alone is judged when it comes; the body, where it matters, when it is complete or 1 MiB long, since an
 * expression may ask for its end.
 */
class HttpProbe implements Probe {
  readonly #options: HttpProbeOptions;
  readonly #lookup: LookupFunction = new Resolver().lookup;
  readonly #tls: TlsSettings;
  /** What every attempt begins with, made once. */
  readonly #first: Asked;

  constructor(options: HttpProbeOptions) {
    this.#options = options;
    this.#tls = new TlsSettings(options.spec.tls ?? PLAIN_TLS);
    this.#first = this.#asked(firstTarget(options.spec, options.destination));
  }

  attempt(timeoutMs: number, signal: AbortSignal): ReturnType<Probe['attempt']> {
    const { spec, clock } = this.#options;
    const chain: Chain = { timeoutMs, awaited: 'connection', current: undefined };
    const onTimeout = (): Verdict => verdictOfSilence(chain);
    return attemptWithin({ clock, timeoutMs, signal, onTimeout }, (finish) => {
      this.#ask(chain, { asked: this.#first, redirectsLeft: spec.maxRedirects, finish });
      return () => chain.current?.destroy();
    });
  }

  /** Every socket belongs to an attempt, and ends with it. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  #ask(chain: Chain, { asked, redirectsLeft, finish }: Question): void {
    const { spec } = this.#options;
    const { target, isName } = asked;
    const request = this.#request(asked, chain.timeoutMs);
    chain.current = request;
    chain.awaited = isName ? 'address' : 'connection';
    followProgress(chain, request, asked);
    const tell: Finish = (verdict) => {
      // A request that was left for a redirect has nothing to say any more.
      if (chain.current === request) finish(verdict);
    };
    request.on('error', (error) => tell(verdictOfError(error)));
    for (const event of ['upgrade', 'connect'] as const) {
      request.on(event, (response: IncomingMessage, socket: { destroy(): void }) => {
        socket.destroy(); // it is no longer the request's
        tell(verdictOfStatus(response, spec));
      });
    }
    request.on('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      const next =
        redirectsLeft > 0 ? redirectTarget(target, { status, location: headers.location }) : undefined;
      if (next === undefined) {
        chain.awaited = 'complete body';
        judge(response, spec, tell);
        return;
      }
      this.#follow(chain, { asked: this.#asked(next), redirectsLeft: redirectsLeft - 1, finish });
      request.destroy();
    });
    request.end(target.hasBody ? spec.body : undefined);
  }

  #follow(chain: Chain, question: Question): void {
    try {
      this.#ask(chain, question);
    } catch (error) {
      question.finish(verdictOfError(error));
    }
  }

  #request({ target, headers }: Asked, timeoutMs: number): ClientRequest {
    const options: RequestOptions = {
      host: target.connectTo,
      port: target.port,
      method: target.method,
      path: target.path,
      headers,
      ...this.#connection(target, timeoutMs),
    };
    if (target.scheme === 'http') return requestHttp(options);
    return requestHttps({ ...options, ...this.#tls.connectionOptions(target.serverName) });
  }

  /** `agent: false`: a connection of its own, closed afterwards, and no proxy. So is one that we make ourselves. */
  #connection(target: HttpTarget, timeoutMs: number): RequestOptions {
    const { unixSocket, sourceAddress, sourceInterface } = this.#options.spec;
    if (unixSocket !== undefined) return { agent: false, socketPath: unixSocket };
    const lookup = this.#lookup;
    if (sourceInterface === undefined) {
      return { agent: false, ...dialOptions({ lookup, timeoutMs, sourceAddress }) };
    }
    const { connectTo: host, port } = target;
    const open = () => dial({ host, port, lookup, timeoutMs, sourceAddress, sourceInterface });
    if (target.scheme === 'http') return { createConnection: open };
    const secure = this.#tls.connectionOptions(target.serverName);
    return { createConnection: () => connectTls({ ...secure, socket: open() }) };
  }

  #asked(target: HttpTarget): Asked {
    const { unixSocket } = this.#options.spec;
    const isName = unixSocket === undefined && parseIpAddress(target.connectTo) === undefined;
    return { target, headers: this.#headers(target), isName };
  }

  #headers(target: HttpTarget): Record<string, string> {
    const { spec, version } = this.#options;
    const configured = target.isConfiguredHost ? Object.entries(spec.headers) : [];
    const body = target.hasBody ? spec.body : undefined;
    return {
      'user-agent': `vpcast/${version}`,
      ...Object.fromEntries(configured.map(([name, value]) => [name.toLowerCase(), value])),
      host: target.host,
      ...(body === undefined ? {} : { 'content-length': `${Buffer.byteLength(body)}` }),
    };
  }
}

/** What is known of one attempt's requests; at most one is under way. */
interface Chain {
  readonly timeoutMs: number;
  awaited: 'address' | 'connection' | 'answer' | 'complete body';
  current: ClientRequest | undefined;
}

/** A target, and what is the same each time that it is asked. */
interface Asked {
  readonly target: HttpTarget;
  readonly headers: Record<string, string>;
  /** Whether an address has to be looked up. */
  readonly isName: boolean;
}

interface Question {
  readonly asked: Asked;
  readonly redirectsLeft: number;
  readonly finish: Finish;
}

function followProgress(chain: Chain, request: ClientRequest, { target, isName }: Asked): void {
  request.on('socket', (socket) => {
    if (isName) {
      socket.on('lookup', () => {
        chain.awaited = 'connection';
      });
    }
    socket.on(target.scheme === 'http' ? 'connect' : 'secureConnect', () => {
      chain.awaited = 'answer';
    });
  });
}

/** The status at once; the body, where it is asked for, at its end or at 1 MiB. */
function judge(response: IncomingMessage, spec: HttpSpec, finish: Finish): void {
  const verdict = verdictOfStatus(response, spec);
  const { expectBody } = spec;
  if (verdict.reason !== 'passed' || expectBody === undefined) {
    finish(verdict);
    return;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  const { measurement } = verdict;
  const conclude = (): void =>
    finish({
      ...verdictOfBody(Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES), expectBody),
      measurement,
    });
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= MAX_BODY_BYTES) conclude();
  });
  response.once('end', conclude);
  response.once('error', (error) => finish(verdictOfError(error)));
}

function verdictOfStatus({ statusCode = 0 }: IncomingMessage, { expectStatus }: HttpSpec): Verdict {
  const isExpected = expectStatus.some(({ from, to }) => statusCode >= from && statusCode <= to);
  const measurement = { kind: 'http', status: statusCode } as const;
  if (isExpected) return { reason: 'passed', measurement };
  return { reason: 'unexpected-status', detail: `status ${statusCode}`, measurement };
}

/** `search`, not `test`: it ignores where an expression with the flag g or y stopped last time. */
function verdictOfBody(body: Buffer, expected: RegExp): Verdict {
  if (body.toString('utf8').search(expected) >= 0) return { reason: 'passed' };
  return { reason: 'unexpected-answer', detail: `no ${expected} in a body that begins ${beginningOf(body)}` };
}

function verdictOfSilence({ awaited, timeoutMs }: Chain): Verdict {
  const detail = `no ${awaited} within ${timeoutMs} ms`;
  return { reason: awaited === 'address' ? 'resolve-failed' : 'timeout', detail };
}
