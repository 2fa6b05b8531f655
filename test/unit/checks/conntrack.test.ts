import { expect, test } from 'vitest';
import { judgeTable } from '../../../src/checks/conntrack.ts';

function judged(maxUsedPercent: number, entries: number, limit: number) {
  return judgeTable({ type: 'conntrack', maxUsedPercent }, { entries, limit });
}

test('a table passes up to just below its share', () => {
  expect(judged(90, 89_999, 100_000)).toEqual({
    reason: 'passed',
    measurement: { kind: 'conntrack', entries: 89_999, limit: 100_000 },
  });
  expect(judged(90, 90_000, 100_000)).toEqual({
    reason: 'table-full',
    detail: '90000 of 100000 entries are used, 90.0% and not less than 90%',
    measurement: { kind: 'conntrack', entries: 90_000, limit: 100_000 },
  });
});

test('a share of 100% fails only when there is no room left', () => {
  expect(judged(100, 99, 100).reason).toBe('passed');
  expect(judged(100, 100, 100).reason).toBe('table-full');
});

test('a table without a limit is never full', () => {
  expect(judged(1, 1_000_000, 0).reason).toBe('passed');
});

test('without connection tracking there is no table', () => {
  expect(judgeTable({ type: 'conntrack', maxUsedPercent: 90 }, undefined)).toEqual({
    reason: 'not-found',
    detail: 'connection tracking is not loaded',
  });
});
