import { assertNever } from '../lib/assert-never.ts';
import { type FsmEventName, type FsmMove, moveOf } from './fsm.ts';
import { endOf, type FsmEnd, notificationOf } from './fsm-end.ts';
import {
  CONNECT_TIMEOUT_MS,
  type Connection,
  heard,
  idleConnection,
  LARGE_HOLD_MS,
  type StepTime,
  spoken,
} from './fsm-timers.ts';
import type { BgpMessage } from './message.ts';
import type { Notification } from './notification.ts';
import { ownOpen } from './own-open.ts';
import type { ConnectionKind, PeerOutput } from './peer-events.ts';
import type { PeerMachineSpec } from './peer-machine-state.ts';
import type { Negotiated } from './status.ts';

/** An input of the FSM with what belongs to it. */
export type FsmEvent = { readonly name: Exclude<FsmEventName, EventWithFacts['name']> } | EventWithFacts;

/** What the decoder or the check of an OPEN found wrong. */
export type FsmErrorName = 'BGPHeaderErr' | 'BGPOpenMsgErr' | 'UpdateMsgErr' | 'RouteRefreshMsgErr';

type EventWithFacts =
  | { readonly name: 'ManualStop'; readonly notification: Notification }
  | {
      readonly name: 'Tcp_CR_Acked' | 'TcpConnectionConfirmed';
      readonly localAddress: string;
      readonly remoteAddress: string;
    }
  | {
      readonly name: 'TcpConnectionFails';
      readonly reason: 'connect-failed' | 'connection-lost' | 'not-supported';
      readonly detail: string;
    }
  /** Undefined where an OPEN is out of place. */
  | { readonly name: 'BGPOpen'; readonly negotiated: Negotiated | undefined }
  | { readonly name: FsmErrorName; readonly notification: Notification; readonly detail: string }
  | { readonly name: 'NotifMsg' | 'NotifMsgVerErr'; readonly notification: Notification }
  | { readonly name: 'RouteRefreshMsg'; readonly afi: number };

/** What a step needs to know beside the connection. */
export interface FsmSurroundings extends StepTime {
  readonly spec: PeerMachineSpec;
}

export interface FsmStep {
  /** In Idle when it is over. */
  readonly connection: Connection;
  readonly outputs: readonly PeerOutput[];
  /** Why it is over. */
  readonly end: FsmEnd | undefined;
}

/** RFC 4271 §8.2.2, for one connection: its state, what is to be done, and why it is over where it is. */
export function stepConnection(connection: Connection, event: FsmEvent, around: FsmSurroundings): FsmStep {
  const move = moveOf(connection.state, event.name);
  const known = { ...connection, ...factsOf(event) };
  switch (move) {
    case 'ignore':
      return went(connection);
    case 'dial':
      return dial(known, around);
    case 'listen':
      return went({ ...known, state: 'Active' });
    case 'open':
      return open(known, around);
    case 'confirm':
      return went(confirmed(known, around), sending(known.kind, { type: 'keepalive' }));
    case 'establish':
      return establish(known, around);
    case 'hear':
      return went(heard(known, around.nowMs));
    case 'speak':
      return went(spoken(known, around), sending(known.kind, { type: 'keepalive' }));
    case 'refresh':
      return event.name === 'RouteRefreshMsg'
        ? went(known, { type: 'refresh', afi: event.afi })
        : went(known);
    case 'notify':
    case 'expire':
    case 'protest':
    case 'yield':
    case 'close':
    case 'abort':
    case 'vanish':
      return finish(connection, event, move);
    default:
      return assertNever(move);
  }
}

/** What an event tells of the connection itself. */
function factsOf(event: FsmEvent): Partial<Connection> {
  switch (event.name) {
    case 'Tcp_CR_Acked':
    case 'TcpConnectionConfirmed':
      return { localAddress: event.localAddress, remoteAddress: event.remoteAddress };
    case 'BGPOpen':
      return { negotiated: event.negotiated };
    default:
      return {};
  }
}

function dial(connection: Connection, { nowMs }: FsmSurroundings): FsmStep {
  const connectRetryAtMs = nowMs + CONNECT_TIMEOUT_MS;
  return went({ ...connection, state: 'Connect', connectRetryAtMs }, { type: 'dial' });
}

function open(connection: Connection, around: FsmSurroundings): FsmStep {
  const timers = { connectRetryAtMs: undefined, holdAtMs: around.nowMs + LARGE_HOLD_MS };
  return went(
    { ...connection, state: 'OpenSent', ...timers },
    sending(connection.kind, ownOpen(around.spec)),
  );
}

/**
 * Where no hold time was agreed on, RFC 4271 runs no HoldTimer, and would wait for ever for the KEEPALIVE that answers
 * an OPEN. Here the large one runs on until it is there.
 */
function confirmed(connection: Connection, around: FsmSurroundings): Connection {
  const next: Connection = { ...spoken(connection, around), state: 'OpenConfirm' };
  const isHeld = connection.negotiated !== undefined && connection.negotiated.holdTimeSec > 0;
  return isHeld ? heard(next, around.nowMs) : { ...next, holdAtMs: around.nowMs + LARGE_HOLD_MS };
}

function establish(connection: Connection, { nowMs }: FsmSurroundings): FsmStep {
  const next = heard({ ...connection, state: 'Established', establishedAtMs: nowMs }, nowMs);
  if (next.negotiated === undefined) return went(next);
  return went(next, { type: 'established', connection: next.kind, negotiated: next.negotiated });
}

function finish(connection: Connection, event: FsmEvent, move: FsmMove): FsmStep {
  const { kind, state } = connection;
  const notification = notificationOf(move, event, state);
  const outputs: PeerOutput[] = [];
  if (notification !== undefined) outputs.push(sending(kind, { type: 'notification', ...notification }));
  if (move !== 'vanish') outputs.push({ type: 'close', connection: kind, isAbrupt: move === 'abort' });
  return { connection: idleConnection(kind), outputs, end: endOf(connection, event, notification) };
}

function sending(connection: ConnectionKind, message: BgpMessage): PeerOutput {
  return { type: 'send', connection, message };
}

function went(connection: Connection, ...outputs: readonly PeerOutput[]): FsmStep {
  return { connection, outputs, end: undefined };
}
