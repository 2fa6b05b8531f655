import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { SandboxEvent } from '../events.ts';
import type { CallFate, Faults } from '../faults.ts';
import { readBody, resetConnection } from '../http-listener.ts';
import { type ApiError, failure } from '../world/api-error.ts';
import type { World } from '../world/world.ts';
import { readAccessKey } from './caller.ts';
import { type ApiAnswer, answerCall, answerError, isStsAction } from './ec2-api.ts';
import { parseQueryParams, type QueryParams } from './query-params.ts';

const MAX_BODY_BYTES = 1_000_000;

type Answered = Extract<SandboxEvent, { kind: 'call' }>['answer'];

export interface ApiServerParts {
  readonly world: World;
  readonly faults: Faults;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onEvent: (event: SandboxEvent) => void;
}

/** The HTTP face of the API: reads a call, lets the faults have their way with it, answers. */
export interface ApiServer {
  handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>;
  /** Drops calls that wait: they never take effect. */
  close(): void;
}

export function createApiServer(parts: ApiServerParts): ApiServer {
  const { world, faults, clock } = parts;
  const waiting = new Set<Timer>();

  /** Not cut short when the caller goes away: a call that EC2 has taken in takes effect all the same. */
  const wait = (delayMs: number): Promise<void> => {
    if (delayMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = clock.after(delayMs, () => {
        waiting.delete(timer);
        resolve();
      });
      waiting.add(timer);
    });
  };

  const execute = (call: Call, fate: CallFate): ApiAnswer => {
    const { params, accessKeyId, requestId, action } = call;
    const refusal = refuse(call, fate);
    if (refusal !== undefined) return answerError(action, refusal, requestId);
    const seen = world.stateAgo(fate.staleMs);
    return answerCall({ world, seen, params, accessKeyId: accessKeyId ?? '', requestId });
  };

  const refuse = (call: Call, fate: CallFate): ApiError | undefined => {
    if (call.accessKeyId === undefined) return notSigned(call.action);
    if (fate.isThrottled) return failure('RequestLimitExceeded', 'Request limit exceeded.', 503).error;
    if (fate.error !== undefined) return fate.error;
    if (fate.isDenied) return world.denial(call.action, call.accessKeyId);
    return undefined;
  };

  return {
    async handle(request, response, url) {
      const startedMs = clock.now();
      const body = await readBody(request, MAX_BODY_BYTES);
      if (body === undefined) return void request.socket.destroy();
      const call = readCall(request, url, { body, random: parts.random });
      const report = (answer: Answered, result?: ApiAnswer) =>
        parts.onEvent({
          kind: 'call',
          atMs: clock.now(),
          action: call.action,
          accessKeyId: call.accessKeyId ?? '',
          status: result?.status ?? 0,
          code: result?.code,
          answer,
          tookMs: clock.now() - startedMs,
        });
      const fate = faults.decide({
        action: call.action,
        accessKeyId: call.accessKeyId ?? '',
        accountId: world.accountOf(call.accessKeyId ?? ''),
        isUnfiltered: isUnfiltered(call.params),
      });
      if (fate.isUnreachable) {
        request.socket.destroy();
        return report('unreachable');
      }
      await wait(fate.delayMs / 2);
      // The connection stays open and silent until the caller gives up or the sandbox closes.
      if (fate.isStuck) return report('stuck');
      if (fate.isReset) {
        resetConnection(request);
        return report('reset');
      }
      const result = execute(call, fate);
      await wait(fate.delayMs / 2);
      if (fate.losesAnswer) {
        resetConnection(request);
        return report('lost', result);
      }
      if (response.destroyed) return report('aborted', result);
      send(response, result, call.requestId);
      report('sent', result);
    },
    close() {
      for (const timer of waiting) timer.cancel();
      waiting.clear();
    },
  };
}

interface Call {
  readonly action: string;
  readonly params: QueryParams;
  readonly accessKeyId: string | undefined;
  readonly requestId: string;
}

function readCall(
  request: IncomingMessage,
  url: URL,
  extra: { readonly body: string; readonly random: () => number },
): Call {
  const params = parseQueryParams(url.searchParams, extra.body);
  const accessKeyId = readAccessKey(request.headers.authorization, url.searchParams);
  return { action: params.get('Action') ?? '', params, accessKeyId, requestId: makeRequestId(extra.random) };
}

function isUnfiltered(params: QueryParams): boolean {
  return ![...params.keys()].some((key) => /^(Filter\.|MaxResults$|NextToken$|\w+Id\.\d+$)/.test(key));
}

function notSigned(action: string): ApiError {
  const message = 'AWS was not able to validate the provided access credentials';
  if (!isStsAction(action)) return failure('AuthFailure', message, 401).error;
  return failure('MissingAuthenticationToken', 'Request is missing Authentication Token', 403).error;
}

function send(response: ServerResponse, answer: ApiAnswer, requestId: string): void {
  response.writeHead(answer.status, {
    'content-type': 'text/xml;charset=UTF-8',
    'content-length': Buffer.byteLength(answer.body),
    'x-amzn-requestid': requestId,
  });
  response.end(answer.body);
}

function makeRequestId(random: () => number): string {
  const hex = (length: number) =>
    Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('');
  return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
}
