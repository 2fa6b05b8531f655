import { parseAddress, parseCidr } from '../lib/cidr.ts';
import { formatDurationMs, parseDurationMs } from '../lib/duration.ts';
import { nearestWord } from '../lib/nearest-word.ts';
import { accept, type Form, type Leaf, leaf, type Parsed, refuse } from './leaf.ts';
import { compilePattern } from './pattern.ts';

// The message of each leaf says what would be right; the reader puts before it what was got.

interface Limits {
  readonly least: number;
  readonly most: number;
}

const DEFAULT_REDIRECTS = 5;
const UNIT_BYTES: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** A duration in ms. Limits in ms, inclusive. */
export function duration({ least, most }: Limits) {
  const hint = 'write a duration such as 250ms, 5s or 1m; a number alone is seconds';
  const range = `write a duration from ${formatDurationMs(least)} to ${formatDurationMs(most)}`;
  return leaf(WORD_OR_NUMBER, (written): Parsed<number> => {
    if (!isWordOrNumber(written)) return refuse(hint);
    const ms = parseDurationMs(written);
    if (ms === undefined) return refuse(hint);
    return ms >= least && ms <= most ? accept(ms) : refuse(range);
  });
}

/** A whole number within limits, inclusive. `what` names it: `a port`. */
export function whole(what: string, { least, most }: Limits) {
  const hint = `write ${what}, a whole number from ${least} to ${most}`;
  return leaf({ kind: 'limited', isWhole: true, least, most }, (written) => {
    const isFit = Number.isSafeInteger(written) && isWithin(written, { least, most });
    return isFit ? accept(Number(written)) : refuse(hint);
  });
}

/** A number within limits, inclusive. */
export function decimal(what: string, { least, most }: Limits) {
  const hint = `write ${what}, a number from ${least} to ${most}`;
  return leaf({ kind: 'limited', isWhole: false, least, most }, (written) =>
    isWithin(written, { least, most }) ? accept(written) : refuse(hint),
  );
}

/** A number of bytes: alone, or with KiB, MiB or GiB. Limits in bytes, inclusive. */
export function size({ least, most }: Limits) {
  const hint = `write a size such as 512KiB or 64MiB, from ${least} to ${most} bytes; a number alone is bytes`;
  return leaf(WORD_OR_NUMBER, (written) => {
    const [, amount = '', unit = ''] = /^(\d{1,15})\s?(|[KMG]iB)$/.exec(String(written)) ?? [];
    const bytes = amount === '' ? Number.NaN : Number(amount) * (UNIT_BYTES[unit] ?? 1);
    return bytes >= least && bytes <= most ? accept(bytes) : refuse(hint);
  });
}

/** A share in percent, more than 0 and up to 100: `90%`, or the number alone. */
export function percentage() {
  const hint = 'write a percentage more than 0% and up to 100%, such as 90%';
  return leaf(WORD_OR_NUMBER, (written) => {
    const digits = typeof written === 'string' ? /^(\d+(?:\.\d+)?) ?%?$/.exec(written)?.[1] : written;
    const percent = isWordOrNumber(digits) ? Number(digits) : Number.NaN;
    return percent > 0 && percent <= 100 ? accept(percent) : refuse(hint);
  });
}

export function flag() {
  return leaf({ kind: 'boolean' }, (written) =>
    typeof written === 'boolean' ? accept(written) : refuse('write true or false'),
  );
}

/** Text that is not empty and holds no NUL. `what` says what to write. */
export function text(what: string) {
  return form(what, /^[^\0]+$/);
}

/** Text that may be empty. */
export function anyText(what: string) {
  return textThat({ hint: `write ${what}` }, (written) => accept(written));
}

/** Text of a given form. */
export function form(what: string, pattern: RegExp) {
  const hint = `write ${what}`;
  return textThat({ hint, pattern }, (written) => (pattern.test(written) ? accept(written) : refuse(hint)));
}

/** One of a few words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return leaf({ kind: 'words', words }, (written): Parsed<Words[number]> => {
    const found = words.find((word) => word === written);
    return found === undefined ? refuse(wordHint(written, words)) : accept(found);
  });
}

/** A list of such values, each with its own problems. */
export function list<Value>(of: Leaf<Value>, hint: string) {
  return leaf({ kind: 'list', of: of.form }, (written): Parsed<readonly Value[]> => {
    if (!Array.isArray(written)) return refuse(hint);
    const items = written.map((item: unknown) => of.parse(item));
    const issues = items.flatMap((item, index) =>
      item.ok ? [] : item.issues.map(({ message, way }) => ({ message, way: [index, ...way] })),
    );
    if (issues.length > 0) return { ok: false, issues };
    return accept(items.flatMap((item) => (item.ok ? [item.value] : [])));
  });
}

