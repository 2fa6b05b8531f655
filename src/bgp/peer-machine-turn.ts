import { type FsmEvent, stepConnection } from './fsm-connection.ts';
import type { FsmEnd } from './fsm-end.ts';
import { type Connection, idleConnection, type StepTime } from './fsm-timers.ts';
import { CEASE, ERROR_CODE } from './notification.ts';
import type { ConnectionKind, PeerOutput } from './peer-events.ts';
import { hasReached, isUnderWay, otherOf, type PeerState } from './peer-machine-state.ts';
import { waitAfter } from './reconnect.ts';

/** One step of the machine while it is being worked out. */
export interface Turn {
  readonly state: PeerState;
  readonly outputs: readonly PeerOutput[];
  readonly at: StepTime;
}

/** A connection that is over: as it was, and why. */
interface Ended {
  readonly connection: Connection;
  readonly end: FsmEnd;
}

export function withState(turn: Turn, change: Partial<PeerState>): Turn {
  return { ...turn, state: { ...turn.state, ...change } };
}

/** An attempt begins: dialled, or accepted from the peer. */
export function begin(turn: Turn, kind: ConnectionKind): Turn {
  const begun = withState(turn, { [kind]: idleConnection(kind), attempts: turn.state.attempts + 1 });
  const name = kind === 'outgoing' ? 'ManualStart' : 'ManualStart_with_PassiveTcpEstablishment';
  return feed(begun, kind, { name });
}

/** Gives an event to a connection, and does what follows for the peer. */
export function feed(turn: Turn, kind: ConnectionKind, event: FsmEvent): Turn {
  const connection = turn.state[kind];
  if (connection === undefined) return turn;
  const { state, at } = turn;
  const step = stepConnection(connection, event, { spec: state.spec, ...at });
  const isOver = step.connection.state === 'Idle';
  const stepped = withState(
    { ...turn, outputs: [...turn.outputs, ...step.outputs] },
    { [kind]: isOver ? undefined : step.connection },
  );
  if (step.end !== undefined) return settle(stepped, { connection, end: step.end });
  return step.connection.state === connection.state ? stepped : advance(stepped, step.connection);
}

/** A connection has come to another state. */
function advance(turn: Turn, { kind, state }: Connection): Turn {
  switch (state) {
    case 'OpenConfirm':
      // The peer is there, so nobody needs to be dialled. If this comes to nothing, a new wait begins.
      return withState(turn, { retryAtMs: undefined, isPenalized: false });
    case 'Established':
      // RFC 4271 §6.8: an Established connection is kept, whatever the other would come to.
      return feed(withState(turn, { attempts: 0, retryAtMs: undefined, isPenalized: false }), otherOf(kind), {
        name: 'OpenCollisionDump',
      });
    default:
      return turn;
  }
}

/** Tells of an end where it is one for the peer, and sets the next attempt. */
function settle(turn: Turn, ended: Ended): Turn {
  const { connection, end } = ended;
  // Ended on purpose, or for another connection: nothing has failed.
  if (end.reason === 'administrative' || end.reason === 'collision') return turn;
  const told = isLoss(turn.state, ended) ? turn : tell(turn, ended);
  const { state, at } = told;
  const wait = waitAfter({
    end,
    lastedMs: connection.establishedAtMs === undefined ? undefined : at.nowMs - connection.establishedAtMs,
    backoff: state.backoff,
    connectRetryMs: state.spec.peer.connectRetryMs,
    jitter: at.jitter,
  });
  const retryAtMs = at.nowMs + wait.delayMs;
  if (wait.isPenalty) return withState(told, { retryAtMs, isPenalized: true, backoff: wait.backoff });
  return needsRetry(state) ? withState(told, { retryAtMs, backoff: wait.backoff }) : told;
}

/**
 * It was the lesser of two connections: the other goes on, so nothing has ended. Peers close theirs with a Cease/7, or
 * just so.
 */
function isLoss({ outgoing, incoming }: PeerState, { end }: Ended): boolean {
  const isOtherAlive = hasReached(outgoing, 'OpenSent') || hasReached(incoming, 'OpenSent');
  const { errorCode, errorSubcode } = end.notification ?? {};
  const isCollisionCease =
    errorCode === ERROR_CODE.cease && errorSubcode === CEASE.connectionCollisionResolution;
  return (
    isOtherAlive && (isCollisionCease || end.reason === 'connection-lost' || end.reason === 'connect-failed')
  );
}

function tell(turn: Turn, { connection, end }: Ended): Turn {
  return {
    ...turn,
    outputs: [...turn.outputs, endOutput(end, connection.state === 'Established', turn.at.nowMs)],
  };
}

export function endOutput(end: FsmEnd, wasEstablished: boolean, atMs: number): PeerOutput {
  const { reason, detail, notification } = end;
  const { errorCode, errorSubcode } = notification ?? {};
  return { type: 'ended', end: { reason, detail, errorCode, errorSubcode, atMs }, wasEstablished };
}

/** The peer is to be dialled again: nothing is under way or set. */
function needsRetry(state: PeerState): boolean {
  return state.isStarted && !state.spec.peer.isPassive && state.retryAtMs === undefined && !isUnderWay(state);
}
