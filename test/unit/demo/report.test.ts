import { describe, expect, it } from 'vitest';
import type { PathChange } from '../../../demo/router/paths.ts';
import {
  changeText,
  type RouterReport,
  reportText,
  type ToldChange,
  tellChange,
  type ZoneHistory,
} from '../../../demo/router/report.ts';
import type { AgentLogEvent } from '../../support/story/agent-log.ts';

const NOTHING: ZoneHistory = { health: [], ending: undefined };

function health(atMs: number, to: 'healthy' | 'unhealthy'): AgentLogEvent {
  const facts = { check: 'service', to };
  return { zone: 'a', atMs, event: 'health', level: 'info', message: '', facts };
}

function change(kind: PathChange['kind'], atMs: number, zone = 'a'): PathChange {
  return { zone, kind, atMs };
}

describe('a change of a path', () => {
  const tell = (kind: PathChange['kind'], atMs: number, history: Partial<ZoneHistory>) => {
    const earlier = [change('came', 1_000), change('drains', 4_900), change('gone', 4_990, 'b')];
    return changeText(tellChange(change(kind, atMs), earlier, { ...NOTHING, ...history }));
  };

  it.each([
    ['gone', [health(900, 'healthy'), health(4_997, 'unhealthy')], 'gone 3 ms after its check failed'],
    ['came', [health(900, 'unhealthy'), health(4_988.4, 'healthy')], 'here 12 ms after its check passed'],
    // The agent withdraws, and then writes of it.
    ['gone', [health(5_008, 'unhealthy')], 'gone 0 ms after its check failed'],
    // That was before the path came: something else took it away.
    ['gone', [health(900, 'unhealthy')], 'gone'],
    // And this is long after it.
    ['gone', [health(6_000, 'unhealthy')], 'gone'],
    ['gone', [health(4_000, 'unhealthy'), health(4_500, 'healthy')], 'gone'],
    ['came', [], 'here'],
  ] as const)('that %s comes of the last word of the check', (kind, events, text) => {
    expect(tell(kind, 5_000, { health: events })).toBe(text);
  });

  it.each([
    ['gone', 'SIGKILL', 4_991, 'gone 9 ms after kill -9'],
    ['gone', 'SIGTERM', 3_990, 'gone 1010 ms after SIGTERM'],
    ['drains', 'SIGTERM', 4_998, 'drains 2 ms after SIGTERM'],
    // An earlier agent's.
    ['gone', 'SIGKILL', 990, 'gone'],
    ['drains', 'SIGTERM', 5_001, 'drains'],
    // What starts an agent again is its check.
    ['came', 'SIGKILL', 4_991, 'here'],
  ] as const)('that %s comes of the end of its agent', (kind, signal, atMs, text) => {
    expect(tell(kind, 5_000, { ending: { signal, atMs } })).toBe(text);
  });

  it('is told by the end of the agent where the check had failed before', () => {
    const history = {
      health: [health(4_000, 'unhealthy')],
      ending: { signal: 'SIGKILL', atMs: 4_990 },
    } as const;
    expect(tell('gone', 5_000, history)).toBe('gone 10 ms after kill -9');
  });
});

describe('what a scene did to the router’s table', () => {
  const told = (
    kind: PathChange['kind'],
    zone: string,
    more: Partial<RouterReport['changes'][number]>,
  ): ToldChange & { readonly totalMs: number } => {
    return { kind, zone, atMs: more.totalMs ?? 0, cause: undefined, afterMs: undefined, totalMs: 0, ...more };
  };
  const paths = (...zones: readonly string[]) =>
    zones.map((zone) => ({ zone, nextHop: '192.0.2.11', communities: [] }));

  it('a check that failed, with how long it took in all', () => {
    const changes = [told('gone', 'a', { cause: 'its check failed', afterMs: 3, totalMs: 561 })];
    expect(reportText({ changes, paths: paths('b', 'c') })).toBe(
      'the router lost the path of zone a 3 ms after its check failed (561 ms in all); it has those of b and c',
    );
  });

  it('an agent that was killed', () => {
    const changes = [told('gone', 'b', { cause: 'kill -9', afterMs: 9, totalMs: 9 })];
    expect(reportText({ changes, paths: paths('a') })).toBe(
      'the router lost the path of zone b 9 ms after kill -9; it has that of a',
    );
  });

  it('an agent that was told to stop', () => {
    const changes = [
      told('drains', 'c', { cause: 'SIGTERM', afterMs: 2, totalMs: 2 }),
      told('gone', 'c', { cause: 'SIGTERM', afterMs: 1_005, totalMs: 1_005 }),
    ];
    expect(reportText({ changes, paths: [] })).toBe(
      'the router saw GRACEFUL_SHUTDOWN on the path of zone c 2 ms after SIGTERM and lost it 1005 ms after SIGTERM; it has none',
    );
  });

  it('of several zones the last, whatever order they were seen in', () => {
    const passed = { cause: 'its check passed', afterMs: 1 } as const;
    const changes = [
      told('came', 'b', { ...passed, totalMs: 900 }),
      told('came', 'a', { ...passed, totalMs: 400 }),
    ];
    expect(reportText({ changes, paths: paths('a', 'b') })).toBe(
      'the router got the path of zone b 1 ms after its check passed (900 ms in all); it has those of a and b',
    );
  });

  it('not what was undone within it', () => {
    const changes = [
      told('gone', 'a', { cause: 'its check failed', afterMs: 3, totalMs: 500 }),
      told('gone', 'c', { cause: 'its check failed', afterMs: 3, totalMs: 600 }),
      told('came', 'c', { cause: 'its check passed', afterMs: 1, totalMs: 800 }),
    ];
    expect(reportText({ changes, paths: paths('b', 'c') })).toMatch(
      /lost the path of zone a .* got the path of zone c/,
    );
  });

  it('nothing', () => {
    expect(reportText({ changes: [], paths: paths('a', 'b', 'c') })).toBe(
      'the router saw no change; it has those of a, b and c',
    );
  });
});
