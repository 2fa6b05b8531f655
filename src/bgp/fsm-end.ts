import type { FsmMove } from './fsm.ts';
import type { FsmEvent } from './fsm-connection.ts';
import { CONNECT_TIMEOUT_MS, type Connection, LARGE_HOLD_MS } from './fsm-timers.ts';
import { CEASE, ERROR_CODE, FINITE_STATE_MACHINE_ERROR, type Notification } from './notification.ts';
import { describeNotification } from './notification-text.ts';
import type { SessionEndReason, SessionState } from './status.ts';

/** Why a connection is over. */
export interface FsmEnd {
  readonly reason: SessionEndReason;
  /** One line for people. */
  readonly detail: string;
  /** Sent or received. */
  readonly notification: Notification | undefined;
}

const NO_DATA = new Uint8Array();

export const COLLISION_CEASE: Notification = {
  errorCode: ERROR_CODE.cease,
  errorSubcode: CEASE.connectionCollisionResolution,
  data: NO_DATA,
};

/** What the peer is told at the end, if anything. */
export function notificationOf(
  move: FsmMove,
  event: FsmEvent,
  state: SessionState,
): Notification | undefined {
  switch (move) {
    case 'notify':
      return 'notification' in event ? event.notification : undefined;
    case 'expire':
      return { errorCode: ERROR_CODE.holdTimerExpired, errorSubcode: 0, data: NO_DATA };
    case 'protest':
      return {
        errorCode: ERROR_CODE.finiteStateMachine,
        errorSubcode: fsmSubcode(event, state),
        data: NO_DATA,
      };
    case 'yield':
      return COLLISION_CEASE;
    default:
      return undefined;
  }
}

/** RFC 6608 §3: messages that are out of place have a subcode for each state, all else is unspecified. */
function fsmSubcode(event: FsmEvent, state: SessionState): number {
  if (event.name.endsWith('Timer_Expires')) return FINITE_STATE_MACHINE_ERROR.unspecified;
  switch (state) {
    case 'OpenSent':
      return FINITE_STATE_MACHINE_ERROR.unexpectedInOpenSent;
    case 'OpenConfirm':
      return FINITE_STATE_MACHINE_ERROR.unexpectedInOpenConfirm;
    case 'Established':
      return FINITE_STATE_MACHINE_ERROR.unexpectedInEstablished;
    default:
      return FINITE_STATE_MACHINE_ERROR.unspecified;
  }
}

/** `sent`: the NOTIFICATION that went out. */
export function endOf(connection: Connection, event: FsmEvent, sent: Notification | undefined): FsmEnd {
  switch (event.name) {
    case 'ManualStop':
      return {
        reason: 'administrative',
        detail: describeNotification(event.notification),
        notification: sent,
      };
    case 'ConnectRetryTimer_Expires':
      return silent('connect-failed', `no answer within ${CONNECT_TIMEOUT_MS / 1_000} s`);
    case 'HoldTimer_Expires':
      return { reason: 'hold-timer-expired', detail: heardNothing(connection), notification: sent };
    case 'SendHoldTimer_Expires':
      return silent('send-hold-timer-expired', 'the peer takes nothing of what is sent (RFC 9687)');
    case 'TcpConnectionFails':
      return silent(event.reason, event.detail);
    case 'NotifMsg':
    case 'NotifMsgVerErr':
      return {
        reason: 'notification-received',
        detail: describeNotification(event.notification),
        notification: event.notification,
      };
    case 'OpenCollisionDump':
      return { reason: 'collision', detail: 'the other connection is kept', notification: sent };
    default:
      return { reason: 'notification-sent', detail: sentDetail(event, sent), notification: sent };
  }
}

function silent(reason: SessionEndReason, detail: string): FsmEnd {
  return { reason, detail, notification: undefined };
}

function heardNothing({ state, negotiated }: Connection): string {
  const holdSec = negotiated?.holdTimeSec ?? 0;
  if (state === 'OpenSent') return `no OPEN within ${LARGE_HOLD_MS / 1_000} s`;
  return `heard nothing for ${holdSec === 0 ? LARGE_HOLD_MS / 1_000 : holdSec} s`;
}

function sentDetail(event: FsmEvent, sent: Notification | undefined): string {
  const what = sent === undefined ? event.name : describeNotification(sent);
  return `${what}: ${'detail' in event ? event.detail : event.name}`;
}
