import type { AgentEvent } from '../agent/index.ts';
import { announcerLine } from './announcer-lines.ts';
import { flat, type LogLevel, type LogLine, ms } from './log-line.ts';

/** The line that an event is written as. */
export function toLine(event: AgentEvent): LogLine {
  const { type, ...facts } = event;
  const line = (level: LogLevel, message: string, more: Record<string, unknown> = flat(facts)): LogLine => ({
    level,
    event: type,
    message,
    facts: more,
  });
  switch (event.type) {
    case 'probe':
      return line('debug', `${event.check}: ${event.outcome.ok ? 'passed' : event.outcome.reason}`);
    case 'started':
      return line('info', `started with ${sizes(event)}`);
    case 'ready':
      return event.managed
        ? line('info', `interfaces and route tables are known after ${ms(event.sinceStartMs)}`)
        : line('info', `every check has settled after ${ms(event.sinceStartMs)}`);
    case 'stopping':
      return line(
        'info',
        `stopping (${event.why}); routes: ${event.onExit}${event.prefixes === undefined ? '' : `, prefixes: ${event.prefixes}`}`,
      );
    case 'stopped':
      return event.isClean
        ? line('info', `stopped after ${ms(event.tookMs)}`)
        : line('warn', `stopped after ${ms(event.tookMs)}, not everything could be finished in time`);
    case 'reloaded':
      return event.needsRestart
        ? line('warn', 'configuration reloaded; the changes under `aws` take effect at a restart only')
        : line('info', `configuration reloaded: ${sizes(event)}`);
    case 'reload-refused':
      return line('error', `configuration not reloaded, the old one stays in force: ${event.why}`);
    case 'health':
      return line(event.to === 'unhealthy' ? 'warn' : 'info', healthMessage(event));
    case 'remote-check':
      return line('info', `remote check ${event.check} ${event.change} (${event.destination})`);
    case 'tables':
      return event.isOk
        ? line('info', `group ${event.group}: ${event.tableIds.join(', ') || 'no route table (allowed)'}`)
        : line('error', `group ${event.group}: no route table matches its find (see no_results_ok)`);
    case 'duplicate-route':
      return line(
        'error',
        `${event.key} is in groups ${event.keptGroup} and ${event.group}: the first decides`,
      );
    case 'decision':
      return line(isNews(event) ? 'info' : 'debug', decisionMessage(event), decisionFacts(event));
    case 'owner-reclaimed':
      return event.count === 1
        ? line(
            'info',
            `${event.key}: ${event.holder} took it back; no takeover from it for ${ms(event.waitMs)}`,
          )
        : line('warn', reclaimMessage(event));
    case 'owner-conflict':
      return line(
        'error',
        `${event.key}: ${event.holder} keeps taking it, two owners are configured; holding for ${ms(event.waitMs)}`,
      );
    case 'route-changed':
      return line(
        'info',
        `${verb(event.action.kind)} ${event.action.key}${move(event.action)}: ${event.action.reason} (${ms(event.tookMs)})`,
        actionFacts(event.action, { tookMs: event.tookMs }),
      );
    case 'route-race':
      return line(
        'info',
        `${event.action.key}: another was faster (${event.failure.code}); reading again`,
        actionFacts(event.action, flat(event.failure)),
      );
    case 'route-failed':
      return line(
        'debug',
        `${event.action.kind} ${event.action.key} failed: ${event.failure.code}: ${event.failure.message}`,
        actionFacts(event.action, flat(event.failure)),
      );
    case 'hook':
      return event.failure === undefined
        ? line('info', `${event.hook} for ${event.subject} succeeded`)
        : line('error', `${event.hook} for ${event.subject} failed: ${event.failure}`);
    case 'api-failing':
      return line(event.failure.kind === 'throttled' ? 'warn' : 'error', apiMessage(event), {
        ...flat(event.failure),
        subject: event.subject,
      });
    case 'api-recovered':
      return line('info', `${event.api} works again after ${ms(event.forMs)} and ${event.failures} failures`);
    case 'throttled-by-us':
      return line(
        'warn',
        `${event.waiting} changes wait for the client's own rate limit (${ms(event.waitMs)})`,
      );
    case 'own-interface':
      return event.interfaceId === undefined
        ? line('error', `${event.instance}: ${event.why}: no route can be taken`)
        : line('info', `routes point at ${event.interfaceId} of ${event.instance}`);
    case 'source-dest-check':
      return event.state === 'disabled'
        ? line('info', `source/dest check of ${event.interfaceId} was on and is disabled now`)
        : line(
            'error',
            `source/dest check of ${event.interfaceId} is on: it drops traffic for routed addresses`,
          );
    case 'draining':
      return line('warn', `draining: ${event.signals.join(', ')}`);
    case 'drain-ended':
      return line('info', 'no longer draining');
    case 'crash':
      return line('error', `internal error in ${event.where}: ${String(event.error)}`, {
        where: event.where,
        stack: stackOf(event.error),
      });
    default:
      return announcerLine(event);
  }
}

