import { describe, expect, it } from 'vitest';
import type { AgentEvent } from '../../../src/agent/index.ts';
import type { SessionEnd } from '../../../src/bgp/index.ts';
import { PeerWatch, toLine } from '../../../src/telemetry/index.ts';

type Of<T extends AgentEvent['type']> = Extract<AgentEvent, { readonly type: T }>;

function announcement(over: Partial<Of<'announcement'>>): AgentEvent {
  return {
    type: 'announcement',
    prefix: '10.0.0.1/32',
    verdict: 'announce',
    reason: 'healthy',
    previous: undefined,
    wasAnnounced: false,
    isAnnounced: false,
    ...over,
  };
}

function end(over: Partial<SessionEnd> = {}): SessionEnd {
  return {
    reason: 'connect-failed',
    detail: 'connection refused',
    errorCode: undefined,
    errorSubcode: undefined,
    atMs: 0,
    ...over,
  };
}

function peer(over: Partial<Of<'peer-state'>>): Of<'peer-state'> {
  return {
    type: 'peer-state',
    peer: 'tgw-a',
    address: '10.0.0.252',
    from: 'Connect',
    to: 'Idle',
    end: undefined,
    retryInMs: undefined,
    ...over,
  };
}

function written(event: AgentEvent): string {
  const { level, message } = toLine(event);
  return `${level}: ${message}`;
}

describe('lines of prefixes', () => {
  it.each<[Partial<Of<'announcement'>>, string]>([
    [{ isAnnounced: true }, 'info: announcing 10.0.0.1/32: healthy'],
    [
      { verdict: 'withdraw', reason: 'unhealthy', previous: 'healthy', wasAnnounced: true },
      'warn: withdrawing 10.0.0.1/32: unhealthy',
    ],
    [
      { verdict: 'withdraw', reason: 'drained', wasAnnounced: true },
      'warn: withdrawing 10.0.0.1/32: drained',
    ],
    [
      { verdict: 'withdraw', reason: 'stopping', wasAnnounced: true },
      'info: withdrawing 10.0.0.1/32: stopping',
    ],
    [
      { verdict: 'withdraw', reason: 'removed', wasAnnounced: true },
      'info: withdrawing 10.0.0.1/32: removed',
    ],
    [
      { reason: 'draining', previous: 'healthy', wasAnnounced: true, isAnnounced: true },
      'info: 10.0.0.1/32 stays announced: draining',
    ],
    [
      { previous: 'healthy', wasAnnounced: true, isAnnounced: true },
      'info: announcing 10.0.0.1/32 with other attributes: healthy',
    ],
    [
      {
        verdict: 'hold',
        reason: 'checks-unsettled',
        previous: 'healthy',
        wasAnnounced: true,
        isAnnounced: true,
      },
      'debug: 10.0.0.1/32 stays announced: checks-unsettled',
    ],
    [
      { verdict: 'hold', reason: 'checks-unsettled' },
      'debug: 10.0.0.1/32 is not announced: checks-unsettled',
    ],
    [{ verdict: 'withdraw', reason: 'unhealthy' }, 'info: 10.0.0.1/32 is not announced: unhealthy'],
  ])('say what happens, and warn of what is lost (%#)', (over, expected) => {
    expect(written(announcement(over))).toBe(expected);
  });

  it('name the peer that a prefix cannot be sent to', () => {
    const event = {
      type: 'prefix-withheld',
      peer: 'tgw-a',
      prefix: '2001:db8::1/128',
      why: 'no next hop',
    } as const;
    expect(written(event)).toBe("warn: peer tgw-a can't be sent 2001:db8::1/128: no next hop");
  });

  it('say what is done with addresses and the listener', () => {
    const address = {
      type: 'service-address',
      address: '10.0.0.1',
      interface: 'lo',
      why: undefined,
    } as const;
    expect(written({ ...address, change: 'added' })).toBe('info: 10.0.0.1 added to lo');
    expect(written({ ...address, change: 'removed' })).toBe('info: 10.0.0.1 removed from lo');
    expect(written({ ...address, change: 'found' })).toBe(
      'info: 10.0.0.1 is on lo already, and is left alone',
    );
    expect(written({ ...address, change: 'failed', why: 'not permitted' })).toBe(
      'error: 10.0.0.1 on lo: not permitted',
    );
    const listener = { type: 'bgp-listener', address: '0.0.0.0:179' } as const;
    expect(written({ ...listener, failure: 'in use' })).toBe(
      "error: peers can't connect to 0.0.0.0:179: in use; trying again",
    );
    expect(written({ ...listener, failure: undefined })).toBe('info: peers may connect to 0.0.0.0:179');
    const refused = { type: 'bgp-connection-refused', address: '192.0.2.9', why: 'no such peer' } as const;
    expect(written({ ...refused, count: 3 })).toBe(
      'warn: 3 connections from 192.0.2.9 refused: no such peer',
    );
  });

  it('count prefixes where there are any, and routes where they matter', () => {
    const sizes = { checks: 2, groups: 0, managed: false };
    expect(written({ type: 'started', ...sizes, prefixes: 3 })).toBe(
      'info: started with 2 checks, 0 groups of route tables and 3 prefixes',
    );
    expect(written({ type: 'started', ...sizes, groups: 1, prefixes: 0 })).toBe(
      'info: started with 2 checks and 1 groups of route tables',
    );
    expect(written({ type: 'ready', sinceStartMs: 1_500, managed: false })).toBe(
      'info: every check has settled after 1.5 s',
    );
    expect(written({ type: 'stopping', why: 'SIGTERM', onExit: 'keep', prefixes: 'drain' })).toBe(
      'info: stopping (SIGTERM); routes: keep, prefixes: drain',
    );
  });
});

