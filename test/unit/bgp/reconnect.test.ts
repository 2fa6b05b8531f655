import { describe, expect, it } from 'vitest';
import type { FsmEnd } from '../../../src/bgp/fsm-end.ts';
import { type Backoff, type Ended, NO_BACKOFF, waitAfter } from '../../../src/bgp/reconnect.ts';
import type { SessionEndReason } from '../../../src/bgp/status.ts';

const LONGEST_JITTER = 0.999_999;

function end(reason: SessionEndReason, code?: number, subcode = 0, ...data: number[]): FsmEnd {
  const notification =
    code === undefined ? undefined : { errorCode: code, errorSubcode: subcode, data: Uint8Array.from(data) };
  return { reason, detail: '', notification };
}

const refused = end('connect-failed');
const cease = (subcode: number, ...data: number[]): FsmEnd =>
  end('notification-received', 6, subcode, ...data);

/** Waits in whole seconds after the same end again and again, at the longest jitter. */
function waits(of: FsmEnd, times: number, given: Partial<Ended> = {}): number[] {
  let backoff: Backoff = NO_BACKOFF;
  return Array.from({ length: times }, () => {
    const wait = waitAfter({
      end: of,
      lastedMs: undefined,
      connectRetryMs: 1_000,
      jitter: LONGEST_JITTER,
      ...given,
      backoff,
    });
    backoff = wait.backoff;
    return Math.round(wait.delayMs / 1_000);
  });
}

function firstMs(of: FsmEnd, given: Partial<Ended> = {}): number {
  const usual = { end: of, lastedMs: undefined, backoff: NO_BACKOFF, connectRetryMs: 1_000, jitter: 0.5 };
  return waitAfter({ ...usual, ...given }).delayMs;
}

describe('failed attempts', () => {
  it('wait twice as long each time, up to half a minute', () => {
    expect(waits(refused, 8)).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
  });

  it('begin with the configured time, and stay there where it is the longer one', () => {
    expect(waits(refused, 4, { connectRetryMs: 5_000 })).toEqual([5, 10, 20, 30]);
    expect(waits(refused, 3, { connectRetryMs: 120_000 })).toEqual([120, 120, 120]);
  });

  it('wait between three quarters and the whole of it, at random (RFC 4271 §10)', () => {
    expect(firstMs(refused, { jitter: 0 })).toBe(750);
    expect(firstMs(refused, { jitter: 0.5 })).toBe(875);
    expect(firstMs(refused, { jitter: LONGEST_JITTER })).toBeCloseTo(1_000, 0);
  });

  it('never wait no time at all, or for ever', () => {
    expect(firstMs(refused, { connectRetryMs: 0 })).toBeGreaterThan(0);
    const backoff = { failures: 10_000, penalties: 10_000 };
    expect(firstMs(refused, { backoff })).toBeLessThanOrEqual(30_000);
    expect(firstMs(cease(1), { backoff })).toBeLessThanOrEqual(600_000);
  });
});

describe('a session that was established', () => {
  it('is tried again within a second when it is lost for the first time', () => {
    expect(firstMs(end('connection-lost'), { lastedMs: 5_000, connectRetryMs: 20_000 })).toBeLessThanOrEqual(
      1_000,
    );
    expect(
      firstMs(end('hold-timer-expired', 4), { lastedMs: 5_000, connectRetryMs: 20_000 }),
    ).toBeLessThanOrEqual(1_000);
  });

  it('waits longer and longer when it is lost again and again', () => {
    expect(waits(end('connection-lost'), 7, { lastedMs: 59_999 })).toEqual([1, 2, 4, 8, 16, 30, 30]);
  });

  it('makes up for the failures before it by lasting a minute', () => {
    expect(waits(end('connection-lost'), 3, { lastedMs: 60_000 })).toEqual([1, 1, 1]);
    const backoff = { failures: 9, penalties: 4 };
    const wait = waitAfter({
      end: cease(1),
      lastedMs: 60_000,
      backoff,
      connectRetryMs: 1_000,
      jitter: 0,
    });
    expect(wait).toEqual({ delayMs: 60_000, isPenalty: true, backoff: { failures: 1, penalties: 1 } });
  });
});

