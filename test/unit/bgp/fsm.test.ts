import { describe, expect, it } from 'vitest';
import type { FsmEventName } from '../../../src/bgp/fsm.ts';
import { type FsmEvent, type FsmStep, stepConnection } from '../../../src/bgp/fsm-connection.ts';
import { awoken, type Connection, dueTimer, idleConnection } from '../../../src/bgp/fsm-timers.ts';
import type { BgpMessage } from '../../../src/bgp/message.ts';
import type { PeerOutput } from '../../../src/bgp/peer-events.ts';
import type { Negotiated, SessionState } from '../../../src/bgp/status.ts';
import { machineSpec } from './machine-fixture.ts';

const NOW_MS = 100_000;
/** Half-way between the shortest and the longest keepalive interval. */
const JITTER = 0.5;

const STATES = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'] as const;

/**
 * RFC 4271 §8.2.2, RFC 9687 §4.3, RFC 2918: a row for each event, a column for each state. A cell says the next state,
 * what is sent (a NOTIFICATION by its code and subcode) or done, and which timers then run for how many seconds: C(onnect
 * retry), H(old), K(eepalive). `·`: nothing changes.
 */
// biome-ignore format: read in columns
const TABLE: Readonly<Record<FsmEventName, readonly string[]>> = {
  ManualStart:                              ['Connect dial C10', '·', '·', '·', '·', '·'],
  ManualStart_with_PassiveTcpEstablishment: ['Active', '·', '·', '·', '·', '·'],
  ManualStop:                               ['·', 'Idle abort', 'Idle', 'Idle 6/2 close', 'Idle 6/2 close', 'Idle 6/2 close'],
  ConnectRetryTimer_Expires:                ['·', 'Idle abort', '·', 'Idle 5/0 close', 'Idle 5/0 close', 'Idle 5/0 close'],
  HoldTimer_Expires:                        ['·', 'Idle abort', 'Idle', 'Idle 4/0 close', 'Idle 4/0 close', 'Idle 4/0 close'],
  KeepaliveTimer_Expires:                   ['·', 'Idle abort', 'Idle', 'Idle 5/0 close', 'OpenConfirm keepalive H5 K2.625', 'Established keepalive H5 K2.625'],
  SendHoldTimer_Expires:                    ['·', 'Idle abort', 'Idle', 'Idle 5/0 close', 'Idle 5/0 close', 'Idle abort'],
  Tcp_CR_Acked:                             ['·', 'OpenSent open H240', 'OpenSent open H240', '·', '·', '·'],
  TcpConnectionConfirmed:                   ['·', 'OpenSent open H240', 'OpenSent open H240', '·', '·', '·'],
  TcpConnectionFails:                       ['·', 'Idle', 'Idle', 'Idle', 'Idle', 'Idle'],
  BGPOpen:                                  ['·', 'Idle abort', 'Idle', 'OpenConfirm keepalive H9 K2.625', 'Idle 5/2 close', 'Idle 5/3 close'],
  BGPHeaderErr:                             ['·', 'Idle abort', 'Idle', 'Idle 1/3 close', 'Idle 1/3 close', 'Idle 1/3 close'],
  BGPOpenMsgErr:                            ['·', 'Idle abort', 'Idle', 'Idle 2/2 close', 'Idle 2/2 close', 'Idle 5/3 close'],
  OpenCollisionDump:                        ['·', 'Idle abort', 'Idle', 'Idle 6/7 close', 'Idle 6/7 close', 'Idle 6/7 close'],
  NotifMsgVerErr:                           ['·', 'Idle abort', 'Idle', 'Idle close', 'Idle close', 'Idle close'],
  NotifMsg:                                 ['·', 'Idle abort', 'Idle', 'Idle close', 'Idle close', 'Idle close'],
  KeepAliveMsg:                             ['·', 'Idle abort', 'Idle', 'Idle 5/1 close', 'Established established H9 K2', 'Established H9 K2'],
  UpdateMsg:                                ['·', 'Idle abort', 'Idle', 'Idle 5/1 close', 'Idle 5/2 close', 'Established H9 K2'],
  UpdateMsgErr:                             ['·', 'Idle abort', 'Idle', 'Idle 5/1 close', 'Idle 5/2 close', 'Idle 3/1 close'],
  RouteRefreshMsg:                          ['·', 'Idle abort', 'Idle', 'Idle 5/1 close', 'Idle 5/2 close', 'Established refresh H5 K2'],
  RouteRefreshMsgErr:                       ['·', 'Idle abort', 'Idle', 'Idle 5/1 close', 'Idle 5/2 close', 'Idle 7/1 close'],
};

const SPEC = machineSpec();

