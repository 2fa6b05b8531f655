import { describe, expect, test } from 'vitest';
import { attemptWithin, type Finish } from '../../../src/checks/attempt.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

function begin(timeoutMs = 100) {
  const clock = new FakeClock();
  const abort = new AbortController();
  const released: string[] = [];
  let finish: Finish = () => undefined;
  const outcome = attemptWithin({ clock, timeoutMs, signal: abort.signal }, (given) => {
    finish = given;
    return ({ reason }) => released.push(reason);
  });
  return { clock, abort, released, outcome, finish: (...given: Parameters<Finish>) => finish(...given) };
}

describe('an attempt', () => {
  test('ends with the first verdict, and frees what it holds once', async () => {
    const { clock, released, outcome, finish } = begin();
    await clock.advance(12.5);
    finish({ reason: 'passed' });
    finish({ reason: 'reset' });
    await clock.advance(1_000);
    expect(await outcome).toEqual({ ok: true, reason: 'passed', latencyMs: 12.5, detail: undefined });
    expect([released, clock.pendingTimers]).toEqual([['passed'], 0]);
  });

  test('ends at its timeout, not before', async () => {
    const { clock, released, outcome } = begin();
    await clock.advance(99.9);
    expect(released).toEqual([]);
    await clock.advance(0.1);
    expect(await outcome).toMatchObject({ ok: false, reason: 'timeout', latencyMs: 100 });
    expect(released).toEqual(['timeout']);
  });

  test('lets an answer that came while the process was stalled win over the timeout', async () => {
    const { clock, outcome, finish } = begin();
    await settle();
    clock.stall(500);
    setImmediate(() => finish({ reason: 'passed' }));
    await clock.advance(0);
    expect(await outcome).toMatchObject({ reason: 'passed', latencyMs: 500 });
  });

  test('times out after a stall that brought no answer', async () => {
    const { clock, outcome } = begin();
    await settle();
    clock.stall(500);
    await clock.advance(1_000);
    expect(await outcome).toMatchObject({ reason: 'timeout' });
  });

  test('ends when it is called off, and leaves no timer', async () => {
    const { clock, abort, released, outcome } = begin();
    abort.abort();
    expect(await outcome).toMatchObject({ ok: false, reason: 'killed' });
    expect([released, clock.pendingTimers]).toEqual([['killed'], 0]);
  });

  test('does not begin where it was called off before', async () => {
    const clock = new FakeClock();
    let isBegun = false;
    const outcome = await attemptWithin({ clock, timeoutMs: 100, signal: AbortSignal.abort() }, () => {
      isBegun = true;
      return () => undefined;
    });
    expect([outcome.reason, isBegun, clock.pendingTimers]).toEqual(['killed', false, 0]);
  });

  test('frees what it holds where the verdict comes before the work has returned', async () => {
    const clock = new FakeClock();
    const released: string[] = [];
    const outcome = await attemptWithin(
      { clock, timeoutMs: 100, signal: new AbortController().signal },
      (finish) => {
        finish({ reason: 'refused' });
        return ({ reason }) => released.push(reason);
      },
    );
    expect([outcome.reason, released]).toEqual(['refused', ['refused']]);
  });

  test('makes an outcome of what the work throws', async () => {
    const clock = new FakeClock();
    const outcome = await attemptWithin(
      { clock, timeoutMs: 100, signal: new AbortController().signal },
      () => {
        throw Object.assign(new Error('no start line'), { code: 'ERR_OSSL_PEM_NO_START_LINE' });
      },
    );
    expect(outcome).toMatchObject({ reason: 'tls-failed', detail: 'no start line' });
    expect(clock.pendingTimers).toBe(0);
  });
});
