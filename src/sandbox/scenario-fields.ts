import ipaddr from 'ipaddr.js';
import { parseCidr, parseDestination } from './world/destination.ts';
import { parseTargetId } from './world/target-id.ts';

export type Complain = (path: string, message: string) => void;

/** Checks one value, and complains about all that is wrong with it. */
export type Reader = (value: unknown, path: string, complain: Complain) => void;

/** An object's fields; what is not among them is unknown. */
export interface Fields {
  readonly [name: string]: Reader | OptionalField;
}

export interface OptionalField {
  readonly whenGiven: Reader;
}

/** A field that may be missing. */
export function optional(inner: Reader | Fields): OptionalField {
  return { whenGiven: toReader(inner) };
}

export function list(inner: Reader | Fields): Reader {
  const read = toReader(inner);
  return (value, path, complain) => {
    if (!Array.isArray(value)) return complain(path, 'must be a list');
    value.forEach((item, index) => {
      read(item, `${path}[${index}]`, complain);
    });
  };
}

function object(fields: Fields): Reader {
  return (value, path, complain) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return complain(path, 'must be an object');
    }
    const given = new Map(Object.entries(value));
    for (const [name, field] of Object.entries(fields)) {
      const inner = given.get(name);
      const read = typeof field === 'function' ? field : field.whenGiven;
      if (inner !== undefined) read(inner, `${path}.${name}`, complain);
      else if (typeof field === 'function') complain(`${path}.${name}`, 'is missing');
    }
    for (const name of given.keys()) {
      if (!Object.hasOwn(fields, name)) {
        complain(`${path}.${name}`, `is unknown; known are ${Object.keys(fields).join(', ')}`);
      }
    }
  };
}

function toReader(inner: Reader | Fields): Reader {
  return typeof inner === 'function' ? inner : object(inner);
}

/** A reader for texts that pass a test. */
function textThat(isRight: (text: string) => boolean, expected: string): Reader {
  return (value, path, complain) => {
    if (typeof value !== 'string' || !isRight(value))
      complain(path, `must be ${expected}, not ${show(value)}`);
  };
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

const isGatewayId = (text: string) => {
  const kind = parseTargetId(text)?.kind;
  return kind !== undefined && kind !== 'instance' && kind !== 'network-interface' && kind !== 'local';
};

const gatewayId = textThat(
  isGatewayId,
  'the id of a gateway (igw-, vgw-, nat-, tgw-, pcx-, eigw-, vpce-, … or an ARN)',
);
const text = textThat((value) => value !== '', 'a non-empty string');

export const readers = {
  object,
  text,
  textOrNull: ((value, path, complain) => {
    if (value !== null) text(value, path, complain);
  }) satisfies Reader,
  whole: ((value, path, complain) => {
    const isWhole = typeof value === 'number' && Number.isInteger(value) && value >= 0;
    if (!isWhole) complain(path, `must be a whole number of 0 or more, not ${show(value)}`);
  }) satisfies Reader,
  flag: ((value, path, complain) => {
    if (typeof value !== 'boolean') complain(path, `must be true or false, not ${show(value)}`);
  }) satisfies Reader,
  tags: ((value, path, complain) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return complain(path, 'must be an object');
    for (const [key, tag] of Object.entries(value)) {
      if (typeof tag !== 'string') complain(`${path}.${key}`, `must be a string, not ${show(tag)}`);
    }
  }) satisfies Reader,
  gateway: ((value, path, complain) => {
    if (typeof value === 'string') return gatewayId(value, path, complain);
    object({ id: gatewayId, vpc: optional(text) })(value, path, complain);
  }) satisfies Reader,
  gatewayId,
  cidr: textThat((value) => parseCidr(value) !== undefined, 'a CIDR such as 10.0.0.0/16'),
  address: textThat((value) => ipaddr.isValid(value), 'an IP address'),
  destination: textThat((value) => parseDestination(value) !== undefined, 'a CIDR or a prefix list id'),
  target: textThat(
    (value) => parseTargetId(value) !== undefined,
    'the id of an interface, an instance or a gateway',
  ),
  idOf: (prefix: string): Reader =>
    textThat(
      (value) => value.startsWith(prefix) && value.length > prefix.length,
      `an id that begins with ${prefix}`,
    ),
  oneOf: (...values: readonly string[]): Reader =>
    textThat((value) => values.includes(value), `one of ${values.join(', ')}`),
};
