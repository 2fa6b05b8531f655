import * as z from 'zod';
import { type ParsedCidr, parseAddress, parseCidr } from '../lib/cidr.ts';
import { formatDurationMs, parseDurationMs } from '../lib/duration.ts';
import { nearestWord } from '../lib/nearest-word.ts';
import { compilePattern } from './pattern.ts';

// The message of each leaf says what would be right; the reader puts before it what was got.

interface Limits {
  readonly least: number;
  readonly most: number;
}

const DEFAULT_REDIRECTS = 5;

/** A duration in ms. Limits in ms, inclusive. */
export function duration({ least, most }: Limits) {
  const hint = 'write a duration such as 250ms, 5s or 1m; a number alone is seconds';
  const range = `write a duration from ${formatDurationMs(least)} to ${formatDurationMs(most)}`;
  return z.union([z.string(), z.number()], { error: hint }).transform((value, context) => {
    const ms = parseDurationMs(value);
    if (ms !== undefined && ms >= least && ms <= most) return ms;
    return refuse(context, value, ms === undefined ? hint : range);
  });
}

/** A whole number within limits, inclusive. `what` names it: `a port`. */
export function whole(what: string, { least, most }: Limits) {
  const error = `write ${what}, a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

/** A number within limits, inclusive. */
export function decimal(what: string, { least, most }: Limits) {
  const error = `write ${what}, a number from ${least} to ${most}`;
  return z.number({ error }).min(least, { error }).max(most, { error });
}

export function flag() {
  return z.boolean({ error: 'write true or false' });
}

/** Text that is not empty and holds no NUL. `what` says what to write. */
export function text(what: string) {
  const error = `write ${what}`;
  return z.string({ error }).regex(/^[^\0]+$/, { error });
}

/** Text that may be empty. */
export function anyText(what: string) {
  return z.string({ error: `write ${what}` });
}

/** Text of a given form. */
export function form(what: string, pattern: RegExp) {
  const error = `write ${what}`;
  return z.string({ error }).regex(pattern, { error });
}

/** One of a few words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: (issue) => wordHint(issue.input, words) });
}

/** A TCP port; as text too, as AWSnycast takes it. */
export function port() {
  const error = 'write a port, a whole number from 1 to 65535';
  return z.union([z.number(), z.string()], { error }).transform((value, context) => {
    const isWritten = typeof value === 'number' || /^\d+$/.test(value);
    const number = isWritten ? Number(value) : Number.NaN;
    return Number.isInteger(number) && number >= 1 && number <= 65535
      ? number
      : refuse(context, value, error);
  });
}

/** A device index or an interface id. */
export function interfaceRef() {
  const error = 'write the id of an interface (eni-…) or a device index from 0 to 63';
  return z.union([z.number(), z.string()], { error }).transform((value, context): string | number => {
    if (typeof value === 'string' && /^eni-[0-9a-f]+$/.test(value)) return value;
    const isIndex = typeof value === 'number' || /^\d{1,2}$/.test(value);
    const index = isIndex ? Number(value) : Number.NaN;
    return Number.isInteger(index) && index >= 0 && index <= 63 ? index : refuse(context, value, error);
  });
}

/** How many redirects to follow; `true` is a few. */
export function redirects() {
  const error = 'write true, false or how many to follow, 0 to 20';
  return z.union([z.boolean(), z.number()], { error }).transform((value, context): number => {
    if (typeof value === 'boolean') return value ? DEFAULT_REDIRECTS : 0;
    return Number.isInteger(value) && value >= 0 && value <= 20 ? value : refuse(context, value, error);
  });
}

/** An address block, or an address, which is a host route. */
export function cidr() {
  const error = 'write an address block such as 10.0.0.0/8 or 2001:db8::/32, or one address';
  return z.string({ error }).transform((value, context): ParsedCidr => {
    return parseCidr(value) ?? refuse(context, value, error);
  });
}

/** An IP address of this machine to send from. */
export function ipAddress() {
  const error = 'write an IPv4 or IPv6 address';
  return z.string({ error }).transform((value, context) => {
    return parseAddress(value)?.text ?? refuse(context, value, error);
  });
}

/** An IP address (an IPv6 one may have a zone) or a host name. */
export function destination() {
  const error = 'write an IP address or a host name, without scheme and port';
  return z.string({ error }).transform((value, context) => {
    return isDestination(value) ? value : refuse(context, value, error);
  });
}

/** A regular expression, as JavaScript or Go (RE2) writes it; not anchored. */
export function pattern() {
  return z.string({ error: 'write a regular expression' }).transform((value, context): RegExp => {
    const result = compilePattern(value);
    return result.ok ? result.pattern : refuse(context, value, result.hint);
  });
}

/** The id of an AWS resource: a prefix and hexadecimal digits. */
export function resourceId(prefix: string, what: string) {
  return form(`${what}, such as ${prefix}-0123456789abcdef0`, new RegExp(`^${prefix}-[0-9a-f]+$`));
}

export function isDestination(value: string): boolean {
  const zone = /^(fe80:[^%]*)%[\w.-]+$/i.exec(value);
  if (parseAddress(zone?.[1] ?? value) !== undefined) return true;
  const labels = value.replace(/\.$/, '').split('.');
  const isName = labels.every((label) => /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label));
  // A last label of digits would be a mistyped IPv4 address (RFC 1123 §2.1).
  return isName && value.length <= 253 && !/^\d+$/.test(labels.at(-1) ?? '');
}

/** What would be right where one of some words is wanted. */
export function wordHint(input: unknown, words: readonly string[]): string {
  const near = typeof input === 'string' ? nearestWord(input, words) : undefined;
  if (near !== undefined) return `did you mean ${near}?`;
  return words.length === 1 ? `write ${words[0]}` : `write one of ${words.join(', ')}`;
}

function refuse(context: z.core.$RefinementCtx, input: unknown, message: string): never {
  context.issues.push({ code: 'custom', message, input });
  return z.NEVER;
}
