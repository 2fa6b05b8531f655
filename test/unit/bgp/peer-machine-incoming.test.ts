import { describe, expect, it } from 'vitest';
import type { ConnectionKind } from '../../../src/bgp/peer-events.ts';
import { attempts, nextDeadlineMs } from '../../../src/bgp/peer-machine.ts';
import {
  KEEPALIVE,
  notificationOf,
  openOf,
  peer,
  retryInSec,
  started,
  stateOf,
  UPDATE,
} from './machine-fixture.ts';

describe('a passive peer', () => {
  it('is never dialled, and waited for in Active', () => {
    const driven = peer({ isPassive: true });
    expect(driven.step({ type: 'start' })).toEqual([]);
    expect([stateOf(driven), nextDeadlineMs(driven.state)]).toEqual(['Active', undefined]);
    expect(driven.connected('incoming')).toEqual(['in:open']);
    expect(driven.lost('incoming')).toEqual(['ended connection-lost']);
    expect([stateOf(driven), nextDeadlineMs(driven.state)]).toEqual(['Active', undefined]);
  });
});

describe('a connection of the peer', () => {
  it('is taken while the next attempt is waited for, and makes it needless', () => {
    const driven = started();
    driven.lost('outgoing', 'connect-failed');
    expect(driven.connected('incoming')).toEqual(['in:open']);
    expect([stateOf(driven), retryInSec(driven)]).toEqual(['OpenSent', 0.875]);
    expect(driven.received('incoming', openOf())).toEqual(['in:keepalive']);
    expect(retryInSec(driven)).toBeUndefined();
    expect(driven.received('incoming', KEEPALIVE)).toEqual(['in:established']);
    expect(attempts(driven.state)).toBe(0);
  });

  it('on which nothing is said holds up no attempt', () => {
    const driven = started();
    driven.lost('outgoing', 'connect-failed');
    driven.connected('incoming');
    expect(driven.wait()).toEqual([0.875, 'dial']);
  });

  it('on which nothing is said is no reason not to dial again', () => {
    const driven = started();
    driven.connected('incoming');
    expect(driven.lost('outgoing', 'connect-failed')).toEqual([]);
    expect(retryInSec(driven)).toBe(0.875);
  });

  it('that comes to nothing does not put off an attempt that is set', () => {
    const driven = started();
    driven.lost('outgoing', 'connect-failed');
    driven.connected('incoming');
    expect(driven.received('incoming', UPDATE)).toContain('ended notification-sent');
    expect(retryInSec(driven)).toBe(0.875);
  });

  it('that goes on when the other one is refused for too many prefixes needs no attempt either', () => {
    const driven = started({ holdTimeSec: 180 });
    driven.connected('outgoing');
    driven.connected('incoming');
    driven.received('incoming', openOf({ holdTime: 180 }));
    expect(driven.received('outgoing', notificationOf(6, 1))).toContain('ended notification-received');
    expect(retryInSec(driven)).toBe(67.5);
    expect(driven.pass(68_000)).toEqual(['in:keepalive']);
    expect([stateOf(driven), retryInSec(driven)]).toEqual(['OpenConfirm', undefined]);
  });

  it('that becomes the session ends every wait', () => {
    const driven = started();
    driven.connected('outgoing');
    driven.connected('incoming');
    driven.received('incoming', openOf());
    driven.received('outgoing', notificationOf(6, 1));
    driven.received('incoming', KEEPALIVE);
    expect([stateOf(driven), retryInSec(driven)]).toEqual(['Established', undefined]);
  });

  it('is dialled for again when it comes to nothing', () => {
    const driven = started();
    driven.lost('outgoing', 'connect-failed');
    driven.connected('incoming');
    driven.received('incoming', openOf());
    expect(driven.lost('incoming')).toEqual(['ended connection-lost']);
    expect(retryInSec(driven)).toBe(1.75);
  });

  it('gives way to a newer one where the peer has said nothing on it: then it is dead', () => {
    const driven = started({ isPassive: true });
    driven.connected('incoming');
    expect(driven.connected('incoming')).toEqual(['in:6/7', 'in:close', 'in:open']);
  });

  it.each(['OpenConfirm', 'Established'])('does not give way to a newer one in %s', (state) => {
    const driven = started({ isPassive: true });
    driven.connected('incoming');
    driven.received('incoming', openOf());
    if (state === 'Established') driven.received('incoming', KEEPALIVE);
    driven.nowMs += 1_000;
    // The KEEPALIVE asks whether the peer still knows of it.
    expect(driven.connected('incoming')).toEqual(['in:keepalive']);
    expect(stateOf(driven)).toBe(state);
  });

  it('is refused beside a session, and the session is asked whether the peer still knows of it', () => {
    const driven = peer().establish();
    driven.nowMs += 999;
    expect(driven.connected('incoming')).toEqual(['in:6/7', 'in:close']);
    driven.nowMs += 1;
    expect(driven.connected('incoming')).toEqual(['in:6/7', 'in:close', 'out:keepalive']);
    // Not more than once a second (RFC 4271 §4.4).
    expect(driven.connected('incoming')).toEqual(['in:6/7', 'in:close']);
    expect(stateOf(driven)).toBe('Established');
  });

  it.each<ConnectionKind>(['outgoing', 'incoming'])('can be the one that has the session: %s', (kind) => {
    const driven = started();
    driven.connected('outgoing');
    driven.connected('incoming');
    driven.received(kind, openOf());
    const other = kind === 'outgoing' ? 'in' : 'out';
    expect(driven.received(kind, KEEPALIVE)).toEqual([
      `${kind === 'outgoing' ? 'out' : 'in'}:established`,
      `${other}:6/7`,
      `${other}:close`,
    ]);
  });

  it('ends an attempt to dial that is under way, once it has the session', () => {
    const driven = started();
    driven.connected('incoming');
    driven.received('incoming', openOf());
    expect(driven.received('incoming', KEEPALIVE)).toEqual(['in:established', 'out:abort']);
    expect(nextDeadlineMs(driven.state)).toBe(2_625);
  });
});

