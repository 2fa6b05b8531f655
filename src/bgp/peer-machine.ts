import { assertNever } from '../lib/assert-never.ts';
import { COLLISION_CEASE } from './fsm-end.ts';
import { awoken, canSpeak, dueTimer, type StepTime } from './fsm-timers.ts';
import { CEASE, ERROR_CODE, type Notification } from './notification.ts';
import { describeNotification, shutdownData } from './notification-text.ts';
import type { ConnectionKind, PeerInput, PeerOutput } from './peer-events.ts';
import { errorEvent, receive } from './peer-machine-receive.ts';
import { hasReached, isUnderWay, type PeerMachineSpec, type PeerState } from './peer-machine-state.ts';
import { begin, endOutput, feed, type Turn, withState } from './peer-machine-turn.ts';
import { NO_BACKOFF } from './reconnect.ts';

export type { StepTime } from './fsm-timers.ts';
export {
  attempts,
  negotiated,
  nextDeadlineMs,
  type PeerMachineSpec,
  type PeerState,
  retryAtMs,
  sessionState,
} from './peer-machine-state.ts';

type InputOf<Type extends PeerInput['type']> = Extract<PeerInput, { readonly type: Type }>;

const KINDS: readonly ConnectionKind[] = ['outgoing', 'incoming'];

/** A peer that is not started yet. */
export function createPeer(spec: PeerMachineSpec): PeerState {
  return {
    spec,
    isStarted: false,
    outgoing: undefined,
    incoming: undefined,
    retryAtMs: undefined,
    isPenalized: false,
    backoff: NO_BACKOFF,
    attempts: 0,
  };
}

/**
 * One peer: at most two connections with their FSMs (`fsm.ts`), and what is between them: start and stop, retries,
 * collisions. Pure: time and chance come in. It wants a `deadline` at `nextDeadlineMs`. Inputs for a connection that it
 * has closed are ignored.
 *
 * A further `connected` of an incoming connection that is there already: the older one is closed for it in the same step
 * where the peer has said nothing on it, for then it is dead; a speaker opens no second one otherwise. Where it is not
 * closed, the newcomer is not taken, and is the caller's to close.
 */
export function stepPeer(
  state: PeerState,
  input: PeerInput,
  at: StepTime,
): { readonly state: PeerState; readonly outputs: readonly PeerOutput[] } {
  const done = take({ state, outputs: [], at }, input);
  return { state: done.state, outputs: done.outputs };
}

function take(turn: Turn, input: PeerInput): Turn {
  switch (input.type) {
    case 'start':
      return start(turn);
    case 'stop':
      return stop(turn, input);
    case 'deadline':
      return passDeadlines(turn);
    case 'connected':
      return input.connection === 'outgoing' ? connectOutgoing(turn, input) : connectIncoming(turn, input);
    case 'lost': {
      const { reason, detail } = input;
      return feed(turn, input.connection, { name: 'TcpConnectionFails', reason, detail });
    }
    case 'received':
      return receive(turn, input.connection, input.message);
    case 'malformed': {
      const { notification, detail } = input;
      return feed(turn, input.connection, { name: errorEvent(notification), notification, detail });
    }
    case 'stalled':
      return setStalled(turn, input.connection, turn.at.nowMs);
    case 'drained':
      return setStalled(turn, input.connection, undefined);
    default:
      return assertNever(input);
  }
}

function start(turn: Turn): Turn {
  if (turn.state.isStarted) return turn;
  const started = withState(turn, { isStarted: true });
  return turn.state.spec.peer.isPassive ? started : begin(started, 'outgoing');
}

/** A connection that has sent its OPEN gets the Cease. One end is told, even where there were two connections. */
function stop(turn: Turn, { subcode, communication }: InputOf<'stop'>): Turn {
  const { spec, outgoing, incoming } = turn.state;
  const notification = ceaseOf(subcode, communication);
  const stopped = KINDS.reduce(
    (before, kind) => feed(before, kind, { name: 'ManualStop', notification }),
    turn,
  );
  const idle = withState(stopped, createPeer(spec));
  if (!hasReached(outgoing, 'OpenSent') && !hasReached(incoming, 'OpenSent')) return idle;
  const end = {
    reason: 'administrative',
    detail: describeNotification(notification),
    notification,
  } as const;
  const wasEstablished = hasReached(outgoing, 'Established') || hasReached(incoming, 'Established');
  return { ...idle, outputs: [...idle.outputs, endOutput(end, wasEstablished, turn.at.nowMs)] };
}

