import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../lib/clock.ts';
import { systemClock } from '../../lib/system-clock.ts';
import { listenHttp } from '../http-listener.ts';
import { buildTree, type ImdsIdentity, type ImdsSignals, lookUp } from './imds-tree.ts';

export interface ImdsOptions {
  /** A function is asked anew for every request; while it answers undefined, the service is dead (instance stopped). */
  readonly identity: ImdsIdentity | (() => ImdsIdentity | undefined);
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly host?: string;
  readonly port?: number;
  readonly onRequest?: (request: {
    readonly method: string;
    readonly path: string;
    readonly status: number;
  }) => void;
}

/** How the service misbehaves. */
export interface ImdsFault {
  readonly latencyMs?: number;
  /** `refuse`: connections are closed at once; `silent`: no answer ever comes. */
  readonly dead?: 'refuse' | 'silent';
  /** Answers every request with this status. */
  readonly status?: number;
}

/** One instance's metadata service, IMDSv2 only. */
export interface Imds {
  /** Without a slash at the end: what `AWS_EC2_METADATA_SERVICE_ENDPOINT` takes. */
  readonly url: string;
  /** Sets a signal, or takes it back with undefined. */
  setSignal<Name extends keyof ImdsSignals>(name: Name, value: ImdsSignals[Name] | undefined): void;
  signals(): ImdsSignals;
  /** Makes every token that was given out invalid: the next read is a 401. */
  invalidateTokens(): void;
  /** Undefined: well again. */
  setFault(fault: ImdsFault | undefined): void;
  /** Destroys all connections. */
  close(): Promise<void>;
}

/** Credentials last this long, counted from each read. */
const CREDENTIALS_MS = 6 * 3600 * 1000;

const MAX_TOKENS = 1000;

/** Serves one instance's metadata. Usable by itself, e.g. with an emulator's instance as identity. */
export async function startImds(options: ImdsOptions): Promise<Imds> {
  const { identity, clock = systemClock, random = Math.random } = options;
  const tokens = createTokens(clock, random);
  const waiting = new Set<Timer>();
  let signals: ImdsSignals = {};
  let fault: ImdsFault | undefined;

  const answer = (request: IncomingMessage, path: string, who: ImdsIdentity): ImdsReply => {
    if (fault?.status !== undefined) return { status: fault.status, body: '' };
    if (request.method === 'PUT') return giveToken(request, path, tokens);
    if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, body: '' };
    if (!tokens.isValid(request.headers['x-aws-ec2-metadata-token'])) return { status: 401, body: '' };
    const inner = /^\/(?:latest|\d{4}-\d{2}-\d{2})\/(.*)$/.exec(path)?.[1];
    const tree = buildTree(who, signals, clock.wallNow() + CREDENTIALS_MS);
    const body = inner === undefined ? undefined : lookUp(tree, inner);
    return body === undefined ? { status: 404, body: 'Not Found' } : { status: 200, body };
  };

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const who = typeof identity === 'function' ? identity() : identity;
    if (who === undefined || fault?.dead === 'refuse') return void request.socket.destroy();
    if (fault?.dead === 'silent') return;
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const respond = () => {
      const reply = answer(request, path, who);
      options.onRequest?.({ method: request.method ?? '', path, status: reply.status });
      send(response, reply);
    };
    const latencyMs = fault?.latencyMs ?? 0;
    if (latencyMs <= 0) respond();
    else {
      const timer = clock.after(latencyMs, () => {
        waiting.delete(timer);
        if (!response.destroyed) respond();
      });
      waiting.add(timer);
    }
  };

  const listener = await listenHttp({
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    onRequest: handle,
  });
  return {
    url: listener.url,
    setSignal(name, value) {
      signals = { ...signals, [name]: value };
    },
    signals: () => signals,
    invalidateTokens: () => tokens.clear(),
    setFault(next) {
      fault = next;
    },
    close() {
      for (const timer of waiting) timer.cancel();
      waiting.clear();
      return listener.close();
    },
  };
}

interface ImdsReply {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';

function giveToken(request: IncomingMessage, path: string, tokens: Tokens): ImdsReply {
  // Version-specific token paths, and requests through a proxy, are forbidden.
  if (path !== '/latest/api/token' || request.headers['x-forwarded-for'] !== undefined)
    return { status: 403, body: '' };
  const text = String(request.headers[TTL_HEADER] ?? '');
  const seconds = Number(text);
  if (!/^\d+$/.test(text) || seconds < 1 || seconds > 21_600) return { status: 400, body: 'Bad Request' };
  return { status: 200, body: tokens.issue(seconds), headers: { [TTL_HEADER]: text } };
}

interface Tokens {
  issue(ttlSec: number): string;
  isValid(token: string | readonly string[] | undefined): boolean;
  clear(): void;
}

function createTokens(clock: Clock, random: () => number): Tokens {
  const endsAtMs = new Map<string, number>();
  let issued = 0;
  return {
    issue(ttlSec) {
      issued += 1;
      const token = `AQAE${issued.toString(36)}${Math.floor(random() * 2 ** 48).toString(36)}==`;
      endsAtMs.set(token, clock.now() + ttlSec * 1000);
      const oldest = endsAtMs.keys().next().value;
      if (endsAtMs.size > MAX_TOKENS && oldest !== undefined) endsAtMs.delete(oldest);
      return token;
    },
    isValid: (token) => typeof token === 'string' && (endsAtMs.get(token) ?? -Infinity) > clock.now(),
    clear: () => endsAtMs.clear(),
  };
}

function send(response: ServerResponse, reply: ImdsReply): void {
  response.writeHead(reply.status, {
    'content-type': 'text/plain',
    'content-length': Buffer.byteLength(reply.body),
    server: 'EC2ws',
    ...reply.headers,
  });
  response.end(reply.body);
}
