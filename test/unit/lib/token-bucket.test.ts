import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../../src/lib/token-bucket.ts';

describe('a token bucket', () => {
  it('starts full, then gives tokens at its rate', () => {
    const bucket = new TokenBucket({ capacity: 3, refillPerSec: 2 }, 0);
    expect([bucket.take(0), bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(bucket.take(499)).toBe(false);
    expect(bucket.take(500)).toBe(true);
    expect(bucket.take(10_000)).toBe(true);
    expect(bucket.readyAtMs(3, 10_000)).toBe(10_500);
  });

  it('has the tokens at the time that it named, whatever the rounding', () => {
    const steps = fc.array(fc.double({ min: 0, max: 5_000, noNaN: true }), { maxLength: 50 });
    fc.assert(
      fc.property(
        steps,
        fc.double({ min: 0.1, max: 50, noNaN: true }),
        fc.integer({ min: 1, max: 10 }),
        (waits, rate, count) => {
          const bucket = new TokenBucket({ capacity: 10, refillPerSec: rate }, 0);
          let nowMs = 0;
          for (const waitMs of waits) {
            nowMs += waitMs;
            bucket.take(nowMs);
          }
          const readyAtMs = bucket.readyAtMs(count, nowMs);
          for (let taken = 0; taken < count; taken += 1) expect(bucket.take(readyAtMs)).toBe(true);
        },
      ),
    );
  });

  it('gives nothing extra when time stands still or runs back', () => {
    const bucket = new TokenBucket({ capacity: 1, refillPerSec: 1_000 }, 100);
    expect(bucket.take(100)).toBe(true);
    expect(bucket.take(100)).toBe(false);
    expect(bucket.take(50)).toBe(false);
    expect(bucket.take(101)).toBe(true);
  });
});
