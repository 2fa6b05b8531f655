import { describe, expect, it } from 'vitest';
import { attempts, negotiated, nextDeadlineMs } from '../../../src/bgp/peer-machine.ts';
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

describe('a session that comes about', () => {
  it('is dialled at once, and goes through the states of the RFC', () => {
    const driven = peer();
    expect(stateOf(driven)).toBe('Idle');
    expect(driven.step({ type: 'start' })).toEqual(['dial']);
    expect(stateOf(driven)).toBe('Connect');
    expect(driven.connected('outgoing')).toEqual(['out:open']);
    expect(stateOf(driven)).toBe('OpenSent');
    expect(driven.received('outgoing', openOf())).toEqual(['out:keepalive']);
    expect(stateOf(driven)).toBe('OpenConfirm');
    expect(driven.received('outgoing', KEEPALIVE)).toEqual(['out:established']);
    expect(stateOf(driven)).toBe('Established');
  });

  it('tells what was agreed on, with the addresses of the connection', () => {
    const driven = started();
    driven.connected('outgoing');
    driven.received('outgoing', openOf());
    const outputs = driven.outputs({ type: 'received', connection: 'outgoing', message: KEEPALIVE });
    const agreed = {
      holdTimeSec: 9,
      remoteId: '10.0.0.2',
      localAddress: '192.0.2.1',
      remoteAddress: '192.0.2.2',
    };
    expect(outputs).toMatchObject([{ type: 'established', connection: 'outgoing', negotiated: agreed }]);
    expect(negotiated(driven.state)).toMatchObject(agreed);
  });

  it('is kept alive by messages that go to and fro', () => {
    const driven = peer().establish();
    expect(driven.wait()).toEqual([2.625, 'out:keepalive']);
    expect(driven.wait()).toEqual([2.625, 'out:keepalive']);
    driven.nowMs += 2_000;
    expect(driven.received('outgoing', UPDATE)).toEqual([]);
    expect(driven.pass(8_999)).not.toContain('out:4/0');
    expect(driven.received('outgoing', KEEPALIVE)).toEqual([]);
    expect(driven.pass(8_999)).not.toContain('out:4/0');
    expect(stateOf(driven)).toBe('Established');
  });

  it('is ended with a NOTIFICATION where nothing is heard for the hold time', () => {
    const driven = peer().establish();
    driven.pass(8_999);
    expect(driven.pass(1)).toEqual(['out:4/0', 'out:close', 'ended hold-timer-expired, was established']);
    expect(stateOf(driven)).toBe('Idle');
  });

  it('is not kept alive by ROUTE-REFRESH (RFC 4271 §4.2 names KEEPALIVE and UPDATE)', () => {
    const driven = peer().establish();
    driven.pass(8_000);
    expect(driven.received('outgoing', { type: 'route-refresh', afi: 1, safi: 1, subtype: 0 })).toEqual([
      'refresh 1',
    ]);
    expect(driven.pass(1_000)).toContain('out:4/0');
  });

  it('survives that this process sleeps longer than the hold time, if the peer was there meanwhile', () => {
    const driven = peer().establish();
    driven.nowMs += 20_000;
    expect(driven.step({ type: 'deadline' })).toEqual(['out:keepalive']);
    driven.nowMs += 1;
    driven.received('outgoing', KEEPALIVE);
    expect(driven.pass(5_000)).not.toContain('out:4/0');
  });

  it('does not survive it if the peer was not', () => {
    const driven = peer().establish();
    driven.nowMs += 20_000;
    expect(driven.step({ type: 'deadline' })).toEqual(['out:keepalive']);
    expect(driven.wait()).toEqual([1, 'out:4/0', 'out:close', 'ended hold-timer-expired, was established']);
  });

  it('is dropped abruptly where the peer takes nothing of what is sent', () => {
    const driven = peer().establish();
    driven.step({ type: 'stalled', connection: 'outgoing' });
    for (let second = 0; second < 19; second += 1) {
      driven.received('outgoing', KEEPALIVE);
      driven.pass(1_000);
      driven.step({ type: 'stalled', connection: 'outgoing' });
    }
    driven.received('outgoing', KEEPALIVE);
    expect(driven.pass(1_000)).toEqual(['out:abort', 'ended send-hold-timer-expired, was established']);
  });

  it('goes on where the peer takes things again in time', () => {
    const driven = peer().establish();
    driven.step({ type: 'stalled', connection: 'outgoing' });
    for (let second = 0; second < 60; second += 1) {
      if (second === 15) driven.step({ type: 'drained', connection: 'outgoing' });
      driven.received('outgoing', KEEPALIVE);
      expect(driven.pass(1_000)).not.toContain('out:abort');
    }
  });

  it('has no timers where no hold time was agreed on', () => {
    const driven = started({ holdTimeSec: 0 });
    driven.connected('outgoing');
    driven.received('outgoing', openOf());
    driven.received('outgoing', KEEPALIVE);
    expect(nextDeadlineMs(driven.state)).toBeUndefined();
  });
});