/** A word, a number, or a list of these. */
export function wordsOrNumbers(hint: string) {
  const form: Form = { kind: 'either', of: [...NUMBER_OR_WORD.of, { kind: 'list', of: NUMBER_OR_WORD }] };
  type WordOrNumber = string | number;
  return leaf(form, (written): Parsed<WordOrNumber | readonly WordOrNumber[]> => {
    if (isWordOrNumber(written)) return accept(written);
    return Array.isArray(written) && written.every(isWordOrNumber) ? accept(written) : refuse(hint);
  });
}

/** A TCP port; as text too, as AWSnycast takes it. */
export function port() {
  const hint = 'write a port, a whole number from 1 to 65535';
  return leaf(NUMBER_OR_WORD, (written) => {
    const isWritten = typeof written === 'number' || (typeof written === 'string' && /^\d+$/.test(written));
    const number = isWritten ? Number(written) : Number.NaN;
    return Number.isInteger(number) && number >= 1 && number <= 65535 ? accept(number) : refuse(hint);
  });
}

/** A device index or an interface id. */
export function interfaceRef() {
  const hint = 'write the id of an interface (eni-…) or a device index from 0 to 63';
  return leaf(NUMBER_OR_WORD, (written): Parsed<string | number> => {
    if (typeof written === 'string' && /^eni-[0-9a-f]+$/.test(written)) return accept(written);
    const isIndex = typeof written === 'number' || (typeof written === 'string' && /^\d{1,2}$/.test(written));
    const index = isIndex ? Number(written) : Number.NaN;
    return Number.isInteger(index) && index >= 0 && index <= 63 ? accept(index) : refuse(hint);
  });
}

/** How many redirects to follow; `true` is a few. */
export function redirects() {
  const hint = 'write true, false or how many to follow, 0 to 20';
  return leaf({ kind: 'either', of: [{ kind: 'boolean' }, { kind: 'number' }] }, (written) => {
    if (typeof written === 'boolean') return accept(written ? DEFAULT_REDIRECTS : 0);
    const isFit = Number.isInteger(written) && isWithin(written, { least: 0, most: 20 });
    return isFit ? accept(Number(written)) : refuse(hint);
  });
}

/** An address block, or an address, which is a host route. `example`: of what is meant. */
export function cidr(example = 'an address block such as 10.0.0.0/8 or 2001:db8::/32') {
  const hint = `write ${example}, or one address`;
  return textThat({ hint }, (written) => unlessUndefined(parseCidr(written), hint));
}

/** An IP address of this machine to send from. */
export function ipAddress() {
  const hint = 'write an IPv4 or IPv6 address';
  return textThat({ hint }, (written) => unlessUndefined(parseAddress(written)?.text, hint));
}

/** An IP address (an IPv6 one may have a zone) or a host name. */
export function destination() {
  const hint = 'write an IP address or a host name, without scheme and port';
  return textThat({ hint }, (written) => (isDestination(written) ? accept(written) : refuse(hint)));
}

/** A regular expression, as JavaScript or Go (RE2) writes it; not anchored. */
export function pattern() {
  return textThat({ hint: 'write a regular expression' }, (written): Parsed<RegExp> => {
    const result = compilePattern(written);
    return result.ok ? accept(result.pattern) : refuse(result.hint);
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

const TEXT: Form = { kind: 'text', pattern: undefined };
const NUMBER: Form = { kind: 'number' };
const WORD_OR_NUMBER = { kind: 'either', of: [TEXT, NUMBER] } as const satisfies Form;
const NUMBER_OR_WORD = { kind: 'either', of: [NUMBER, TEXT] } as const satisfies Form;

function textThat<Value>(
  { hint, pattern }: { readonly hint: string; readonly pattern?: RegExp },
  read: (written: string) => Parsed<Value>,
): Leaf<Value> {
  return leaf({ kind: 'text', pattern }, (written) =>
    typeof written === 'string' ? read(written) : refuse(hint),
  );
}

function unlessUndefined<Value>(value: Value | undefined, hint: string): Parsed<Value> {
  return value === undefined ? refuse(hint) : accept(value);
}

/** YAML's `.inf` and `.nan` are numbers that nothing here can be. */
function isWordOrNumber(written: unknown): written is string | number {
  return typeof written === 'string' || Number.isFinite(written);
}

function isWithin(written: unknown, { least, most }: Limits): written is number {
  return typeof written === 'number' && written >= least && written <= most;
}
