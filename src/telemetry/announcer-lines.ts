import type { AgentEvent } from '../agent/index.ts';
import type { AnnouncerEvent } from '../announce/index.ts';
import { assertNever } from '../lib/assert-never.ts';
import { flat, type LogLevel, type LogLine, ms } from './log-line.ts';

type Of<T extends AgentEvent['type']> = Extract<AgentEvent, { readonly type: T }>;

/** What there is to say of prefixes, and of the backend that announces them. */
export type AnnouncerNews = Of<Exclude<AnnouncerEvent['type'], 'crash'> | 'announcement'>;

export function announcerLine(event: AnnouncerNews): LogLine {
  const { type, ...facts } = event;
  const line = (level: LogLevel, message: string): LogLine => ({
    level,
    event: type,
    message,
    facts: flat(facts),
  });
  switch (event.type) {
    case 'announcement':
      return line(announcementLevel(event), announcementMessage(event));
    case 'peer-state':
      return line(peerLevel(event), peerMessage(event));
    case 'prefix-withheld':
      return line('warn', `peer ${event.peer} can't be sent ${event.prefix}: ${event.why}`);
    case 'service-address':
      return line(event.change === 'failed' ? 'error' : 'info', addressMessage(event));
    case 'bgp-listener':
      return event.failure === undefined
        ? line('info', `peers may connect to ${event.address}`)
        : line('error', `peers can't connect to ${event.address}: ${event.failure}; trying again`);
    case 'bgp-connection-refused':
      return line('warn', refusalMessage(event));
    default:
      return assertNever(event);
  }
}

/** A withdrawal that nobody asked for is the one to look at; staying as it is for another reason is no news. */
function announcementLevel(event: Of<'announcement'>): LogLevel {
  const { reason, previous, wasAnnounced, isAnnounced } = event;
  if (wasAnnounced && !isAnnounced) return reason === 'removed' || reason === 'stopping' ? 'info' : 'warn';
  if (!wasAnnounced && !isAnnounced) return reason === 'unhealthy' ? 'info' : 'debug';
  return !wasAnnounced || reason === 'draining' || reason === previous ? 'info' : 'debug';
}

function announcementMessage(event: Of<'announcement'>): string {
  const { prefix, reason, previous, wasAnnounced, isAnnounced } = event;
  if (isAnnounced && !wasAnnounced) return `announcing ${prefix}: ${reason}`;
  if (wasAnnounced && !isAnnounced) return `withdrawing ${prefix}: ${reason}`;
  if (!isAnnounced) return `${prefix} is not announced: ${reason}`;
  return reason === previous
    ? `announcing ${prefix} with other attributes: ${reason}`
    : `${prefix} stays announced: ${reason}`;
}

/** An attempt that failed is a warning; see `PeerWatch` for those that follow it. */
function peerLevel({ from, to, end }: Of<'peer-state'>): LogLevel {
  if (to === 'Established') return 'info';
  if (end === undefined) return 'debug';
  return from !== 'Established' && end.reason === 'collision' ? 'debug' : endLevel(end.reason);
}

function endLevel(reason: NonNullable<Of<'peer-state'>['end']>['reason']): LogLevel {
  return reason === 'administrative' ? 'info' : 'warn';
}

function peerMessage({ peer, address, from, to, end, retryInMs }: Of<'peer-state'>): string {
  const name = peer === address ? `peer ${peer}` : `peer ${peer} (${address})`;
  if (to === 'Established') return `${name}: session established`;
  if (end === undefined) return `${name}: ${from} → ${to}`;
  const what = from === 'Established' ? 'session lost' : 'no session';
  const next = retryInMs === undefined ? '' : `; next attempt in ${ms(retryInMs)}`;
  return `${name}: ${end.reason === 'administrative' ? 'session ended' : what}: ${end.detail}${next}`;
}

function addressMessage({ address, interface: name, change, why }: Of<'service-address'>): string {
  switch (change) {
    case 'added':
      return `${address} added to ${name}`;
    case 'removed':
      return `${address} removed from ${name}`;
    case 'found':
      return `${address} is on ${name} already, and is left alone`;
    case 'failed':
      return `${address} on ${name}: ${why ?? 'failed'}`;
  }
}

function refusalMessage({ address, why, count }: Of<'bgp-connection-refused'>): string {
  return `${count === 1 ? 'a connection' : `${count} connections`} from ${address} refused: ${why}`;
}
