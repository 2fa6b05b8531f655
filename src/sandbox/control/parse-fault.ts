import type { Fault, FaultEffect, FaultScope } from '../faults.ts';
import {
  BadRequest,
  type JsonObject,
  optionalNumber,
  optionalString,
  optionalStrings,
  rejectUnknown,
  requireString,
} from './json-fields.ts';

const EFFECT_FIELDS: Readonly<Record<FaultEffect['kind'], readonly string[]>> = {
  latency: ['latencyMs', 'jitterMs'],
  error: ['code', 'httpStatus', 'message'],
  deny: [],
  reset: [],
  'lose-answer': [],
  stuck: [],
  stale: ['ageMs'],
  unreachable: [],
};

const SCOPE_FIELDS = ['actions', 'accessKeyIds', 'probability', 'count'];

/** A fault from JSON. Throws BadRequest, saying what would be right. */
export function parseFault(object: JsonObject): Fault {
  const kind = requireString(object, 'kind');
  if (!isKind(kind)) throw new BadRequest(`kind must be one of ${Object.keys(EFFECT_FIELDS).join(', ')}`);
  rejectUnknown(object, ['kind', ...EFFECT_FIELDS[kind], ...SCOPE_FIELDS]);
  return { ...parseEffect(kind, object), ...parseScope(object) };
}

function isKind(kind: string): kind is FaultEffect['kind'] {
  return Object.hasOwn(EFFECT_FIELDS, kind);
}

function parseEffect(kind: FaultEffect['kind'], object: JsonObject): FaultEffect {
  switch (kind) {
    case 'latency':
      return {
        kind,
        latencyMs: requireNumber(object, 'latencyMs'),
        jitterMs: optionalNumber(object, 'jitterMs') ?? 0,
      };
    case 'error':
      return {
        kind,
        ...defined({ code: optionalString(object, 'code'), message: optionalString(object, 'message') }),
        ...status(object),
      };
    case 'stale':
      return { kind, ageMs: requireNumber(object, 'ageMs') };
    case 'deny':
    case 'reset':
    case 'lose-answer':
    case 'stuck':
    case 'unreachable':
      return { kind };
  }
}

function parseScope(object: JsonObject): FaultScope {
  const probability = optionalNumber(object, 'probability');
  if (probability !== undefined && probability > 1) throw new BadRequest('probability must be from 0 to 1');
  const count = optionalNumber(object, 'count');
  if (count !== undefined && !Number.isInteger(count)) throw new BadRequest('count must be a whole number');
  const actions = optionalStrings(object, 'actions');
  return defined({ actions, accessKeyIds: optionalStrings(object, 'accessKeyIds'), probability, count });
}

function status(object: JsonObject): { readonly httpStatus?: number } {
  const httpStatus = optionalNumber(object, 'httpStatus');
  if (httpStatus === undefined) return {};
  if (Number.isInteger(httpStatus) && httpStatus >= 400 && httpStatus < 600) return { httpStatus };
  throw new BadRequest('httpStatus must be from 400 to 599');
}

function requireNumber(object: JsonObject, name: string): number {
  const value = optionalNumber(object, name);
  if (value === undefined) throw new BadRequest(`${name} is missing`);
  return value;
}

type Defined<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

/** Leaves out what is undefined. */
function defined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
