import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { waitFor } from '../../support/story/wait.ts';

const DEMO = join(import.meta.dirname, '../../../demo/run.ts');

const running: ChildProcess[] = [];
const folders: string[] = [];

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vpcast-demo-test-'));
  folders.push(folder);
  return folder;
}

/** The demo on a machine with no more than Node and a shell; resolves when it has started agents. */
async function startDemo() {
  const [programs, files] = [makeFolder(), makeFolder()];
  for (const name of ['sh', 'rm']) symlinkSync(`/bin/${name}`, join(programs, name));
  const dist = process.env.VPCAST_DIST === undefined ? {} : { VPCAST_DIST: process.env.VPCAST_DIST };
  const env = { PATH: programs, TMPDIR: files, ...dist };
  const child = spawn(process.execPath, [DEMO], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  const said: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const ended = once(child, 'exit');
  const isStarted = () => readdirSync(files, { recursive: true }).some((path) => `${path}`.endsWith('.yaml'));
  await waitFor(isStarted, { limitMs: 15_000, what: 'an agent is started' });
  return {
    child,
    ended,
    lines: () => said.join('').split('\n'),
    isEmpty: () => readdirSync(files).length === 0,
  };
}

test('without BIRD the demo says in one line what its BGP part needs, and plays', async () => {
  const demo = await startDemo();
  const [first = '', second = '', third = ''] = demo.lines();
  expect(first).toMatch(/^the VPC is at http:/);
  expect(second).toMatch(/^without its BGP part, which needs (BIRD 2 \(apt-get install bird2\)|Linux)/);
  // What follows comes of the story.
  expect(third).toMatch(/^(✔|$)/);
  demo.child.kill('SIGTERM');
  expect(await demo.ended).toEqual([143, null]);
  expect(demo.isEmpty()).toBe(true);
});

test('nothing is left of a demo that is killed', async () => {
  const demo = await startDemo();
  demo.child.kill('SIGKILL');
  await demo.ended;
  await waitFor(demo.isEmpty, { limitMs: 10_000, what: 'its files are gone' });
});

test('the demo ends when nobody reads what it says', async () => {
  const demo = await startDemo();
  demo.child.stdout.destroy();
  expect(await demo.ended).toEqual([143, null]);
  expect(demo.isEmpty()).toBe(true);
});
