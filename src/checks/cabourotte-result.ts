import { beginningOf } from './answer-search.ts';
import { quoted } from './quoted.ts';
import type { Verdict } from './verdict.ts';

/** A whole answer of Cabourotte's HTTP API. */
export interface CabourotteAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** The result that is asked for, and when the answer came. */
export interface WantedResult {
  readonly name: string;
  readonly maxAgeMs: number;
  readonly wallNowMs: number;
}

/** How far Cabourotte's clock may be ahead of ours. Further ahead, the age of a result says nothing. */
export const MAX_AHEAD_MS = 5_000;

/** The paths of all results: version 2's, and that of version 1. `pathname`: of the configured URL. */
export function resultPaths(pathname: string): readonly [string, string] {
  const base = pathname.replace(/\/+$/, '').replace(/\/api\/v1$/, '');
  return [`${base}/api/v1/result`, `${base}/result`];
}

/** A path to ask for, and how long the answer may be. */
export interface ResultRequest {
  readonly path: string;
  readonly mostBytes: number;
}

/** A result cuts its message to 1000 characters. */
const MOST_RESULT_BYTES = 65_536;
const MOST_LIST_BYTES = 4_194_304;

/**
 * How one result is asked for. Cabourotte's router finds no name that has a slash, escaped or not: then all are asked for.
 */
export function resultRequest(path: string, name: string): ResultRequest {
  if (name.includes('/')) return { path, mostBytes: MOST_LIST_BYTES };
  return { path: `${path}/${escaped(name)}`, mostBytes: MOST_RESULT_BYTES };
}

/**
 * As Go escapes a path: where more or less is escaped, Cabourotte's router takes the name as it is written, with the
 * escapes in it.
 */
function escaped(name: string): string {
  const percents = encodeURIComponent(name.toWellFormed()).replace(/[!'()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  });
  return percents.replace(/%(?:24|26|2B|2C|3A|3B|3D|40)/g, decodeURIComponent);
}

/**
 * The verdict on an answer; undefined: there is no such path on that server. A missing result has the same status, and
 * is told from a missing path by its message.
 */
export function judgeAnswer({ status, body }: CabourotteAnswer, wanted: WantedResult): Verdict | undefined {
  switch (status) {
    case 200:
      return judgeResult(body, wanted);
    case 401:
    case 403:
      return { reason: 'not-permitted', detail: `status ${status}` };
    case 404:
      return isResultMissing(body) ? noResult(wanted) : undefined;
    default:
      return { reason: 'unexpected-status', detail: `status ${status}, ${beginningOf(body)}` };
  }
}

function judgeResult(body: Buffer, wanted: WantedResult): Verdict {
  const found = resultIn(parse(body), wanted.name);
  if (found === undefined) return noResult(wanted);
  const result = asObject(found);
  if (result === undefined) return malformed(`no result in ${beginningOf(body)}`);
  const { name, success, message, 'healthcheck-timestamp': seconds } = result;
  if (name !== wanted.name)
    return malformed(typeof name === 'string' ? `a result of ${quoted(name)}` : 'a result without a name');
  if (typeof success !== 'boolean') return malformed('a result without a boolean success');
  if (!isCount(seconds)) return malformed('a result without a timestamp');
  const measurement = { kind: 'cabourotte', ageMs: wanted.wallNowMs - seconds * 1_000 } as const;
  const doubt = doubtOfAge(measurement.ageMs, wanted.maxAgeMs);
  if (doubt !== undefined) return { reason: 'stale', detail: doubt, measurement };
  if (success) return { reason: 'passed', measurement };
  const detail = typeof message === 'string' ? quoted(message) : 'no message';
  return { reason: 'check-failed', detail, measurement };
}

/** One result is itself; of a list, `{"result": […]}` or (version 1) bare, the one of that name, if it is there. */
function resultIn(answer: unknown, name: string): unknown {
  const list = Array.isArray(answer) ? answer : asObject(answer)?.result;
  if (!Array.isArray(list)) return answer ?? null;
  return list.find((entry: unknown) => asObject(entry)?.name === name);
}

/** Cabourotte cuts the time to whole seconds, so that a result is never older than it seems. */
function doubtOfAge(ageMs: number, maxAgeMs: number): string | undefined {
  if (ageMs > maxAgeMs) return `${inSeconds(ageMs)} old`;
  return ageMs < -MAX_AHEAD_MS ? `dated ${inSeconds(-ageMs)} ahead of our clock` : undefined;
}

function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** `{"messages": […]}`; the first of version 1 have `{"message": …}`. */
function isResultMissing(body: Buffer): boolean {
  const { messages, message } = asObject(parse(body)) ?? {};
  const all: readonly unknown[] = Array.isArray(messages) ? messages : [message];
  return all.some((text) => typeof text === 'string' && /^result not found for healthcheck/i.test(text));
}

function noResult({ name }: WantedResult): Verdict {
  const detail = `no result of ${quoted(name)}: there is no such check, or it has not run for minutes`;
  return { reason: 'no-result', detail };
}

function malformed(detail: string): Verdict {
  return { reason: 'protocol-error', detail };
}

/** undefined: no JSON. */
function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
