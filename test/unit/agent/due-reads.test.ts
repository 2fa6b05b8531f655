import { describe, expect, it } from 'vitest';
import { DueReads } from '../../../src/agent/due-reads.ts';

describe('the reads that verify changes', () => {
  it('come when they are due, each table once for all that is due of it', () => {
    const due = new DueReads(0);
    due.add(['rtb-a'], [0, 200, 1_000]);
    due.add(['rtb-b'], [200]);
    expect(due.nextAtMs(0)).toBe(0);
    expect(due.take(0)).toEqual(['rtb-a']);
    expect(due.take(0)).toEqual([]);
    expect(due.nextAtMs(0)).toBe(200);
    expect(due.take(250)).toEqual(['rtb-a', 'rtb-b']);
    expect(due.nextAtMs(250)).toBe(1_000);
    expect(due.take(1_000)).toEqual(['rtb-a']);
    expect(due.nextAtMs(1_000)).toBeUndefined();
  });

  it('wait for each other in a mass of changes, and lose no table', () => {
    const due = new DueReads(0);
    const seen = new Set<string>();
    let reads = 0;
    for (let nowMs = 0; nowMs < 60_000; nowMs += 50) {
      if (nowMs < 50_000) due.add([`rtb-${nowMs}`], [nowMs, nowMs + 200, nowMs + 1_000, nowMs + 3_000]);
      const keys = due.take(nowMs);
      if (keys.length > 0) reads += 1;
      for (const key of keys) seen.add(key);
    }
    expect(seen.size).toBe(1_000);
    // Two a second and a few at first, though 4,000 were asked for.
    expect(reads).toBeLessThanOrEqual(6 + 2 * 60);
    expect(due.nextAtMs(60_000)).toBeUndefined();
  });

  it('are asked for again when the pace allows it', () => {
    const due = new DueReads(0);
    for (let turn = 0; turn < 6; turn += 1) {
      due.add(['rtb-a'], [0]);
      expect(due.take(0)).toEqual(['rtb-a']);
    }
    due.add(['rtb-a'], [0]);
    expect(due.take(0)).toEqual([]);
    const nextAtMs = due.nextAtMs(0) ?? 0;
    expect(nextAtMs).toBe(500);
    expect(due.take(nextAtMs)).toEqual(['rtb-a']);
  });
});
