import { describe, expect, it } from 'vitest';
import { CallMeter } from '../../../bench/fleet/call-meter.ts';
import { defaultSpec, SimulatedFleet } from '../../../bench/fleet/simulated-fleet.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('the meter', () => {
  it('throttles as EC2 does: each action has a bucket of its own', () => {
    const meter = new CallMeter(new FakeClock(), () => 0.5);
    const failures = Array.from({ length: 101 }, () => meter.take('DescribeRouteTables'));
    expect(failures.filter((failure) => failure !== undefined)).toMatchObject([{ kind: 'throttled' }]);
    expect(meter.take('DescribeNetworkInterfaces')).toBeUndefined();
    expect(meter.countOf('DescribeRouteTables')).toBe(101);
    expect(meter.throttledOf('DescribeRouteTables')).toBe(1);
    meter.reset();
    expect(meter.apis()).toEqual([]);
  });
});

describe('a simulated fleet', () => {
  it('polls at the configuration’s default pace and changes nothing while all is well', async () => {
    const { pollMs } = defaultSpec('a');
    const fleet = new SimulatedFleet(3);
    await fleet.startAll(1_000);
    await fleet.clock.advance(pollMs);
    fleet.meter.reset();
    await fleet.clock.advance(10 * pollMs);
    expect(fleet.meter.countOf('DescribeRouteTables') / 30).toBeCloseTo(1, 0);
    expect(fleet.mutationsSince(0)).toBe(0);
    expect(fleet.crashes).toBe(0);
  });

  it('moves the routes of a zone that dies, and gives them back when it returns', async () => {
    const fleet = new SimulatedFleet(6);
    await fleet.startAll(1_000);
    await fleet.clock.advance(30_000);
    const lostAtMs = fleet.clock.now();
    fleet.loseZone('a');
    await fleet.clock.advance(30_000);
    const moved = fleet.movedAtMs('a', lostAtMs);
    expect(moved).toHaveLength(2);
    for (const atMs of moved) expect((atMs ?? Number.NaN) - lostAtMs).toBeLessThan(10_000);
    const returnedAtMs = fleet.clock.now();
    await fleet.returnZone('a', 1_000);
    await fleet.clock.advance(30_000);
    expect(fleet.movedAtMs('a', returnedAtMs).every((atMs) => atMs !== undefined)).toBe(true);
    expect(fleet.crashes).toBe(0);
  });
});