/** RFC 9003 §2: the text goes with the subcodes 2 and 4. */
function ceaseOf(errorSubcode: number, communication: string): Notification {
  const hasText = errorSubcode === CEASE.administrativeShutdown || errorSubcode === CEASE.administrativeReset;
  const data = hasText ? shutdownData(communication) : new Uint8Array();
  return { errorCode: ERROR_CODE.cease, errorSubcode, data };
}

function passDeadlines(turn: Turn): Turn {
  const passed = KINDS.reduce(passTimers, turn);
  const { spec, retryAtMs } = passed.state;
  if (retryAtMs === undefined || retryAtMs > turn.at.nowMs) return passed;
  const due = withState(passed, { retryAtMs: undefined, isPenalized: false });
  return isUnderWay(due.state) || spec.peer.isPassive ? due : begin(due, 'outgoing');
}

/** All timers of a connection that have run out, until it is over or none has. */
function passTimers(turn: Turn, kind: ConnectionKind): Turn {
  const connection = turn.state[kind];
  if (connection === undefined) return turn;
  const awake = awoken(connection, turn.at.nowMs);
  const before = awake === connection ? turn : withState(turn, { [kind]: awake });
  const name = dueTimer(awake, turn.at.nowMs);
  return name === undefined ? before : passTimers(feed(before, kind, { name }), kind);
}

function connectOutgoing(turn: Turn, { localAddress, remoteAddress }: InputOf<'connected'>): Turn {
  return feed(turn, 'outgoing', { name: 'Tcp_CR_Acked', localAddress, remoteAddress });
}

/**
 * The peer has connected. It is not taken where this peer is stopped or is to be left alone, nor beside a connection that
 * it could only lose to (RFC 4271 §6.8), or that the peer itself has opened and spoken on.
 */
function connectIncoming(turn: Turn, { localAddress, remoteAddress }: InputOf<'connected'>): Turn {
  const { isStarted, isPenalized, outgoing, incoming } = turn.state;
  if (!isStarted || isPenalized) return refuseIncoming(turn, undefined);
  if (hasReached(outgoing, 'Established')) return probe(refuseIncoming(turn, COLLISION_CEASE), 'outgoing');
  if (hasReached(incoming, 'OpenConfirm')) return probe(turn, 'incoming');
  const cleared = feed(turn, 'incoming', { name: 'OpenCollisionDump' });
  const begun = begin(cleared, 'incoming');
  return feed(begun, 'incoming', { name: 'TcpConnectionConfirmed', localAddress, remoteAddress });
}

/** Closes a connection that was not taken. Beside an older one of its kind, it is the caller's to close. */
function refuseIncoming(turn: Turn, notification: Notification | undefined): Turn {
  if (turn.state.incoming !== undefined) return turn;
  const outputs: PeerOutput[] = [];
  if (notification !== undefined) {
    const message = { type: 'notification', ...notification } as const;
    outputs.push({ type: 'send', connection: 'incoming', message });
  }
  outputs.push({ type: 'close', connection: 'incoming', isAbrupt: notification === undefined });
  return { ...turn, outputs: [...turn.outputs, ...outputs] };
}

/**
 * A peer that connects although it has a session may have lost that without our hearing of it: its host was down. Then
 * it answers whatever comes on the session with a reset, and need not wait for our HoldTimer.
 */
function probe(turn: Turn, kind: ConnectionKind): Turn {
  const connection = turn.state[kind];
  if (connection === undefined || !canSpeak(connection, turn.at.nowMs)) return turn;
  return feed(turn, kind, { name: 'KeepaliveTimer_Expires' });
}

/** Its beginning counts: a connection that stalls again and again without a pause has stalled once. */
function setStalled(turn: Turn, kind: ConnectionKind, sinceMs: number | undefined): Turn {
  const connection = turn.state[kind];
  if (connection === undefined) return turn;
  const stalledAtMs = sinceMs === undefined ? undefined : (connection.stalledAtMs ?? sinceMs);
  return withState(turn, { [kind]: { ...connection, stalledAtMs } });
}
