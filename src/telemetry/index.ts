/**
 * What the agent reports, made readable: log lines. It never changes what the agent does. Start reading at
 * `lines.ts`: one line of text for each event.
 */
export { type LogLevel, type LogLine, toLine } from './lines.ts';
export { createLog, type Log, type LogFormat, type LogOptions } from './log.ts';
