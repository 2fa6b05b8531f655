import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Clock } from '../lib/clock.ts';
import { withinDeadline } from './call-deadline.ts';
import { type AwsFailure, classify, type FailureKind } from './errors.ts';

export interface ImdsOptions {
  /** Base URL, e.g. `http://169.254.169.254` or `http://[fd00:ec2::254]`. */
  readonly endpoint: string;
  readonly clock: Clock;
  /** Bounds one HTTP request. Default 1000. */
  readonly timeoutMs?: number;
}

/** `value` undefined: the metadata has no such item (404). */
export type ImdsResult =
  | { readonly ok: true; readonly value: string | undefined }
  | { readonly ok: false; readonly failure: AwsFailure };

/** The instance metadata service, version 2 only. */
export interface Imds {
  /** Reads one item, e.g. `/latest/meta-data/mac`. Never rejects for what the service or the network does. */
  get(path: string, signal: AbortSignal): Promise<ImdsResult>;
  close(): Promise<void>;
}

export const DEFAULT_IMDS_ENDPOINT = 'http://169.254.169.254';

const DEFAULT_TIMEOUT_MS = 1_000;
/** Six hours, the most that IMDS gives. */
const TOKEN_TTL_SEC = 21_600;
/** A token is renewed this long before it ends, so that no request carries one that ends on the way. */
const TOKEN_MARGIN_MS = 60_000;
const MAX_BODY_BYTES = 64 * 1024;

interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Ask {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Opens IMDSv2; nothing is sent before the first read. Not the SDK's client, which fetches a token for every request, has
 * no timeout of its own, and after one lost token request uses IMDSv1 for good: this one polls every few seconds
 * for the life of the agent. One token, renewed before it ends and on 401; one keep-alive connection.
 */
export function createImds(options: ImdsOptions): Imds {
  const { clock, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const base = new URL(options.endpoint);
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const closing = new AbortController();
  let token: { readonly value: string; readonly renewAtMs: number } | undefined;
  let fetching: Promise<string> | undefined;

  const send = (ask: Ask, signal: AbortSignal): Promise<Answer> =>
    withinDeadline({ clock, timeoutMs, signals: [signal, closing.signal] }, (until) =>
      exchange({ base, agent, ask, signal: until }),
    );

  const fetchToken = async (): Promise<string> => {
    const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': String(TOKEN_TTL_SEC) };
    const sentAtMs = clock.now();
    const answer = await send({ method: 'PUT', path: '/latest/api/token', headers }, closing.signal);
    if (answer.status !== 200) throw new StatusError(answer.status, 'a session token');
    token = { value: answer.body, renewAtMs: sentAtMs + TOKEN_TTL_SEC * 1_000 - TOKEN_MARGIN_MS };
    return token.value;
  };

  /** Reads that come at the same time share one token, and none ends by another's signal. */
  const freshToken = async (signal: AbortSignal): Promise<string> => {
    if (token !== undefined && clock.now() < token.renewAtMs) return token.value;
    fetching ??= fetchToken().finally(() => {
      fetching = undefined;
    });
    const shared = fetching;
    // Whoever asked may have left before it fails.
    shared.catch(() => undefined);
    return await withinDeadline({ clock, timeoutMs, signals: [signal] }, () => shared);
  };

  const read = async (path: string, signal: AbortSignal): Promise<Answer> => {
    const used = await freshToken(signal);
    const answer = await send({ method: 'GET', path, headers: { 'x-aws-ec2-metadata-token': used } }, signal);
    // Unless another read has seen to it already.
    if (answer.status === 401 && token?.value === used) token = undefined;
    return answer;
  };

  return {
    async get(path, signal) {
      try {
        let answer = await read(path, signal);
        if (answer.status === 401) answer = await read(path, signal);
        if (answer.status === 404) return { ok: true, value: undefined };
        if (answer.status === 200) return { ok: true, value: answer.body };
        throw new StatusError(answer.status, path);
      } catch (error) {
        return { ok: false, failure: imdsFailure(error, options.endpoint) };
      }
    },
    async close() {
      closing.abort();
      agent.destroy();
    },
  };
}

/** An HTTP status that IMDS should not have answered. */
class StatusError extends Error {
  readonly status: number;

  constructor(status: number, what: string) {
    super(`HTTP ${status} for ${what}`);
    this.status = status;
  }
}

function imdsFailure(error: unknown, endpoint: string): AwsFailure {
  const api = 'Imds';
  if (error instanceof StatusError) {
    const { status, message } = error;
    return { kind: kindOfStatus(status), api, code: `http-${status}`, message, requestId: undefined };
  }
  const failure = classify(api, error);
  // A token's answer is dropped at the hop limit: the one cause of silence that is not seen from inside.
  const hint =
    failure.code === 'timeout' ? ' (in a container the metadata hop limit has to be 2 or more)' : '';
  return { ...failure, message: `${endpoint}: ${failure.message}${hint}` };
}

/** 403: metadata is switched off. 401 after a new token, 404 and 405 of the token: this is no IMDSv2. */
function kindOfStatus(status: number): FailureKind {
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 429) return 'throttled';
  return status >= 500 ? 'transient' : 'invalid';
}

interface Exchange {
  readonly base: URL;
  readonly agent: Agent;
  readonly ask: Ask;
  readonly signal: AbortSignal;
}

/** One HTTP request; once more if the kept connection turned out to be closed. Both methods can be repeated. */
async function exchange(facts: Exchange): Promise<Answer> {
  const sent: { request: ClientRequest | undefined } = { request: undefined };
  try {
    return await attempt(facts, sent);
  } catch (error) {
    if (!sent.request?.reusedSocket || facts.signal.aborted) throw error;
    return await attempt(facts, sent);
  }
}

function attempt({ base, agent, ask, signal }: Exchange, sent: { request: ClientRequest | undefined }) {
  return new Promise<Answer>((resolve, reject) => {
    const url = new URL(ask.path, base);
    const outgoing = request(url, { agent, method: ask.method, headers: { ...ask.headers }, signal });
    sent.request = outgoing;
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      readBody(incoming).then((body) => resolve({ status: incoming.statusCode ?? 0, body }), reject);
    });
    outgoing.end();
  });
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of incoming) {
    size += part.length;
    if (size > MAX_BODY_BYTES) throw new Error(`an answer of more than ${MAX_BODY_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
