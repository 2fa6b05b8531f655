import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { waitFor } from '../../support/story/wait.ts';

const CHILD = join(import.meta.dirname, 'guard-child.ts');

let child: ChildProcess | undefined;
const folder = mkdtempSync(join(tmpdir(), 'vpcast a guard-'));

afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

test('what a process has started ends when that process is killed, and its folders are gone', async () => {
  const flags = ['--disable-warning=ExperimentalWarning'];
  child = spawn(process.execPath, [...flags, CHILD, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  // The output closes when the last process that has it ends, and that is the one which would run for ever.
  const closed = once(child, 'close');
  expect(String((await once(child.stdout ?? child, 'data'))[0])).toBe('ready\n');
  child.kill('SIGKILL');
  await closed;
  await waitFor(() => !existsSync(folder), { limitMs: 5_000, what: 'the folder is gone' });
});
