import { least } from '../lib/least.ts';
import type { ConnectionKind } from './peer-events.ts';
import type { Negotiated, SessionState } from './status.ts';

/** TCP sends a SYN at 0, 1, 3 and 7 s: that is enough to tell that nobody answers. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** The «large value» of RFC 4271 §8.2.2. */
export const LARGE_HOLD_MS = 240_000;

/** RFC 4271 §4.4. */
const LEAST_KEEPALIVE_MS = 1_000;

/**
 * RFC 9687 §6 would have 8 minutes at least, which spares a full table. Here it is the other way round: what can't be
 * sent is a withdrawal, and until it is the peer sends traffic to a service that does not work. So it is what the RFC has
 * for larger hold times (twice the time; §4.4 asks for more than the time), with room for a peer that is busy.
 */
const LEAST_SEND_HOLD_MS = 20_000;

/** A deadline that comes so much too late was slept through. */
const OVERSLEPT_MS = 1_000;

/** One TCP connection, or the attempt to have one. Times are monotonic ms; undefined: the timer does not run. */
export interface Connection {
  readonly kind: ConnectionKind;
  readonly state: SessionState;
  readonly connectRetryAtMs: number | undefined;
  readonly holdAtMs: number | undefined;
  readonly keepaliveAtMs: number | undefined;
  /** When the last KEEPALIVE was sent. */
  readonly spokeAtMs: number | undefined;
  /** Since when it takes nothing. */
  readonly stalledAtMs: number | undefined;
  /** Texts without zone; empty before TCP is there. */
  readonly localAddress: string;
  readonly remoteAddress: string;
  /** From OpenConfirm on. */
  readonly negotiated: Negotiated | undefined;
  readonly establishedAtMs: number | undefined;
}

/** Now, and what jitter is made of. */
export interface StepTime {
  /** Monotonic. */
  readonly nowMs: number;
  /** In [0, 1). */
  readonly jitter: number;
}

export type TimerEventName =
  | 'ConnectRetryTimer_Expires'
  | 'SendHoldTimer_Expires'
  | 'HoldTimer_Expires'
  | 'KeepaliveTimer_Expires';

export function idleConnection(kind: ConnectionKind): Connection {
  return {
    kind,
    state: 'Idle',
    connectRetryAtMs: undefined,
    holdAtMs: undefined,
    keepaliveAtMs: undefined,
    spokeAtMs: undefined,
    stalledAtMs: undefined,
    localAddress: '',
    remoteAddress: '',
    negotiated: undefined,
    establishedAtMs: undefined,
  };
}

/** The first timer that has run out. */
export function dueTimer(connection: Connection, nowMs: number): TimerEventName | undefined {
  const isDue = (atMs: number | undefined): boolean => atMs !== undefined && atMs <= nowMs;
  if (isDue(connection.connectRetryAtMs)) return 'ConnectRetryTimer_Expires';
  if (isDue(sendHoldAtMs(connection))) return 'SendHoldTimer_Expires';
  if (isDue(connection.holdAtMs)) return 'HoldTimer_Expires';
  if (isDue(connection.keepaliveAtMs)) return 'KeepaliveTimer_Expires';
  return undefined;
}

/** When the next timer runs out; undefined: none runs. */
export function connectionDeadlineMs(connection: Connection): number | undefined {
  const { connectRetryAtMs, holdAtMs, keepaliveAtMs } = connection;
  return least([connectRetryAtMs, holdAtMs, keepaliveAtMs, sendHoldAtMs(connection)]);
}

/**
 * A HoldTimer that is noticed long after it ran out was not watched: this process was stopped or busy, and what the peer
 * has sent meanwhile is still to be read. It gets a second for that.
 */
export function awoken(connection: Connection, nowMs: number): Connection {
  const { holdAtMs } = connection;
  const isOverslept = holdAtMs !== undefined && nowMs - holdAtMs >= OVERSLEPT_MS;
  return isOverslept ? { ...connection, holdAtMs: nowMs + OVERSLEPT_MS } : connection;
}

/** Something came: the HoldTimer begins anew, where one was agreed on (RFC 4271 §8.2.2). */
export function heard(connection: Connection, nowMs: number): Connection {
  const holdSec = connection.negotiated?.holdTimeSec ?? 0;
  return { ...connection, holdAtMs: holdSec === 0 ? undefined : nowMs + holdSec * 1_000 };
}

/** A KEEPALIVE was sent: each interval to the next is cut by up to a quarter, at random (RFC 4271 §10). */
export function spoken(connection: Connection, { nowMs, jitter }: StepTime): Connection {
  const intervalMs = (connection.negotiated?.keepaliveSec ?? 0) * 1_000 * (0.75 + 0.25 * jitter);
  const keepaliveAtMs = intervalMs === 0 ? undefined : nowMs + Math.max(intervalMs, LEAST_KEEPALIVE_MS);
  return { ...connection, keepaliveAtMs, spokeAtMs: nowMs };
}

/** A KEEPALIVE may be sent out of turn: not more than one a second (RFC 4271 §4.4). */
export function canSpeak({ spokeAtMs }: Connection, nowMs: number): boolean {
  return spokeAtMs === undefined || nowMs - spokeAtMs >= LEAST_KEEPALIVE_MS;
}

/** RFC 9687 §4.3: in Established only, and not where no hold time was agreed on. */
function sendHoldAtMs({ state, negotiated, stalledAtMs }: Connection): number | undefined {
  const holdMs = (negotiated?.holdTimeSec ?? 0) * 1_000;
  if (state !== 'Established' || holdMs === 0 || stalledAtMs === undefined) return undefined;
  return stalledAtMs + Math.max(2 * holdMs, LEAST_SEND_HOLD_MS);
}
