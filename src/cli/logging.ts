import type { AgentEvent } from '../agent/index.ts';
import { formatProblem, type Problem } from '../config/index.ts';
import { systemClock } from '../lib/system-clock.ts';
import {
  CertificateWatch,
  createLog,
  type Log,
  type LogFormat,
  type LogLevel,
  type LogLine,
  PeerWatch,
  toLine,
} from '../telemetry/index.ts';
import type { Io } from './io.ts';
import { type OptionSpec, oneOf, type ParsedOptions } from './options.ts';

export const LOG_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'log-format',
    value: 'FORMAT',
    about: 'human, json or logfmt (default: human on a terminal, else json)',
  },
  { name: 'log-level', value: 'LEVEL', about: 'debug, info, warn or error (default: info)' },
];

const FORMATS: readonly LogFormat[] = ['human', 'json', 'logfmt'];
const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** The log on standard output that the options and VPCAST_LOG_FORMAT, VPCAST_LOG_LEVEL ask for. */
export function openLog(io: Io, { values }: ParsedOptions): Log {
  const format = values['log-format'] ?? io.env.VPCAST_LOG_FORMAT ?? (io.isTerminal ? 'human' : 'json');
  const level = values['log-level'] ?? io.env.VPCAST_LOG_LEVEL ?? 'info';
  return createLog({
    format: oneOf(format, '--log-format', FORMATS),
    level: oneOf(level.toLowerCase(), '--log-level', LEVELS),
    isColored: io.isColored,
    write: (text) => io.out(text),
    wallNow: systemClock.wallNow,
  });
}

/** Where the agent's events go. A probe's line is not even made when nobody would see it. */
export function reporter(log: Log): (event: AgentEvent) => void {
  const isDebug = log.isOn('debug');
  const certificates = new CertificateWatch();
  const peers = new PeerWatch();
  return (event) => {
    const news = certificates.lineOf(event);
    if (news !== undefined) log.write(news);
    if (event.type === 'probe' && !isDebug) return;
    log.write(peers.quieten(event, toLine(event)));
  };
}

/** A warning of the configuration as a log line. */
export function problemLine(problem: Problem): LogLine {
  const { file, line, column, path, message } = problem;
  const facts = { file, line, column, path, message };
  return { level: 'warn', event: 'config-warning', message: formatProblem(problem), facts };
}

/** The log of a command whose result goes to standard output: on standard error, warnings and worse unless asked. */
export function openErrorLog(io: Io, { values }: ParsedOptions): Log {
  return createLog({
    format: oneOf(values['log-format'] ?? io.env.VPCAST_LOG_FORMAT ?? 'human', '--log-format', FORMATS),
    level: oneOf(
      (values['log-level'] ?? io.env.VPCAST_LOG_LEVEL ?? 'warn').toLowerCase(),
      '--log-level',
      LEVELS,
    ),
    isColored: io.isColored,
    write: (text) => io.err(text),
    wallNow: systemClock.wallNow,
  });
}