type Of<T extends AgentEvent['type']> = Extract<AgentEvent, { readonly type: T }>;

function sizes({ checks, groups, prefixes }: Pick<Of<'started'>, 'checks' | 'groups' | 'prefixes'>): string {
  const tables = `${groups} groups of route tables`;
  return prefixes === 0
    ? `${checks} checks and ${tables}`
    : `${checks} checks, ${tables} and ${prefixes} prefixes`;
}

function healthMessage(event: Of<'health'>): string {
  const { check, destination, to, outcome } = event;
  const why = outcome.ok
    ? ''
    : ` (${outcome.reason}${outcome.detail === undefined ? '' : `: ${outcome.detail}`})`;
  return `check ${check}${destination === '' ? '' : ` of ${destination}`} is ${to}${why}`;
}

function reclaimMessage({ key, holder, count, waitMs }: Of<'owner-reclaimed'>): string {
  const doubt = `took it back ${count} times: it thinks itself healthy, and this agent does not reach it`;
  return `${key}: ${holder} ${doubt}; no takeover from it for ${ms(waitMs)}`;
}

/** Holding as before or holding quietly is not news; a hold for want of something is. */
function isNews(event: Of<'decision'>): boolean {
  return event.decision.verdict === 'hold' && event.previous !== undefined;
}

function decisionMessage(event: Of<'decision'>): string {
  const { key, decision, holder } = event;
  return `${key} held by ${holder ?? 'nobody'}: ${decision.verdict} (${decision.reason})`;
}

function decisionFacts(event: Of<'decision'>): Record<string, unknown> {
  const { key, group, decision, holder } = event;
  return { key, group, verdict: decision.verdict, reason: decision.reason, holder };
}

function actionFacts(
  action: Of<'route-changed'>['action'],
  more: Record<string, unknown>,
): Record<string, unknown> {
  const { key, tableId, kind, reason, from, to } = action;
  return { key, tableId, action: kind, reason, from: from?.id, to: to?.id, ...more };
}

function apiMessage(event: Of<'api-failing'>): string {
  const { failure, subject } = event;
  const what = subject ?? failure.api;
  if (failure.kind === 'unauthorized') {
    return `${what}: not authorized: allow ec2:${failure.api} in this instance's role (${failure.message})`;
  }
  return `${what} fails: ${failure.code}: ${failure.message}; routes stay as they are, trying again`;
}

function verb(kind: 'create' | 'replace' | 'delete'): string {
  return `${kind}d`;
}

function move(action: Of<'route-changed'>['action']): string {
  const from = action.from === undefined ? '' : ` from ${action.from.id}`;
  return `${from}${action.to === undefined ? '' : ` to ${action.to.id}`}`;
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
