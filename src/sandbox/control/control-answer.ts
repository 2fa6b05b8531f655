import type { ApiResult } from '../world/api-error.ts';
import type { JsonObject } from './json-fields.ts';

/** One request of the control API: path parameters in the order of the pattern's `*`. */
export interface ControlRequest {
  readonly args: readonly string[];
  readonly query: URLSearchParams;
  readonly body: JsonObject;
}

/** What is answered: a status and a JSON value. */
export interface ControlAnswer {
  readonly status: number;
  readonly value: unknown;
}

export interface ControlRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `*` is a parameter. */
  readonly path: string;
  readonly run: (request: ControlRequest) => ControlAnswer;
}

export function noInstance(id: string): ControlAnswer {
  return { status: 404, value: { error: `there is no instance ${id}` } };
}

export function ok(value: unknown): ControlAnswer {
  return { status: 200, value };
}

/** An unknown id is a 404, any other refusal a 409. */
export function fromResult(result: ApiResult): ControlAnswer {
  if (result.ok) return ok({ ok: true });
  const { code, message } = result.error;
  const isMissing = code.endsWith('.NotFound') || code === 'InvalidID';
  return { status: isMissing ? 404 : 409, value: { error: message, code } };
}
