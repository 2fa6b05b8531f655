import { type ParseArgsConfig, parseArgs } from 'node:util';
import { CodedError } from '../lib/coded-error.ts';

/** One option of a command line, as help shows it. */
export interface OptionSpec {
  readonly name: string;
  readonly short?: string;
  /** Name of the value in help; absent for a switch. */
  readonly value?: string;
  readonly about: string;
}

/** What a command line came down to. */
export interface ParsedOptions {
  readonly values: Readonly<Record<string, string | undefined>>;
  readonly switches: ReadonlySet<string>;
  readonly operands: readonly string[];
}

/** Parses by the specs. Throws CodedError `usage` with a sentence for people. */
export function parseOptions(argv: readonly string[], specs: readonly OptionSpec[]): ParsedOptions {
  const options: NonNullable<ParseArgsConfig['options']> = {};
  for (const spec of specs) {
    options[spec.name] = {
      type: spec.value === undefined ? 'boolean' : 'string',
      ...(spec.short === undefined ? {} : { short: spec.short }),
    };
  }
  const parsed = parse(argv, options);
  const entries = Object.entries(parsed.values);
  return {
    values: Object.fromEntries(entries.flatMap(([k, v]) => (typeof v === 'string' ? [[k, v]] : []))),
    switches: new Set(entries.flatMap(([k, v]) => (v === true ? [k] : []))),
    operands: parsed.positionals,
  };
}

/** A whole number of at least `least`. Throws CodedError `usage`. */
export function wholeNumber(text: string, option: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new CodedError('usage', `${option} takes a whole number of at least ${least}, not "${text}"`);
}

/** One of the words. Throws CodedError `usage`. */
export function oneOf<Word extends string>(text: string, option: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new CodedError('usage', `${option} takes one of ${words.join(', ')}, not "${text}"`);
}

function parse(argv: readonly string[], options: NonNullable<ParseArgsConfig['options']>) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message.split('. ')[0] : String(error);
    throw new CodedError('usage', message ?? 'bad command line');
  }
}
