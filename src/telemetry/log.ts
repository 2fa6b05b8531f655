import type { LogLevel, LogLine } from './log-line.ts';

export type LogFormat = 'human' | 'json' | 'logfmt';

export interface LogOptions {
  readonly format: LogFormat;
  readonly level: LogLevel;
  readonly isColored: boolean;
  /** Takes whole lines, newline included. Must not throw: a log that can't be written stops nothing. */
  write(text: string): void;
  wallNow(): number;
}

/** Writes lines at or above the level in the format. */
export interface Log {
  isOn(level: LogLevel): boolean;
  write(line: LogLine): void;
}

const RANKS: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warn: 40, error: 50 };
const COLORS: Readonly<Record<LogLevel, string>> = { debug: '90', info: '32', warn: '33', error: '31' };

export function createLog(options: LogOptions): Log {
  const isOn = (level: LogLevel): boolean => RANKS[level] >= RANKS[options.level];
  const write = (line: LogLine): void => options.write(`${format(line, options)}\n`);
  return { isOn, write: (line) => isOn(line.level) && write(line) };
}

function format(line: LogLine, options: LogOptions): string {
  const at = new Date(options.wallNow());
  switch (options.format) {
    case 'json':
      return json(line, at);
    case 'logfmt':
      return logfmt(line, at);
    case 'human':
      return human(line, at, options.isColored);
  }
}

/** One JSON object. What an error carried may be no JSON (a cycle): the line is written without its facts then. */
function json({ level, event, message, facts }: LogLine, at: Date): string {
  const time = at.toISOString();
  try {
    return JSON.stringify({ level, time, event, ...facts, msg: message });
  } catch (error) {
    return JSON.stringify({ level, time, event, unwritable: String(error), msg: message });
  }
}

function human(line: LogLine, at: Date, isColored: boolean): string {
  const time = at.toISOString().slice(11, 23);
  const level = line.level.toUpperCase().padEnd(5);
  const shown = isColored ? `\u001b[${COLORS[line.level]}m${level}\u001b[0m` : level;
  const stack = typeof line.facts.stack === 'string' ? `\n${line.facts.stack}` : '';
  return `${time} ${shown} ${printable(line.message)}${stack}`;
}

function logfmt(line: LogLine, at: Date): string {
  const fields = {
    time: at.toISOString(),
    level: line.level,
    event: line.event,
    msg: line.message,
    ...line.facts,
  };
  const pairs = Object.entries(fields).filter(([, value]) => value !== undefined);
  return pairs.map(([key, value]) => `${key}=${quote(value)}`).join(' ');
}

function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

/** What a peer sent must not move the operator's cursor or forge a line. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (char) => JSON.stringify(char).slice(1, -1));
}
