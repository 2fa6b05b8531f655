import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { startTime, startTimes } from '../../../src/checks/index.ts';

const everyMs = 1_000;

describe('start times of checks', () => {
  test('the first check begins at once', () => {
    expect(startTime(0, 1, everyMs)).toEqual({ firstDelayMs: 0, phaseMs: 500 });
    expect(startTimes([{ everyMs }, { everyMs }])[0]?.firstDelayMs).toBe(0);
  });

  test('fifty checks of one second all begin within 100 ms, a thousand within half their period', () => {
    for (const [count, withinMs] of [
      [50, 100],
      [1_000, 500],
    ] as const) {
      const times = startTimes(Array.from({ length: count }, () => ({ everyMs })));
      expect(Math.max(...times.map(({ firstDelayMs }) => firstDelayMs))).toBeLessThan(withinMs);
    }
  });

  test('a thousand checks of one second fire one each millisecond', () => {
    const phases = startTimes(Array.from({ length: 1_000 }, () => ({ everyMs }))).map(
      ({ phaseMs }) => phaseMs,
    );
    for (const [index, phaseMs] of phases.entries()) expect(phaseMs).toBeCloseTo(500 + index, 6);
  });

  test('no check waits longer than its own period between its first and its second probe', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000 }),
        fc.integer({ min: 10, max: 60_000 }),
        (count, every) => {
          for (const index of [0, Math.floor(count / 2), count - 1]) {
            const { firstDelayMs, phaseMs } = startTime(index, count, every);
            expect(firstDelayMs).toBeLessThanOrEqual(Math.min(every / 2, Math.max(100, count)));
            expect(phaseMs - firstDelayMs).toBeGreaterThanOrEqual(every / 2 - 1e-6);
            expect(phaseMs - firstDelayMs).toBeLessThanOrEqual(every);
          }
        },
      ),
    );
  });
});
