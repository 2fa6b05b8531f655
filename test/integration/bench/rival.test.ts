import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { awsnycast } from '../../../bench/rival/contestant.ts';
import { playDetection } from '../../../bench/rival/detection-story.ts';
import { playRouteStory } from '../../../bench/rival/route-story.ts';
import { bench } from '../../../bench/rival.ts';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vpcast-stand-in-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

/** A program of its own, as a rival is: not a script that our Node is told to run. */
async function standIn(name: string): Promise<string> {
  const script = join(import.meta.dirname, '../../support/rival', `${name}-stand-in.ts`);
  const program = join(dir, name);
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${script}' "$@"\n`);
  await chmod(program, 0o755);
  return program;
}

test('a program that knows only AWS’s own addresses plays the story on the embedded VPC', async () => {
  const program = await standIn('awsnycast');
  const pace = { everySec: 1, rise: 1, fall: 1, pollSec: 1 };
  const result = await playRouteStory(awsnycast(program), { pace, trials: 1, apiLatencyMs: 5 });
  expect(result.awayMs).toHaveLength(1);
  expect(result.awayMs[0]).toBeLessThan(15_000);
  expect(result.backMs).toHaveLength(1);
  expect(result.callsPerHour).toBeGreaterThan(0);
});

test('a rival that ends at once is told of with what it said', async () => {
  const program = join(dir, 'broken');
  await writeFile(program, '#!/bin/sh\necho "no such table"\nexit 1\n');
  await chmod(program, 0o755);
  const pace = { everySec: 1, rise: 1, fall: 1, pollSec: 1 };
  const played = playRouteStory(awsnycast(program), { pace, trials: 1, apiLatencyMs: 5 });
  await expect(played).rejects.toThrow(/AWSnycast[\s\S]*no such table/);
});

test('what anycastd knows is read from its metrics, beside vpcast’s log', async () => {
  const result = await playDetection(await standIn('anycastd'), 2);
  expect(result.anycastdMs).toHaveLength(2);
  expect(result.vpcastMs).toHaveLength(2);
  for (const tookMs of [...result.anycastdMs, ...result.vpcastMs]) expect(tookMs).toBeGreaterThan(200);
});

test('without a rival the bench says one line and measures nothing', async () => {
  const lines: string[] = [];
  vi.stubEnv('BENCH_AWSNYCAST', undefined).stubEnv('BENCH_ANYCASTD', undefined);
  try {
    expect(await bench.run({ isQuick: true, say: (line) => lines.push(line) })).toEqual([]);
    expect(lines).toHaveLength(1);
  } finally {
    vi.unstubAllEnvs();
  }
});