describe('lines of peers', () => {
  it.each<[Partial<Of<'peer-state'>>, string]>([
    [{ from: 'OpenConfirm', to: 'Established' }, 'info: peer tgw-a (10.0.0.252): session established'],
    [{ from: 'Idle', to: 'Connect' }, 'debug: peer tgw-a (10.0.0.252): Idle → Connect'],
    [
      {
        from: 'Established',
        end: end({ reason: 'hold-timer-expired', detail: 'Hold Timer Expired' }),
        retryInMs: 1_500,
      },
      'warn: peer tgw-a (10.0.0.252): session lost: Hold Timer Expired; next attempt in 1.5 s',
    ],
    [
      { from: 'Established', end: end({ reason: 'administrative', detail: 'stopped' }) },
      'info: peer tgw-a (10.0.0.252): session ended: stopped',
    ],
    [
      { peer: '10.0.0.252', end: end(), retryInMs: 30_000 },
      'warn: peer 10.0.0.252: no session: connection refused; next attempt in 30 s',
    ],
    [
      { end: end({ reason: 'collision', detail: 'lost' }) },
      'debug: peer tgw-a (10.0.0.252): no session: lost',
    ],
  ])('say which, what and why (%#)', (over, expected) => {
    expect(written(peer(over))).toBe(expected);
  });

  it('have the facts under names that stay', () => {
    const { facts } = toLine(peer({ end: end({ errorCode: 6, errorSubcode: 2 }) }));
    expect(facts).toMatchObject({ peer: 'tgw-a', 'end.reason': 'connect-failed', 'end.errorCode': 6 });
  });
});

describe('a peer that stays away', () => {
  const levels = (...events: readonly AgentEvent[]) => {
    const watch = new PeerWatch();
    return events.map((event) => watch.quieten(event, toLine(event)).level);
  };
  const failed = (atMs: number, over: Partial<SessionEnd> = {}, name = 'tgw-a') =>
    peer({ peer: name, end: end({ atMs, ...over }) });

  it('is a warning once, and again every ten minutes', () => {
    expect(levels(failed(0), failed(1_000), failed(599_999), failed(600_000), failed(601_000))).toEqual([
      'warn',
      'debug',
      'debug',
      'warn',
      'debug',
    ]);
  });

  it('is a warning for each new reason, and for each peer', () => {
    const refused = { reason: 'notification-received', errorCode: 2, errorSubcode: 2 } as const;
    expect(
      levels(
        failed(0),
        failed(1, refused),
        failed(2),
        failed(3, refused),
        failed(4, { ...refused, errorSubcode: 7 }),
        failed(5, {}, 'tgw-b'),
      ),
    ).toEqual(['warn', 'warn', 'debug', 'debug', 'warn', 'warn']);
  });

  it('begins anew after a session or a reload; a lost session is always a warning', () => {
    const up = peer({ from: 'OpenConfirm', to: 'Established' });
    const lost = (atMs: number) => peer({ from: 'Established', end: end({ atMs }) });
    const reloaded = { type: 'reloaded', checks: 1, groups: 0, prefixes: 1, needsRestart: false } as const;
    expect(levels(failed(0), up, lost(1), lost(2), failed(3), failed(4), reloaded, failed(5))).toEqual([
      'warn',
      'info',
      'warn',
      'warn',
      'warn',
      'debug',
      'info',
      'warn',
    ]);
  });
});