describe('after a Cease', () => {
  it('for too many prefixes nobody connects for a minute, then for two, up to ten', () => {
    expect(waits(cease(1), 5, { jitter: 0 })).toEqual([60, 120, 240, 480, 480]);
    expect(waits(cease(1), 5)).toEqual([75, 150, 300, 600, 600]);
    expect(
      waitAfter({ end: cease(1), lastedMs: 100, backoff: NO_BACKOFF, connectRetryMs: 1, jitter: 0 }),
    ).toMatchObject({
      isPenalty: true,
    });
  });

  it.each([
    [0, 'unspecific', 1_000],
    [2, 'Administrative Shutdown', 30_000],
    [3, 'Peer De-configured', 30_000],
    [4, 'Administrative Reset', 750],
    [5, 'Connection Rejected', 30_000],
    [6, 'Other Configuration Change', 750],
    [7, 'Connection Collision Resolution', 750],
    [8, 'Out of Resources', 30_000],
    [10, 'BFD Down', 750],
    [99, 'unknown', 1_000],
  ])('%d (%s) the first wait is %d ms', (subcode, _, ms) => {
    const given = { connectRetryMs: ms === 1_000 ? 1_333.334 : 5_000, jitter: 0 };
    expect(Math.round(firstMs(cease(subcode), given))).toBe(ms);
  });

  it('a quick one is not quick for ever', () => {
    expect(waits(cease(4), 7, { connectRetryMs: 5_000 })).toEqual([1, 2, 4, 8, 16, 30, 30]);
  });

  it('of the kind Hard Reset what it stands for counts (RFC 8538 §3)', () => {
    expect(firstMs(cease(9, 6, 1, 0, 1, 1, 0, 0, 0, 2), { jitter: 0 })).toBe(60_000);
    expect(firstMs(cease(9, 6, 2), { jitter: 0 })).toBe(30_000);
    expect(firstMs(cease(9, 2, 2), { jitter: 0 })).toBe(5_000);
    expect(firstMs(cease(9, 6, 4), { jitter: 0 })).toBe(750);
  });

  it.each([
    [[]],
    [[6]],
    [[6, 9, 6, 9]],
  ])('of the kind Hard Reset without a sense it is as any failure: %j', (data) => {
    expect(firstMs(cease(9, ...data), { connectRetryMs: 2_000, jitter: 0 })).toBe(1_500);
  });
});

describe('what somebody has to change', () => {
  it.each([
    ['notification-received', 2, 2],
    ['notification-received', 2, 3],
    ['notification-received', 2, 7],
    ['notification-received', 2, 11],
    ['notification-sent', 2, 2],
    ['notification-sent', 2, 7],
  ] as const)('is not tried at once: %s %d/%d', (reason, code, subcode) => {
    expect(waits(end(reason, code, subcode), 6, { jitter: 0 })).toEqual([5, 5, 5, 6, 12, 23]);
    expect(firstMs(end(reason, code, subcode), { lastedMs: 100, jitter: 0 })).toBe(5_000);
  });

  it('garbage may be an accident the first time', () => {
    expect(waits(end('notification-sent', 1, 1), 3, { jitter: 0 })).toEqual([1, 5, 5]);
  });

  it('what the platform lacks is tried once a minute', () => {
    expect(waits(end('not-supported'), 3, { jitter: 0 })).toEqual([60, 60, 60]);
    expect(waits(end('not-supported'), 1)).toEqual([75]);
    expect(
      waitAfter({
        end: end('not-supported'),
        lastedMs: undefined,
        backoff: NO_BACKOFF,
        connectRetryMs: 1,
        jitter: 0,
      }),
    ).toMatchObject({ isPenalty: false });
  });
});

it.each([
  end('notification-received', 4),
  end('notification-sent', 3, 1),
  end('notification-sent', 5, 2),
  end('hold-timer-expired', 4),
  end('send-hold-timer-expired'),
  end('connection-lost'),
])('any other end without a session waits as a failed attempt: $reason', (other) => {
  expect(waits(other, 4)).toEqual([1, 2, 4, 8]);
});