describe('an attempt that fails', () => {
  it('is made again after waits that grow', () => {
    const driven = started();
    expect(driven.lost('outgoing', 'connect-failed')).toEqual(['ended connect-failed']);
    expect([stateOf(driven), retryInSec(driven)]).toEqual(['Idle', 0.875]);
    expect(driven.wait()).toEqual([0.875, 'dial']);
    driven.lost('outgoing', 'connect-failed');
    expect(driven.wait()).toEqual([1.75, 'dial']);
    expect(attempts(driven.state)).toBe(3);
  });

  it('has ten seconds for TCP', () => {
    const driven = started();
    expect(driven.wait()).toEqual([10, 'out:abort', 'ended connect-failed']);
    expect(driven.wait()).toEqual([0.875, 'dial']);
  });

  it('has four minutes for the OPEN of the peer (RFC 4271 §8.2.2)', () => {
    const driven = started();
    driven.connected('outgoing');
    expect(driven.wait()).toEqual([240, 'out:4/0', 'out:close', 'ended hold-timer-expired']);
    expect(driven.wait()).toEqual([0.875, 'dial']);
  });

  it('is made slowly where the platform lacks something', () => {
    const driven = started();
    expect(driven.lost('outgoing', 'not-supported')).toEqual(['ended not-supported']);
    expect(retryInSec(driven)).toBe(67.5);
  });

  it('says with which NOTIFICATION the peer was refused', () => {
    const driven = started();
    driven.connected('outgoing');
    const [sent, closed, ended] = driven.outputs({
      type: 'received',
      connection: 'outgoing',
      message: openOf({ capabilities: [{ type: 'four-octet-as', asn: 65_009 }] }),
    });
    expect(sent).toMatchObject({ message: { type: 'notification', errorCode: 2, errorSubcode: 2 } });
    expect(closed).toEqual({ type: 'close', connection: 'outgoing', isAbrupt: false });
    expect(ended).toEqual({
      type: 'ended',
      wasEstablished: false,
      end: {
        reason: 'notification-sent',
        detail: 'OPEN Message Error/Bad Peer AS: the peer is AS 65009, not 65001',
        errorCode: 2,
        errorSubcode: 2,
        atMs: 0,
      },
    });
    expect(retryInSec(driven)).toBe(5.625);
  });

  it('answers garbage with what is wrong with it', () => {
    const driven = started();
    driven.connected('outgoing');
    const notification = notificationOf(1, 1);
    const detail = 'not a BGP message';
    expect(driven.step({ type: 'malformed', connection: 'outgoing', notification, detail })).toEqual([
      'out:1/1',
      'out:close',
      'ended notification-sent',
    ]);
  });

  it('forgets failures only when a session has lasted', () => {
    const driven = started();
    for (let failures = 0; failures < 5; failures += 1) {
      driven.lost('outgoing', 'connect-failed');
      driven.wait();
    }
    driven.establish().lost('outgoing');
    expect(retryInSec(driven)).toBe(26.25);
    driven.wait();
    driven.establish();
    for (let seconds = 0; seconds < 60; seconds += 5) {
      driven.pass(5_000);
      driven.received('outgoing', KEEPALIVE);
    }
    expect(driven.lost('outgoing')).toEqual(['ended connection-lost, was established']);
    expect(retryInSec(driven)).toBe(0.875);
  });
});

