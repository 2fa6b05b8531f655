import { least } from '../lib/least.ts';
import { type Connection, connectionDeadlineMs } from './fsm-timers.ts';
import type { ConnectionKind } from './peer-events.ts';
import type { Backoff } from './reconnect.ts';
import type { PeerSpec } from './spec.ts';
import type { Negotiated, SessionState } from './status.ts';

export interface PeerMachineSpec {
  readonly peer: PeerSpec;
  /** BGP Identifier, dotted. */
  readonly routerId: string;
  readonly localAsn: number;
}

/** All that is known of a peer's sessions. Times are monotonic ms. */
export interface PeerState {
  readonly spec: PeerMachineSpec;
  readonly isStarted: boolean;
  /** Undefined: there is none. */
  readonly outgoing: Connection | undefined;
  readonly incoming: Connection | undefined;
  /** When to dial again, or when a penalty is over; undefined: nothing is waited for. */
  readonly retryAtMs: number | undefined;
  /** Until `retryAtMs` the peer's own connections are refused too. */
  readonly isPenalized: boolean;
  readonly backoff: Backoff;
  readonly attempts: number;
}

/** How far a connection has come. */
const RANK: Readonly<Record<SessionState, number>> = {
  Idle: 0,
  Active: 1,
  Connect: 2,
  OpenSent: 3,
  OpenConfirm: 4,
  Established: 5,
};

export function otherOf(kind: ConnectionKind): ConnectionKind {
  return kind === 'outgoing' ? 'incoming' : 'outgoing';
}

/** It has come to this state or beyond. */
export function hasReached(connection: Connection | undefined, state: SessionState): boolean {
  return connection !== undefined && RANK[connection.state] >= RANK[state];
}

/**
 * Nobody needs to be dialled. A connection of the peer's own counts from its OPEN on: one on which nothing was said may be
 * dead, and would hold everything up for minutes.
 */
export function isUnderWay({ outgoing, incoming }: PeerState): boolean {
  return outgoing !== undefined || hasReached(incoming, 'OpenConfirm');
}

/**
 * The state of the most advanced connection. Without any: Active where a connection is waited for, Idle where nothing
 * is, and until the next attempt.
 */
export function sessionState(state: PeerState): SessionState {
  const connection = foremost(state);
  if (connection !== undefined) return connection.state;
  return state.isStarted && state.spec.peer.isPassive && !state.isPenalized ? 'Active' : 'Idle';
}

/** When the machine wants a `deadline`; undefined: it waits for an input. */
export function nextDeadlineMs({ outgoing, incoming, retryAtMs }: PeerState): number | undefined {
  return least([
    outgoing && connectionDeadlineMs(outgoing),
    incoming && connectionDeadlineMs(incoming),
    retryAtMs,
  ]);
}

/** When the next attempt is made. Undefined: one is under way, or none will be. */
export function retryAtMs(state: PeerState): number | undefined {
  return state.retryAtMs;
}

/** How many connections were begun, by either side, since the last Established or the start. */
export function attempts(state: PeerState): number {
  return state.attempts;
}

/** What was agreed on, from OpenConfirm on. */
export function negotiated(state: PeerState): Negotiated | undefined {
  return foremost(state)?.negotiated;
}

function foremost({ outgoing, incoming }: PeerState): Connection | undefined {
  if (outgoing === undefined || incoming === undefined) return outgoing ?? incoming;
  return RANK[incoming.state] > RANK[outgoing.state] ? incoming : outgoing;
}
