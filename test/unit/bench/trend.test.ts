import { describe, expect, it } from 'vitest';
import { trendOf } from '../../../bench/memory/trend.ts';

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('the trend of a series', () => {
  it('is the rise of a straight line, without a margin', () => {
    const { rise, margin } = trendOf(range(100).map((index) => 5 + index / 10));
    expect(rise).toBeCloseTo(10, 6);
    expect(margin).toBeCloseTo(0, 6);
  });

  it('is nothing, within its margin, for what goes up and down', () => {
    const { rise, margin } = trendOf(range(400).map((index) => 80 + (index % 7)));
    expect(Math.abs(rise)).toBeLessThanOrEqual(margin);
  });

  it('stands out of its margin where the saw climbs', () => {
    const { rise, margin } = trendOf(range(400).map((index) => 80 + (index % 7) + index / 50));
    expect(rise).toBeGreaterThan(margin);
    expect(rise).toBeCloseTo(8, 0);
  });

  it('is not known of too few values', () => {
    expect(trendOf([1, 2, 3]).rise).toBeNaN();
  });
});
