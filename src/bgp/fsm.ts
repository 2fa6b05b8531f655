import type { SessionState } from './status.ts';

/**
 * Inputs of the FSM by their names and numbers in RFC 4271 §8.1, 29 of RFC 9687 §4.2; the last two are RFC 2918's, which
 * came without any. What optional attributes bring along (DelayOpen, damping, automatic start and stop) is not there:
 * peers are started and stopped by hand, and the waits between attempts are the peer machine's (`reconnect.ts`).
 */
export type FsmEventName =
  /** 1 */
  | 'ManualStart'
  /** 2 */
  | 'ManualStop'
  /** 4 */
  | 'ManualStart_with_PassiveTcpEstablishment'
  /** 9 */
  | 'ConnectRetryTimer_Expires'
  /** 10 */
  | 'HoldTimer_Expires'
  /** 11 */
  | 'KeepaliveTimer_Expires'
  /** 16: the connection that was dialled is there. */
  | 'Tcp_CR_Acked'
  /** 17: one that the peer has opened. */
  | 'TcpConnectionConfirmed'
  /** 18 */
  | 'TcpConnectionFails'
  /** 19 */
  | 'BGPOpen'
  /** 21 */
  | 'BGPHeaderErr'
  /** 22 */
  | 'BGPOpenMsgErr'
  /** 23 */
  | 'OpenCollisionDump'
  /** 24 */
  | 'NotifMsgVerErr'
  /** 25 */
  | 'NotifMsg'
  /** 26 */
  | 'KeepAliveMsg'
  /** 27 */
  | 'UpdateMsg'
  /** 28 */
  | 'UpdateMsgErr'
  /** 29 */
  | 'SendHoldTimer_Expires'
  | 'RouteRefreshMsg'
  | 'RouteRefreshMsgErr';

/** What a connection does in answer to an event. All from `notify` on lead to Idle. */
export type FsmMove =
  | 'ignore'
  /** To Connect, with the ConnectRetryTimer. */
  | 'dial'
  /** To Active. */
  | 'listen'
  /** OPEN; to OpenSent, with a large HoldTimer. */
  | 'open'
  /** KEEPALIVE; to OpenConfirm, with the timers that were agreed on. */
  | 'confirm'
  /** To Established. */
  | 'establish'
  /** The HoldTimer begins anew. */
  | 'hear'
  /** KEEPALIVE; the KeepaliveTimer begins anew. */
  | 'speak'
  /** The peer's wish for all routes is passed on. */
  | 'refresh'
  /** The event's own NOTIFICATION, then the end. */
  | 'notify'
  /** NOTIFICATION 4/0, then the end. */
  | 'expire'
  /** NOTIFICATION 5/0 to 5/3 (RFC 6608), then the end. */
  | 'protest'
  /** NOTIFICATION 6/7, then the end. */
  | 'yield'
  /** TCP is closed without a NOTIFICATION. */
  | 'close'
  /** TCP is dropped at once, with what was still to be sent. */
  | 'abort'
  /** There is no TCP connection (any more). */
  | 'vanish';

type Row = Readonly<Record<SessionState, FsmMove>>;

/** Six columns, one for each state, in the order of RFC 4271 §8.2.2. */
function row(...moves: readonly [FsmMove, FsmMove, FsmMove, FsmMove, FsmMove, FsmMove]): Row {
  const [Idle, Connect, Active, OpenSent, OpenConfirm, Established] = moves;
  return { Idle, Connect, Active, OpenSent, OpenConfirm, Established };
}

/**
 * RFC 4271 §8.2.2 of one connection. A connection that is over is in Idle and stays there: what the RFC does next (wait,
 * dial again, listen on) is the peer machine's, because it depends on why it ended and on the peer's other connection.
 * Where it differs from the RFC's own text:
 *
 * - Connect × ConnectRetryTimer_Expires gives up and waits, instead of dialling again at once.
 * - Active × ConnectRetryTimer_Expires: that timer never runs there, since only passive peers are in Active.
 * - OpenSent × TcpConnectionFails goes to Idle, not to Active.
 * - OpenSent × NotifMsg: no NOTIFICATION is ever answered by one (§6.4), where §8.2.2 would send 5/0.
 * - Established × BGPHeaderErr says what was wrong (§6.1 MUST), where §8.2.2 would send 5/3.
 * - OpenConfirm × BGPOpen: a second OPEN on one connection is no collision but out of place (RFC 6608 §3).
 */
// biome-ignore format: read in columns
const TABLE: Readonly<Record<FsmEventName, Row>> = {
  //                                            Idle      Connect   Active    OpenSent   OpenConfirm  Established
  ManualStart:                              row('dial',   'ignore', 'ignore', 'ignore',  'ignore',    'ignore'),
  ManualStart_with_PassiveTcpEstablishment: row('listen', 'ignore', 'ignore', 'ignore',  'ignore',    'ignore'),
  ManualStop:                               row('ignore', 'abort',  'vanish', 'notify',  'notify',    'notify'),
  ConnectRetryTimer_Expires:                row('ignore', 'abort',  'ignore', 'protest', 'protest',   'protest'),
  HoldTimer_Expires:                        row('ignore', 'abort',  'vanish', 'expire',  'expire',    'expire'),
  KeepaliveTimer_Expires:                   row('ignore', 'abort',  'vanish', 'protest', 'speak',     'speak'),
  SendHoldTimer_Expires:                    row('ignore', 'abort',  'vanish', 'protest', 'protest',   'abort'),
  Tcp_CR_Acked:                             row('ignore', 'open',   'open',   'ignore',  'ignore',    'ignore'),
  TcpConnectionConfirmed:                   row('ignore', 'open',   'open',   'ignore',  'ignore',    'ignore'),
  TcpConnectionFails:                       row('ignore', 'vanish', 'vanish', 'vanish',  'vanish',    'vanish'),
  BGPOpen:                                  row('ignore', 'abort',  'vanish', 'confirm', 'protest',   'protest'),
  BGPHeaderErr:                             row('ignore', 'abort',  'vanish', 'notify',  'notify',    'notify'),
  BGPOpenMsgErr:                            row('ignore', 'abort',  'vanish', 'notify',  'notify',    'protest'),
  OpenCollisionDump:                        row('ignore', 'abort',  'vanish', 'yield',   'yield',     'yield'),
  NotifMsgVerErr:                           row('ignore', 'abort',  'vanish', 'close',   'close',     'close'),
  NotifMsg:                                 row('ignore', 'abort',  'vanish', 'close',   'close',     'close'),
  KeepAliveMsg:                             row('ignore', 'abort',  'vanish', 'protest', 'establish', 'hear'),
  UpdateMsg:                                row('ignore', 'abort',  'vanish', 'protest', 'protest',   'hear'),
  UpdateMsgErr:                             row('ignore', 'abort',  'vanish', 'protest', 'protest',   'notify'),
  RouteRefreshMsg:                          row('ignore', 'abort',  'vanish', 'protest', 'protest',   'refresh'),
  RouteRefreshMsgErr:                       row('ignore', 'abort',  'vanish', 'protest', 'protest',   'notify'),
};

/** The cell of the table. */
export function moveOf(state: SessionState, event: FsmEventName): FsmMove {
  return TABLE[event][state];
}
