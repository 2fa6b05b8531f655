import type { Position, ScalarNode } from './tree.ts';

/** Thrown at what the plain reader does not know; does not leave it. */
export const UNKNOWN: unique symbol = Symbol('unknown');

/** Written otherwise than a number is usually written, and yet one, or nearly one. */
const NUMBER_LIKE = /^[-+]?(?:\.\d+|\d+\.?\d*)(?:e[-+]?\d*)?$|^0[ox]|^[-+]?\.(?:inf|nan)$/i;

/** The core schema of YAML 1.2, as far as people write it. Throws UNKNOWN beyond that. */
export function plainScalar(text: string, at: Position): ScalarNode {
  return { kind: 'scalar', at, value: plainValue(text), text, isPlain: true, substituted: undefined };
}

function plainValue(text: string): ScalarNode['value'] {
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  if (/^(?:null|Null|NULL)$/.test(text)) return null;
  if (/^(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?$/.test(text) && text.length < 16) return Number(text);
  if (NUMBER_LIKE.test(text)) throw UNKNOWN;
  return text;
}

/** Quotes and escapes are gone already. */
export function quotedScalar(value: string, at: Position): ScalarNode {
  return { kind: 'scalar', at, value, text: value, isPlain: false, substituted: undefined };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Of a text in double quotes, the escapes of one letter. */
export function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter);
}

/** Keys that YAML does not take for text. */
export function isReserved(key: string): boolean {
  return /^(?:null|true|false)$/i.test(key);
}

/** A value left empty. */
export function emptyScalar(at: Position): ScalarNode {
  return { kind: 'scalar', at, value: null, text: '', isPlain: true, substituted: undefined };
}
