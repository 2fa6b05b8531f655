import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { StepReport } from '../../demo/show.ts';
import { waitFor } from '../support/story/wait.ts';

const DEMO = join(import.meta.dirname, '../../demo/run.ts');

let child: ChildProcess | undefined;
let folder = '';

afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function start(...args: readonly string[]) {
  folder = mkdtempSync(join(tmpdir(), 'vpcast-demo-test-'));
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, TMPDIR: folder };
  const demo = spawn(process.execPath, [DEMO, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child = demo;
  const said: string[] = [];
  demo.stdout.setEncoding('utf8').on('data', (text: string) => said.push(text));
  demo.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  return { demo, ended: once(demo, 'close'), text: () => said.join('') };
}

/** Of the demo with this process id. */
function hasLink(pid: number | undefined): boolean {
  return execFileSync('ip', ['-brief', 'link'], { encoding: 'utf8' }).includes(`vpcast-${pid}@`);
}

const isEmpty = () => readdirSync(folder).length === 0;

test('the demo’s router loses a path with its check or its agent, and has it again', async () => {
  const { demo, ended, text } = start('--json');
  let json = '';
  demo.stdout.on('data', (part: string) => {
    json += part;
  });
  expect(await ended, text()).toEqual([0, null]);
  const { bgp, steps } = JSON.parse(json) as { bgp: unknown; steps: readonly StepReport[] };
  expect(bgp).toMatchObject({ daemon: expect.stringMatching(/^BIRD 2/), prefix: '10.53.0.53/32' });
  const seen = steps.map(({ router }) => router?.paths.map(({ zone }) => zone).join(''));
  expect(seen).toEqual(['abc', 'bc', 'abc', 'ac', 'abc', 'ab', 'abc', 'ab', 'abc']);
  const causes = steps.map(({ router }) =>
    router?.changes.map(({ zone, kind, cause }) => `${zone} ${kind}: ${cause}`),
  );
  expect(causes[1]).toContain('a gone: its check failed');
  expect(causes[2]).toContain('a came: its check passed');
  expect(causes[3]).toContain('b gone: kill -9');
  expect(causes[5]).toContain('c gone: kill -9');
  expect(causes[7]).toEqual(expect.arrayContaining(['c drains: SIGTERM', 'c gone: SIGTERM']));
  expect(steps.at(-1)?.router?.paths.map(({ communities }) => communities)).toEqual([
    ['64512:1'],
    ['64512:2'],
    ['64512:3'],
  ]);
  expect(hasLink(demo.pid)).toBe(false);
  expect(isEmpty()).toBe(true);
});

test.each([
  'SIGTERM',
  'SIGKILL',
] as const)('nothing is left of a demo with a router that ends by %s', async (signal) => {
  const { demo, ended, text } = start();
  await waitFor(() => text().includes('all agents start'), {
    limitMs: 30_000,
    what: 'the first scene',
    everyMs: 50,
  });
  expect(hasLink(demo.pid), text()).toBe(true);
  demo.kill(signal);
  await ended;
  const isGone = () => !hasLink(demo.pid) && isEmpty();
  await waitFor(isGone, { limitMs: 10_000, what: 'its link and its files are gone', everyMs: 50 });
});
