import { describe, expect, it } from 'vitest';
import {
  EMPTY_MEMORY,
  type RouteMemory,
  type RouteRead,
  rememberChange,
  rememberRead,
  settling,
} from '../../../src/core/index.ts';

const SEC = 1_000;
const MIN = 60 * SEC;

/** A read at a time: `me` or another holder. */
function read(atMs: number, holder: string | undefined, isOwner = false): RouteRead {
  return { holder, isMine: holder === 'me', readAtMs: atMs, isOwner };
}

/** The memory after EC2 accepted a takeover by this agent's own view of the holder. */
function taken(memory: RouteMemory, from: string, atMs: number): RouteMemory {
  return rememberChange(memory, { before: from, after: 'me', atMs, isTakeover: true, isMine: true });
}

/** The memory after it pointed the route at itself for another reason. */
function changed(memory: RouteMemory, before: string | undefined, atMs: number): RouteMemory {
  return rememberChange(memory, { before, after: 'me', atMs, isTakeover: false, isMine: true });
}

function deletedBy(memory: RouteMemory, atMs: number): RouteMemory {
  return rememberChange(memory, { before: 'me', after: undefined, atMs, isTakeover: false, isMine: false });
}

/** The memory after a takeover from b at `atMs` that a read has confirmed, and b taking it back 20 s later. */
function reclaimed(memory: RouteMemory, atMs: number): RouteMemory {
  const after = taken(memory, 'b', atMs);
  const seen = rememberRead(after, read(atMs + SEC, 'me'));
  return rememberRead(seen, read(atMs + 20 * SEC, 'b'));
}