describe('a NOTIFICATION from the peer', () => {
  it('is not answered by one, and its text is kept', () => {
    const driven = peer().establish();
    const outputs = driven.outputs({
      type: 'received',
      connection: 'outgoing',
      message: notificationOf(6, 2, 3, 0x62, 0x79, 0x65),
    });
    expect(outputs).toEqual([
      { type: 'close', connection: 'outgoing', isAbrupt: false },
      {
        type: 'ended',
        wasEstablished: true,
        end: {
          reason: 'notification-received',
          detail: 'Cease/Administrative Shutdown: "bye"',
          errorCode: 6,
          errorSubcode: 2,
          atMs: 0,
        },
      },
    ]);
    expect(retryInSec(driven)).toBe(33.75);
  });

  it.each(['OpenSent', 'OpenConfirm'])('ends an attempt in %s', (state) => {
    const driven = started();
    driven.connected('outgoing');
    if (state === 'OpenConfirm') driven.received('outgoing', openOf());
    expect(driven.received('outgoing', notificationOf(2, 2))).toEqual([
      'out:close',
      'ended notification-received',
    ]);
    expect(retryInSec(driven)).toBe(5.625);
  });

  it('for too many prefixes keeps both sides from connecting for a minute and more', () => {
    const driven = peer().establish();
    driven.received('outgoing', notificationOf(6, 1));
    expect(retryInSec(driven)).toBe(67.5);
    expect(driven.connected('incoming')).toEqual(['in:abort']);
    driven.pass(67_499);
    expect(driven.connected('incoming')).toEqual(['in:abort']);
    expect(driven.wait()).toEqual([0.001, 'dial']);
    expect(driven.connected('incoming')).toEqual(['in:open']);
  });

  it('for too many prefixes keeps a passive peer waiting in Idle, and then in Active', () => {
    const driven = started({ isPassive: true });
    driven.connected('incoming');
    driven.received('incoming', openOf());
    driven.received('incoming', KEEPALIVE);
    driven.received('incoming', notificationOf(6, 1));
    expect([stateOf(driven), retryInSec(driven)]).toEqual(['Idle', 67.5]);
    expect(driven.connected('incoming')).toEqual(['in:abort']);
    expect(driven.wait()).toEqual([67.5]);
    expect([stateOf(driven), retryInSec(driven)]).toEqual(['Active', undefined]);
    expect(driven.connected('incoming')).toEqual(['in:open']);
  });
});

describe('a message out of place', () => {
  it.each([
    ['OpenSent', KEEPALIVE, '5/1'],
    ['OpenSent', UPDATE, '5/1'],
    ['OpenConfirm', UPDATE, '5/2'],
    ['OpenConfirm', openOf(), '5/2'],
    ['Established', openOf(), '5/3'],
  ] as const)('in %s, %j: %s', (state, message, answer) => {
    const driven = started();
    driven.connected('outgoing');
    if (state !== 'OpenSent') driven.received('outgoing', openOf());
    if (state === 'Established') driven.received('outgoing', KEEPALIVE);
    const was = state === 'Established' ? ', was established' : '';
    expect(driven.received('outgoing', message)).toEqual([
      `out:${answer}`,
      'out:close',
      `ended notification-sent${was}`,
    ]);
  });
});

describe('ROUTE-REFRESH', () => {
  it.each([
    [2, 1, 0, ['refresh 2'], 'an agreed family'],
    [1, 2, 0, [], 'another SAFI'],
    [25, 70, 0, [], 'a family unknown here'],
    [1, 1, 1, [], 'BoRR'],
    [1, 1, 2, [], 'EoRR'],
    [1, 1, 255, [], 'a subtype that nobody knows'],
  ])('of AFI %d, SAFI %d, subtype %d: %j (%s)', (afi, safi, subtype, outputs) => {
    const driven = peer().establish();
    expect(driven.received('outgoing', { type: 'route-refresh', afi, safi, subtype })).toEqual(outputs);
    expect(stateOf(driven)).toBe('Established');
  });

  it('of a family that was not agreed on is passed over', () => {
    const driven = peer({ families: ['ipv4'] }).establish();
    expect(driven.received('outgoing', { type: 'route-refresh', afi: 2, safi: 1, subtype: 0 })).toEqual([]);
  });
});
