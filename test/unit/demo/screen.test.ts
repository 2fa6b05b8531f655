import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Frame, Screen } from '../../../demo/screen.ts';

const ZONE = {
  name: 'a',
  instance: 'running',
  service: 'up',
  agent: 'runs',
  health: 'healthy',
  anycast: 'a',
  defaultRoute: 'a',
  isWell: true,
  isHome: true,
};

const FRAME: Frame = {
  url: 'http://127.0.0.1:8500',
  zones: [ZONE, { ...ZONE, name: 'b' }, { ...ZONE, name: 'c' }],
  router: undefined,
  why: undefined,
  steps: Array.from({ length: 9 }, (_unused, index) => `step ${index}`),
  changes: Array.from({ length: 20 }, (_unused, index) => `change ${index}`),
  faults: [],
  keys: undefined,
};

const ROUTER = {
  title: 'BGP router',
  rows: [
    {
      zone: 'a',
      nextHop: '192.0.2.11',
      communities: '64512:1 GRACEFUL_SHUTDOWN',
      change: 'drains 2 ms after SIGTERM',
      tone: 'yellow',
    },
    { zone: 'b', nextHop: '-', communities: '-', change: 'gone 9 ms after kill -9', tone: 'red' },
    { zone: 'c', nextHop: '-', communities: '-', change: 'none yet', tone: 'red' },
  ],
} as const;

/** The lines of one frame on a terminal of that size. */
function lines(frame: Frame, rows = 100): readonly string[] {
  const written: string[] = [];
  const out = { columns: 120, rows, write: (text: string) => written.push(text) };
  new Screen(out as unknown as NodeJS.WriteStream, true).draw(frame);
  return stripVTControlCharacters(written.at(-1) ?? '')
    .trimEnd()
    .split('\n');
}

describe('the screen', () => {
  it('shows the router’s own table below the zones', () => {
    const shown = lines({ ...FRAME, router: ROUTER });
    const at = shown.indexOf('BGP router');
    expect(at).toBeGreaterThan(shown.findIndex((line) => line.startsWith('  c ')));
    expect(shown.slice(at + 1, at + 3)).toEqual([
      '  a     192.0.2.11      64512:1 GRACEFUL_SHUTDOWN   drains 2 ms after SIGTERM',
      '  b     -               -                           gone 9 ms after kill -9',
    ]);
  });

  it('has one line that says why there is no router', () => {
    const [plain, told] = [lines(FRAME), lines({ ...FRAME, why: 'without its BGP part' })];
    expect(told.filter((line) => !plain.includes(line))).toEqual(['without its BGP part']);
  });

  it.each([
    [24, 3, 3],
    [28, 7, 3],
    [32, 9, 5],
    [40, 9, 8],
  ])('leaves out what is older where the terminal has %i rows: %i steps, %i changes', (rows, steps, changes) => {
    const shown = lines({ ...FRAME, router: ROUTER }, rows);
    expect(shown.filter((line) => line.startsWith('step'))).toHaveLength(steps);
    expect(shown.filter((line) => line.startsWith('  change'))).toHaveLength(changes);
    expect(shown).toContain('  change 19');
    expect(shown).toContain('step 8');
    expect(shown.length).toBeLessThan(rows);
  });
});