describe('the memory of a route', () => {
  it('holds off for 30 s when a takeover is reclaimed', () => {
    expect(reclaimed(EMPTY_MEMORY, 0).reclaim).toEqual({
      holder: 'b',
      holders: ['b'],
      count: 1,
      untilMs: 50 * SEC,
    });
  });

  it('doubles with each further reclaim, up to 30 min', () => {
    let memory = EMPTY_MEMORY;
    const waits: number[] = [];
    for (let turn = 0, atMs = 0; turn < 10; turn += 1) {
      memory = reclaimed(memory, atMs);
      waits.push(((memory.reclaim?.untilMs ?? 0) - (atMs + 20 * SEC)) / SEC);
      atMs = (memory.reclaim?.untilMs ?? 0) + SEC;
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 960, 1800, 1800, 1800, 1800]);
  });

  it('counts a return that no read has shown as mine before, when it is too late for a stale read', () => {
    const after = taken(EMPTY_MEMORY, 'b', 0);
    expect(rememberRead(after, read(9 * SEC, 'b')).reclaim).toBeUndefined();
    expect(rememberRead(after, read(10 * SEC, 'b')).reclaim?.count).toBe(1);
  });

  it('does not count the return of what was never taken: the answer was lost, and so was the change', () => {
    const tried = { ...EMPTY_MEMORY, takeover: { from: 'b', atMs: 0, wasSeen: false } };
    expect(rememberRead(tried, read(30 * SEC, 'b')).reclaim).toBeUndefined();
  });

  it('does not count a stale read after a takeover was seen whose answer was lost', () => {
    const tried = { ...EMPTY_MEMORY, takeover: { from: 'b', atMs: 0, wasSeen: false } };
    const seen = rememberRead(tried, read(SEC, 'me'));
    expect(rememberRead(seen, read(2 * SEC, 'b'))).toBe(seen);
    expect(rememberRead(seen, read(11 * SEC, 'b')).reclaim?.count).toBe(1);
  });

  it('counts a loss of an owner that no read has shown as its own before', () => {
    let memory = EMPTY_MEMORY;
    for (let turn = 0; turn < 5; turn += 1) {
      const atMs = turn * 30 * SEC;
      memory = changed(memory, 'b', atMs);
      memory = rememberRead(memory, read(atMs + 20 * SEC, 'b', true));
    }
    expect(memory.conflict?.count).toBe(1);
  });

  it('does not count a stale read after the takeover was seen: reads come from several replicas', () => {
    const after = taken(EMPTY_MEMORY, 'b', 0);
    const seen = rememberRead(after, read(SEC, 'me'));
    expect(rememberRead(seen, read(9 * SEC, 'b')).reclaim).toBeUndefined();
    expect(rememberRead(seen, read(11 * SEC, 'b')).reclaim?.count).toBe(1);
  });

  it('doubts for 10 s that a route which it deleted is back, whatever was read between', () => {
    const deleted = deletedBy(EMPTY_MEMORY, 0);
    const seen = rememberRead(deleted, read(SEC, undefined));
    expect(settling(seen, { holder: 'me', readAtMs: 2 * SEC })).toBeDefined();
    expect(settling(seen, { holder: 'me', readAtMs: 10 * SEC })).toBeUndefined();
  });

  it('does not count a return after 10 min: the takeover was right', () => {
    const after = taken(EMPTY_MEMORY, 'b', 0);
    const seen = rememberRead(after, read(SEC, 'me'));
    expect(rememberRead(seen, read(11 * MIN, 'b')).reclaim).toBeUndefined();
  });

  it('counts a loss to a third instance as well: it sees neither me nor the one that I took it from', () => {
    const after = taken(EMPTY_MEMORY, 'b', 0);
    const lost = rememberRead(rememberRead(after, read(SEC, 'me')), read(20 * SEC, 'c'));
    expect(lost.reclaim).toEqual({ holder: 'c', holders: ['b', 'c'], count: 1, untilMs: 50 * SEC });
    // And the next one doubles, whoever it is: three agents must not fight in a ring.
    expect(reclaimed(lost, 60 * SEC).reclaim).toEqual({
      holder: 'b',
      holders: ['b', 'c'],
      count: 2,
      untilMs: (60 + 20 + 60) * SEC,
    });
  });

  it('does not count a race with another backup in the same moment, but a second one within 10 min', () => {
    const raced = rememberRead(taken(EMPTY_MEMORY, 'b', 0), read(900, 'c'));
    expect(raced.reclaim).toBeUndefined();
    const again = rememberRead(taken(raced, 'b', MIN), read(MIN + 900, 'c'));
    expect(again.reclaim?.count).toBe(1);
    const later = rememberRead(raced, read(11 * MIN, 'b'));
    expect(rememberRead(taken(later, 'b', 12 * MIN), read(12 * MIN + 900, 'c')).reclaim).toBeUndefined();
  });

  it('counts at once when the former holder takes it back, or a third one a while later', () => {
    const after = rememberRead(taken(EMPTY_MEMORY, 'b', 0), read(500, 'me'));
    expect(rememberRead(after, read(2 * SEC, 'c')).reclaim?.count).toBe(1);
    expect(rememberRead(after, read(11 * SEC, 'b')).reclaim?.count).toBe(1);
  });

  it('does not count a route that is gone', () => {
    const after = taken(EMPTY_MEMORY, 'b', 0);
    const seen = rememberRead(after, read(SEC, 'me'));
    expect(rememberRead(seen, read(20 * SEC, undefined)).reclaim).toBeUndefined();
  });

  it('does not count a change that was no takeover', () => {
    const after = changed(EMPTY_MEMORY, 'b', 0);
    const seen = rememberRead(after, read(SEC, 'me'));
    expect(rememberRead(seen, read(20 * SEC, 'b')).reclaim).toBeUndefined();
  });

  it('forgets the back-off when a takeover has stood for 10 min', () => {
    const memory = reclaimed(EMPTY_MEMORY, 0);
    const after = taken(memory, 'b', MIN);
    const seen = rememberRead(after, read(MIN + SEC, 'me'));
    expect(seen.reclaim?.count).toBe(1);
    expect(rememberRead(seen, read(12 * MIN, 'me')).reclaim).toBeUndefined();
  });

  it('forgets the back-off 10 min after its end', () => {
    const memory = reclaimed(EMPTY_MEMORY, 0);
    expect(rememberRead(memory, read(10 * MIN, 'b')).reclaim?.count).toBe(1);
    expect(rememberRead(memory, read(11 * MIN, 'b')).reclaim).toBeUndefined();
  });

  it('takes five losses of an owner to one holder in 10 min for a conflict, and doubles up to 5 min', () => {
    let memory = EMPTY_MEMORY;
    const waits: number[] = [];
    let atMs = 0;
    for (let turn = 0; turn < 10; turn += 1) {
      memory = rememberRead(memory, read(atMs, 'me', true));
      memory = rememberRead(memory, read(atMs + 20 * SEC, 'b', true));
      const untilMs = memory.conflict?.untilMs;
      waits.push(untilMs === undefined ? 0 : (untilMs - (atMs + 20 * SEC)) / SEC);
      atMs = Math.max(untilMs ?? 0, atMs + 20 * SEC) + SEC;
    }
    expect(waits).toEqual([0, 0, 0, 0, 30, 60, 120, 240, 300, 300]);
  });

  it('does not count losses of a backup, nor losses to nobody', () => {
    let memory = EMPTY_MEMORY;
    for (let turn = 0; turn < 10; turn += 1) {
      memory = rememberRead(memory, read(turn * 40 * SEC, 'me'));
      memory = rememberRead(memory, read(turn * 40 * SEC + 20 * SEC, 'b'));
    }
    expect(memory.conflict).toBeUndefined();
    for (let turn = 20; turn < 30; turn += 1) {
      memory = rememberRead(memory, read(turn * 40 * SEC, 'me', true));
      memory = rememberRead(memory, read(turn * 40 * SEC + 20 * SEC, undefined, true));
    }
    expect(memory.conflict).toBeUndefined();
  });

  it('is not changed by a read that was sent before the own change', () => {
    const after = taken(EMPTY_MEMORY, 'b', 5 * SEC);
    expect(rememberRead(after, read(4 * SEC, 'c'))).toBe(after);
  });

  it('calls a read settling while it shows the state before the own change, for 10 s', () => {
    const after = taken(EMPTY_MEMORY, 'b', 0);
    expect(settling(after, { holder: 'b', readAtMs: 9_999 })).toBeDefined();
    expect(settling(after, { holder: 'b', readAtMs: 10_000 })).toBeUndefined();
    expect(settling(after, { holder: 'c', readAtMs: 1 })).toBeUndefined();
  });

  it('doubts each of several states from before its own changes: a read may lag behind more than one', () => {
    const first = changed(EMPTY_MEMORY, 'b', 0);
    const second = changed(first, 'c', SEC);
    expect(settling(second, { holder: 'b', readAtMs: 2 * SEC })?.atMs).toBe(0);
    expect(settling(second, { holder: 'c', readAtMs: 2 * SEC })?.atMs).toBe(SEC);
    expect(settling(second, { holder: 'b', readAtMs: 10 * SEC })).toBeUndefined();
    expect(settling(second, { holder: 'c', readAtMs: 10 * SEC })?.atMs).toBe(SEC);
  });

  it('believes what it set last, even where it had deleted just that before', () => {
    const deleted = deletedBy(EMPTY_MEMORY, 0);
    const created = changed(deleted, undefined, SEC);
    expect(settling(created, { holder: 'me', readAtMs: 2 * SEC })).toBeUndefined();
  });

  it('keeps no more changes than there were holders within 10 s', () => {
    let memory = EMPTY_MEMORY;
    for (let turn = 0; turn < 100; turn += 1) {
      const before = turn % 2 === 0 ? 'b' : 'c';
      memory = rememberChange(memory, {
        before,
        after: 'me',
        atMs: turn * 100,
        isTakeover: false,
        isMine: true,
      });
    }
    expect(memory.changes).toHaveLength(2);
    expect(rememberRead(memory, read(30 * SEC, 'me')).changes).toEqual([]);
  });

  it('never doubts a missing route', () => {
    const created = changed(EMPTY_MEMORY, undefined, 0);
    expect(settling(created, { holder: undefined, readAtMs: 1 })).toBeUndefined();
  });
});
