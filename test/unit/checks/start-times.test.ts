import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { startTime, startTimes } from '../../../src/checks/index.ts';

const everyMs = 1_000;

describe('start times of checks', () => {
  test('the first check begins at once', () => {
    expect(startTime(0, 1, everyMs)).toEqual({ firstDelayMs: 0, phaseMs: 500 });
    expect(startTimes([{ everyMs }, { everyMs }])[0]?.firstDelayMs).toBe(0);
  });

  test('a thousand checks of one second all begin within 100 ms, and at no time do two of them share a slot', () => {
    const times = startTimes(Array.from({ length: 1_000 }, () => ({ everyMs })));
    expect(Math.max(...times.map(({ firstDelayMs }) => firstDelayMs))).toBeLessThan(100);
    expect(new Set(times.map(({ phaseMs }) => phaseMs)).size).toBe(1_000);
  });

  test('the cadence is spread evenly over the second half of the period', () => {
    const phases = startTimes(Array.from({ length: 4 }, () => ({ everyMs }))).map(({ phaseMs }) => phaseMs);
    expect(phases).toEqual([500, 625, 750, 875]);
  });

  test('no check waits longer than its own period between its first and its second probe', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000 }),
        fc.integer({ min: 10, max: 60_000 }),
        (count, every) => {
          for (const index of [0, Math.floor(count / 2), count - 1]) {
            const { firstDelayMs, phaseMs } = startTime(index, count, every);
            expect(firstDelayMs).toBeLessThanOrEqual(Math.min(every / 2, 100));
            expect(phaseMs - firstDelayMs).toBeGreaterThan(0);
            expect(phaseMs - firstDelayMs).toBeLessThanOrEqual(every);
          }
        },
      ),
    );
  });
});
