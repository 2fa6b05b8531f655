import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDurationMs, parseDurationMs } from '../../../src/lib/duration.ts';

describe('parseDurationMs', () => {
  it.each<[string | number, number]>([
    ['250ms', 250],
    ['5s', 5000],
    ['1m', 60_000],
    ['1h', 3_600_000],
    ['0.5s', 500],
    ['14d', 1_209_600_000],
    ['0.5d', 43_200_000],
    ['1d12h', 129_600_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['0.07s', 70],
    ['0.25ms', 0.25],
    [5, 5000],
    [0.25, 250],
    [0, 0],
    [-1, -1000],
    ['5', 5000],
    ['0.5', 500],
    ['0', 0],
  ])('reads %j as %d ms', (value, ms) => {
    expect(parseDurationMs(value)).toBe(ms);
  });

  it.each([
    '',
    ' ',
    '5 s',
    '-5s',
    's',
    '5D',
    '5w',
    '5S',
    '5sec',
    '1e3s',
    '.5s',
    '5.s',
    '5s!',
    '1h 5m',
    '5ss',
    Number.NaN,
  ])('refuses %j', (value) => {
    expect(parseDurationMs(value)).toBeUndefined();
  });

  it('refuses infinite numbers and texts too long to be a number', () => {
    expect(parseDurationMs(Number.POSITIVE_INFINITY)).toBeUndefined();
    expect(parseDurationMs(`${'9'.repeat(400)}h`)).toBeUndefined();
  });

  it('reads back what formatDurationMs writes', () => {
    const whole = fc.integer({ min: 1, max: 10_000_000_000 });
    fc.assert(fc.property(whole, (ms) => parseDurationMs(formatDurationMs(ms)) === ms));
  });
});

describe('formatDurationMs', () => {
  it.each([
    [250, '250ms'],
    [5000, '5s'],
    [90_000, '90s'],
    [3_600_000, '1h'],
    [86_400_000, '24h'],
    [129_600_000, '36h'],
    [172_800_000, '2d'],
    [1_209_600_000, '14d'],
    [1500, '1500ms'],
    [0.5, '0.5ms'],
    [0, '0ms'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDurationMs(ms)).toBe(text);
  });
});