const NEGOTIATED: Negotiated = {
  holdTimeSec: 9,
  keepaliveSec: 3,
  remoteId: '10.0.0.2',
  families: ['ipv4'],
  isFourOctetAs: true,
  hasRouteRefresh: true,
  hasExtendedNextHop: false,
  localAddress: '192.0.2.1',
  remoteAddress: '192.0.2.2',
};

const idle = idleConnection('outgoing');
const CONNECTIONS: Readonly<Record<SessionState, Connection>> = {
  Idle: idle,
  Connect: { ...idle, state: 'Connect', connectRetryAtMs: NOW_MS + 4_000 },
  Active: { ...idle, state: 'Active' },
  OpenSent: { ...idle, state: 'OpenSent', holdAtMs: NOW_MS + 200_000 },
  OpenConfirm: confirmed('OpenConfirm', NEGOTIATED),
  Established: { ...confirmed('Established', NEGOTIATED), establishedAtMs: NOW_MS - 60_000 },
};

function confirmed(state: SessionState, negotiated: Negotiated): Connection {
  return { ...idle, state, negotiated, holdAtMs: NOW_MS + 5_000, keepaliveAtMs: NOW_MS + 2_000 };
}

function notification(errorCode: number, errorSubcode: number) {
  return { errorCode, errorSubcode, data: new Uint8Array() };
}

function eventOf(name: FsmEventName): FsmEvent {
  switch (name) {
    case 'ManualStop':
      return { name, notification: notification(6, 2) };
    case 'Tcp_CR_Acked':
    case 'TcpConnectionConfirmed':
      return { name, localAddress: '192.0.2.1', remoteAddress: '192.0.2.2' };
    case 'TcpConnectionFails':
      return { name, reason: 'connection-lost', detail: 'ECONNRESET' };
    case 'BGPOpen':
      return { name, negotiated: NEGOTIATED };
    case 'BGPHeaderErr':
      return { name, notification: notification(1, 3), detail: 'type 9' };
    case 'BGPOpenMsgErr':
      return { name, notification: notification(2, 2), detail: 'AS 7' };
    case 'UpdateMsgErr':
      return { name, notification: notification(3, 1), detail: 'attributes run over' };
    case 'RouteRefreshMsgErr':
      return { name, notification: notification(7, 1), detail: 'length 5' };
    case 'NotifMsgVerErr':
      return { name, notification: notification(2, 1) };
    case 'NotifMsg':
      return { name, notification: notification(6, 4) };
    case 'RouteRefreshMsg':
      return { name, afi: 1 };
    default:
      return { name };
  }
}

function step(connection: Connection, event: FsmEvent): FsmStep {
  return stepConnection(connection, event, { spec: SPEC, nowMs: NOW_MS, jitter: JITTER });
}

/** A step in the table's notation. */
function cellOf(before: Connection, { connection, outputs }: FsmStep): string {
  if (connection === before && outputs.length === 0) return '·';
  return [connection.state, ...outputs.map(wordOf), ...timersOf(connection)].join(' ');
}

function wordOf(output: PeerOutput): string {
  switch (output.type) {
    case 'send':
      return sentWord(output.message);
    case 'close':
      return output.isAbrupt ? 'abort' : 'close';
    default:
      return output.type;
  }
}

function sentWord(message: BgpMessage): string {
  return message.type === 'notification' ? `${message.errorCode}/${message.errorSubcode}` : message.type;
}

function timersOf({ connectRetryAtMs, holdAtMs, keepaliveAtMs }: Connection): string[] {
  const timers = { C: connectRetryAtMs, H: holdAtMs, K: keepaliveAtMs };
  return Object.entries(timers).flatMap(([name, atMs]) => {
    return atMs === undefined ? [] : [`${name}${(atMs - NOW_MS) / 1_000}`];
  });
}

describe.each(STATES.map((state, column) => ({ state, column })))('in $state', ({ state, column }) => {
  const rows = Object.entries(TABLE) as [FsmEventName, readonly string[]][];
  it.each(rows.map(([name, cells]) => ({ name, cell: cells[column] })))('$name: $cell', ({ name, cell }) => {
    const before = CONNECTIONS[state];
    const after = step(before, eventOf(name));
    expect(cellOf(before, after)).toBe(cell);
    // A connection that is over says why; one that goes on does not.
    expect(after.end === undefined).toBe(state === 'Idle' || after.connection.state !== 'Idle');
  });
});