describe('a collision (RFC 4271 §6.8)', () => {
  const short = (kind: ConnectionKind): string => (kind === 'outgoing' ? 'out' : 'in');
  const otherOf = (kind: ConnectionKind): ConnectionKind => (kind === 'outgoing' ? 'incoming' : 'outgoing');
  const cases = [
    { remoteId: '10.0.0.0', remoteAsn: 65_001, kept: 'outgoing', why: 'our identifier is higher' },
    { remoteId: '10.0.0.2', remoteAsn: 65_001, kept: 'incoming', why: "the peer's identifier is higher" },
    {
      remoteId: '10.0.0.1',
      remoteAsn: 65_001,
      kept: 'incoming',
      why: "the same one: the peer's AS is larger",
    },
    { remoteId: '10.0.0.1', remoteAsn: 64_999, kept: 'outgoing', why: 'the same one: our AS is larger' },
  ] as const;
  const orders: readonly ConnectionKind[] = ['outgoing', 'incoming'];

  it.each(
    cases.flatMap((each) => orders.map((first) => ({ ...each, first }))),
  )('keeps the $kept one where the first OPEN comes on the $first one: $why', ({
    remoteId,
    remoteAsn,
    kept,
    first,
  }) => {
    const driven = started({ remoteAsn });
    const open = openOf({ bgpIdentifier: remoteId, capabilities: [], myAutonomousSystem: remoteAsn });
    driven.connected('outgoing');
    driven.connected('incoming');
    expect(driven.received(first, open)).toEqual([`${short(first)}:keepalive`]);
    const second = otherOf(first);
    const dumped = short(otherOf(kept));
    const goesOn = kept === second ? [`${short(second)}:keepalive`] : [];
    expect(driven.received(second, open)).toEqual([`${dumped}:6/7`, `${dumped}:close`, ...goesOn]);
    expect(driven.received(kept, KEEPALIVE)).toEqual([`${short(kept)}:established`]);
    expect(retryInSec(driven)).toBeUndefined();
  });

  it.each(orders)('is no end where the peer closes the %s one, whether or not it says why', (kind) => {
    for (const isTold of [true, false]) {
      const driven = started();
      driven.connected('outgoing');
      driven.connected('incoming');
      const closing = isTold ? driven.received(kind, notificationOf(6, 7)) : driven.lost(kind);
      expect(closing).toEqual(isTold ? [`${short(kind)}:close`] : []);
      expect(stateOf(driven)).toBe('OpenSent');
    }
  });

  it('is an end where the peer refuses the only one', () => {
    const driven = started();
    driven.connected('outgoing');
    expect(driven.received('outgoing', notificationOf(6, 7))).toEqual([
      'out:close',
      'ended notification-received',
    ]);
    expect(retryInSec(driven)).toBe(0.875);
  });

  it.each(orders)('is none for an error on the %s one: that is told, and the other goes on', (kind) => {
    const driven = started();
    driven.connected('outgoing');
    driven.connected('incoming');
    driven.received(otherOf(kind), openOf());
    expect(driven.received(kind, UPDATE)).toEqual([
      `${short(kind)}:5/1`,
      `${short(kind)}:close`,
      'ended notification-sent',
    ]);
    expect([stateOf(driven), retryInSec(driven)]).toEqual(['OpenConfirm', undefined]);
  });
});
