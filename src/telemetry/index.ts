/**
 * What the agent reports, made readable: log lines and metrics. It never changes what the agent does. Start reading at
 * `lines.ts`, one line of text for each event, and at `metrics.ts`, what is counted and what is read at a scrape.
 */
export { CertificateWatch } from './certificate-watch.ts';
export { toLine } from './lines.ts';
export { createLog, type Log, type LogFormat, type LogOptions } from './log.ts';
export type { LogLevel, LogLine } from './log-line.ts';
export { type Exposition, Metrics, type MetricsOptions } from './metrics.ts';
export { PeerWatch } from './peer-watch.ts';
export type { ProcessFacts } from './snapshot-gauges.ts';
