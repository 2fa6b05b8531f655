import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { mutate } from './build-mutant.ts';
import { generate } from './generate.ts';
import { MUTANTS } from './mutants.ts';
import { run, type TimelineEntry } from './run.ts';
import type { Script } from './script.ts';
import { shrink } from './shrink.ts';
import { tell } from './story.ts';
import { NO_RUNS, withRun } from './totals.ts';
import { INVARIANTS } from './violation.ts';

/** `npm run simulate` runs thousands; these are for every `npm test`. */
const SEEDS = 50;

it(`keeps every invariant in ${SEEDS} fleets`, { timeout: 120_000 }, async () => {
  let totals = NO_RUNS;
  for (let seed = 1; seed <= SEEDS; seed += 1) totals = withRun(totals, seed, await run(generate(seed)));
  expect(totals.failures).toEqual([]);
  expect(totals.changes).toBeGreaterThan(SEEDS);
});

it('replays a seed step by step', async () => {
  const timelineOf = async (seed: number): Promise<readonly TimelineEntry[]> => {
    const entries: TimelineEntry[] = [];
    await run(generate(seed), { note: (entry) => entries.push(entry) });
    return entries;
  };
  const first = await timelineOf(7);
  expect(first.length).toBeGreaterThan(20);
  expect(await timelineOf(7)).toEqual(first);
  expect(await timelineOf(8)).not.toEqual(first);
});

it('makes a failing script smaller and keeps what makes it fail', async () => {
  const seed = [1, 2, 3, 4, 5, 6, 7, 8, 9].find((each) => generate(each).events.length > 8) ?? 1;
  const script = generate(seed);
  const culprits = [script.events[1], script.events[6]];
  const isFailing = async ({ events }: Script): Promise<boolean> =>
    culprits.every((culprit) => events.some((event) => event.atMs === culprit?.atMs));
  const small = await shrink(script, isFailing);
  expect(small.events.map((event) => event.kind)).toEqual(culprits.map((culprit) => culprit?.kind));
});

it('tells a run as a timeline', async () => {
  const text = await tell(7);
  expect(text).toContain('seed 7: no invariant is broken');
  expect(text).toMatch(/\d+\.\d{3} s [a-f] +EC2: create rtb-[a-f] 192\.168\.1\.1\/32 none → eni-/);
});

it('has a mutant for every invariant, and each changes a guard that is there', () => {
  const src = resolve(import.meta.dirname, '../../src');
  for (const { edits } of MUTANTS) {
    for (const edit of edits) {
      const source = readFileSync(join(src, edit.file), 'utf8');
      expect(mutate(source, edit)).not.toBe(source);
    }
  }
  const broken = new Set(MUTANTS.map((mutant) => mutant.breaks));
  expect([...INVARIANTS].filter((invariant) => !broken.has(invariant))).toEqual([]);
});

it('has a sentence for every invariant in docs/proof.md', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/proof.md'), 'utf8');
  const named = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
  expect(named).toEqual([...INVARIANTS]);
});
