import { describe, expect, it } from 'vitest';
import { createFaults } from '../../../src/sandbox/index.ts';
import { manualClock, seededRandom } from './fixture.ts';

const CALL = { action: 'ReplaceRoute', accessKeyId: 'A', accountId: '1', isUnfiltered: true };

function start() {
  const clock = manualClock();
  return { clock, faults: createFaults({ clock, random: seededRandom() }) };
}

/** How many of `attempts` calls pass the throttle. */
function passed(faults: ReturnType<typeof start>['faults'], call: typeof CALL, attempts: number): number {
  return Array.from({ length: attempts }, () => faults.decide(call)).filter((fate) => !fate.isThrottled)
    .length;
}

describe('a fault', () => {
  it('strikes the actions and callers that it names, and no others', () => {
    const { faults } = start();
    faults.add({ kind: 'deny', actions: ['ReplaceRoute'], accessKeyIds: ['A'] });
    expect(faults.decide(CALL).isDenied).toBe(true);
    expect(faults.decide({ ...CALL, accessKeyId: 'B' }).isDenied).toBe(false);
    expect(faults.decide({ ...CALL, action: 'CreateRoute' }).isDenied).toBe(false);
  });

  it('with a count is gone after that many strikes', () => {
    const { faults } = start();
    faults.add({ kind: 'error', count: 2, code: 'Unavailable', httpStatus: 503 });
    expect(faults.decide(CALL).error).toEqual({
      code: 'Unavailable',
      httpStatus: 503,
      message: 'An internal error has occurred',
    });
    expect(faults.list()).toMatchObject([{ kind: 'error', count: 1 }]);
    faults.decide(CALL);
    expect(faults.decide(CALL).error).toBeUndefined();
    expect(faults.list()).toEqual([]);
  });

  it('with a probability strikes about that often', () => {
    const { faults } = start();
    faults.add({ kind: 'reset', probability: 0.25 });
    const struck = Array.from({ length: 4000 }, () => faults.decide(CALL)).filter(
      (fate) => fate.isReset,
    ).length;
    expect(struck).toBeGreaterThan(850);
    expect(struck).toBeLessThan(1150);
  });

  it('adds up with others: delays are summed, the oldest view wins, the first error stands', () => {
    const { faults } = start();
    faults.add({ kind: 'latency', latencyMs: 100 });
    faults.add({ kind: 'latency', latencyMs: 10, jitterMs: 5 });
    faults.add({ kind: 'stale', ageMs: 50 });
    faults.add({ kind: 'stale', ageMs: 20 });
    faults.add({ kind: 'error', code: 'First' });
    faults.add({ kind: 'error', code: 'Second' });
    const fate = faults.decide(CALL);
    expect(fate.delayMs).toBeGreaterThanOrEqual(110);
    expect(fate.delayMs).toBeLessThan(115);
    expect([fate.staleMs, fate.error?.code]).toEqual([50, 'First']);
  });

  it('can be removed', () => {
    const { faults } = start();
    const id = faults.add({ kind: 'stuck' });
    expect([faults.remove(id), faults.remove(id)]).toEqual([true, false]);
    expect(faults.decide(CALL).isStuck).toBe(false);
  });
});

describe('throttling as EC2 does it', () => {
  it('lets 50 mutations through at once, then 5 a second, each action by itself', () => {
    const { faults, clock } = start();
    faults.throttle(true);
    expect(passed(faults, CALL, 80)).toBe(50);
    expect(passed(faults, { ...CALL, action: 'CreateRoute' }, 80)).toBe(50);
    clock.advance(2000);
    expect(passed(faults, CALL, 80)).toBe(10);
  });

  it('lets 100 describes through, but 50 of the costly ones without a filter', () => {
    const { faults } = start();
    faults.throttle(true);
    expect(passed(faults, { ...CALL, action: 'DescribeRouteTables' }, 200)).toBe(100);
    expect(passed(faults, { ...CALL, action: 'DescribeInstanceStatus' }, 200)).toBe(50);
    expect(passed(faults, { ...CALL, action: 'DescribeInstanceStatus', isUnfiltered: false }, 200)).toBe(100);
  });

  it('counts every account by itself, leaves STS alone, and can be turned off', () => {
    const { faults } = start();
    faults.throttle({ mutating: { capacity: 1, refillPerSec: 0 } });
    expect([passed(faults, CALL, 5), passed(faults, { ...CALL, accountId: '2' }, 5)]).toEqual([1, 1]);
    expect(passed(faults, { ...CALL, action: 'AssumeRole' }, 500)).toBe(500);
    faults.throttle(false);
    expect(passed(faults, CALL, 5)).toBe(5);
  });
});