describe('why a connection is over', () => {
  it.each([
    ['OpenSent', 'HoldTimer_Expires', 'hold-timer-expired', 'no OPEN within 240 s'],
    ['OpenConfirm', 'HoldTimer_Expires', 'hold-timer-expired', 'heard nothing for 9 s'],
    ['Established', 'HoldTimer_Expires', 'hold-timer-expired', 'heard nothing for 9 s'],
    ['Connect', 'ConnectRetryTimer_Expires', 'connect-failed', 'no answer within 10 s'],
    ['Established', 'TcpConnectionFails', 'connection-lost', 'ECONNRESET'],
    ['Established', 'NotifMsg', 'notification-received', 'Cease/Administrative Reset'],
    ['OpenSent', 'BGPOpenMsgErr', 'notification-sent', 'OPEN Message Error/Bad Peer AS: AS 7'],
    ['Established', 'ManualStop', 'administrative', 'Cease/Administrative Shutdown'],
  ] as const)('is told to people: %s, %s: %s', (state, name, reason, detail) => {
    expect(step(CONNECTIONS[state], eventOf(name)).end).toMatchObject({ reason, detail });
  });

  it('names the message that was out of place', () => {
    const { end } = step(CONNECTIONS.OpenConfirm, { name: 'UpdateMsg' });
    expect(end?.reason).toBe('notification-sent');
    expect(end?.detail).toMatch(/OpenConfirm.*UpdateMsg/);
  });
});

describe('timers', () => {
  const unheld: Negotiated = { ...NEGOTIATED, holdTimeSec: 0, keepaliveSec: 0 };

  it('do not run in Established where no hold time was agreed on', () => {
    const opened = step(CONNECTIONS.OpenSent, { name: 'BGPOpen', negotiated: unheld }).connection;
    const { connection } = step(opened, { name: 'KeepAliveMsg' });
    expect([connection.state, ...timersOf(connection)]).toEqual(['Established']);
    const heard = step(connection, { name: 'UpdateMsg' }).connection;
    expect(timersOf(heard)).toEqual([]);
  });

  it('do not let a peer be waited for without end: the large one runs on in OpenConfirm (RFC 4271 has none there)', () => {
    const { connection } = step(CONNECTIONS.OpenSent, { name: 'BGPOpen', negotiated: unheld });
    expect([connection.state, ...timersOf(connection)]).toEqual(['OpenConfirm', 'H240']);
  });

  it.each([
    [0, 2.25],
    [0.999, 2.99925],
  ])('send keepalives at 0.75 to 1.0 of a third of the hold time: jitter %d, %d s', (jitter, seconds) => {
    const around = { spec: SPEC, nowMs: NOW_MS, jitter };
    const { connection } = stepConnection(
      CONNECTIONS.Established,
      { name: 'KeepaliveTimer_Expires' },
      around,
    );
    expect(timersOf(connection)).toContain(`K${seconds}`);
  });

  it('send no more than one keepalive a second (RFC 4271 §4.4)', () => {
    const shortest = confirmed('Established', { ...NEGOTIATED, holdTimeSec: 3, keepaliveSec: 1 });
    const around = { spec: SPEC, nowMs: NOW_MS, jitter: 0 };
    const { connection } = stepConnection(shortest, { name: 'KeepaliveTimer_Expires' }, around);
    expect(timersOf(connection)).toContain('K1');
  });

  it.each([
    [9, 20],
    [3, 20],
    [10, 20],
    [90, 180],
  ])('give up a peer with hold time %d s that takes nothing for %d s: less than RFC 9687 §6 proposes', (holdTimeSec, afterSec) => {
    const stalledAtMs = NOW_MS - afterSec * 1_000;
    const negotiated = { ...NEGOTIATED, holdTimeSec, keepaliveSec: holdTimeSec / 3 };
    const stalled = { ...confirmed('Established', negotiated), stalledAtMs };
    expect(dueTimer(stalled, NOW_MS - 1)).toBeUndefined();
    expect(dueTimer(stalled, NOW_MS)).toBe('SendHoldTimer_Expires');
  });

  it('do not give up a peer that takes nothing before Established, or without a hold time (RFC 9687 §4.3)', () => {
    const stalledAtMs = NOW_MS - 10 * 60_000;
    const negotiated = { ...NEGOTIATED, holdTimeSec: 0, keepaliveSec: 0 };
    const quiet = { holdAtMs: undefined, keepaliveAtMs: undefined, stalledAtMs };
    expect(dueTimer({ ...CONNECTIONS.OpenConfirm, ...quiet }, NOW_MS)).toBeUndefined();
    expect(dueTimer({ ...CONNECTIONS.Established, ...quiet, negotiated }, NOW_MS)).toBeUndefined();
  });

  it('leave a second to read what came meanwhile, when this process has overslept the hold timer', () => {
    const late = { ...CONNECTIONS.Established, holdAtMs: NOW_MS - 1_000 };
    expect(awoken(late, NOW_MS).holdAtMs).toBe(NOW_MS + 1_000);
    const punctual = { ...CONNECTIONS.Established, holdAtMs: NOW_MS - 999 };
    expect(awoken(punctual, NOW_MS)).toBe(punctual);
  });
});
