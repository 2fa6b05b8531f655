import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { type CommandOptions, runCommand } from '../../../src/lib/run-command.ts';
import { starterInThread, starterOnLoop } from '../../support/own-starter.ts';
import { isRunning, pidIn } from '../../support/running.ts';

const directory = mkdtempSync(join(tmpdir(), 'vpcast-command-'));
afterAll(() => rmSync(directory, { recursive: true }));

const sh = (script: string, ...args: string[]): readonly string[] => ['sh', '-c', script, 'sh', ...args];

const places = [
  ['on the loop', starterOnLoop()],
  ['in a thread', (await starterInThread()).starter],
] as const;

describe.each(places)('%s', (place, starter) => {
  const run = (options: CommandOptions) => runCommand(options, starter);
  const fileOf = (name: string): string => join(directory, `${place}-${name}`);

  describe('a command', () => {
    test('that exits gives its status and what it said on both outputs', async () => {
      const result = await run({ argv: sh('echo out; echo err >&2; exit 7'), timeoutMs: 5_000 });
      expect(result).toMatchObject({ status: 'exited', code: 7 });
      expect(result.output.split('\n').sort()).toEqual(['', 'err', 'out']);
      expect(result.durationMs).toBeGreaterThan(0);
    });

    test('that a signal ends gives the signal', async () => {
      const result = await run({ argv: sh('kill -HUP $$'), timeoutMs: 5_000 });
      expect(result).toMatchObject({ status: 'signaled', signal: 'SIGHUP' });
    });

    test.each([
      ['is missing', ['/no/such/program'], 'ENOENT'],
      ['is no program', ['/dev/null'], 'EACCES'],
      ['is empty', [], 'ERR_INVALID_ARG_VALUE'],
      ['has a NUL in it', ['true', 'a\0b'], 'ERR_INVALID_ARG_VALUE'],
    ])('that %s is not started', async (_name, argv, code) => {
      expect(await run({ argv, timeoutMs: 5_000 })).toMatchObject({ status: 'spawn-failed', code });
    });

    test('keeps the last 4 KiB of a flood', async () => {
      const script = 'head -c 1000000 /dev/zero | tr "\\0" x; echo; echo end';
      const { output } = await run({ argv: sh(script), timeoutMs: 5_000 });
      expect(output).toHaveLength(4_096);
      expect(output.endsWith('x\nend\n')).toBe(true);
    });

    test('has the environment that it is given and no other, and an empty standard input', async () => {
      const env = { PATH: process.env.PATH, VPCAST_ROUTE: '192.0.2.1/32' };
      const script = 'cat; env | grep -c VPCAST; echo "$VPCAST_ROUTE"; echo "${HOME:-none}"';
      const { output } = await run({ argv: sh(script), timeoutMs: 5_000, env });
      expect(output).toBe('1\n192.0.2.1/32\nnone\n');
    });
  });

  describe('a command that does not end', () => {
    test('is killed at its timeout with all that it started', async () => {
      const file = fileOf('grandchild');
      const script = '(trap "" TERM; sleep 1000) & echo $! > "$1"; trap "" TERM; wait';
      const result = await run({ argv: sh(script, file), timeoutMs: 300 });
      expect(result.status).toBe('timeout');
      expect(result.durationMs).toBeGreaterThanOrEqual(300);
      const grandchild = await pidIn(file);
      await vi.waitFor(() => expect(isRunning(grandchild)).toBe(false));
    });

    test('is killed when it is called off', async () => {
      const file = fileOf('called-off');
      const abort = new AbortController();
      const running = run({
        argv: sh('echo $$ > "$1"; exec sleep 1000', file),
        timeoutMs: 60_000,
        signal: abort.signal,
      });
      const pid = await pidIn(file);
      abort.abort();
      expect(await running).toMatchObject({ status: 'signaled', signal: 'SIGKILL' });
      await vi.waitFor(() => expect(isRunning(pid)).toBe(false));
    });

    test('is not even started where it was called off before', async () => {
      const file = fileOf('never');
      const result = await run({ argv: ['touch', file], timeoutMs: 5_000, signal: AbortSignal.abort() });
      expect(result).toMatchObject({ status: 'signaled' });
      expect(existsSync(file)).toBe(false);
    });
  });

  test('what has ended while the loop was busy is no timeout, however late the loop hears of it', async () => {
    const running = run({ argv: ['sh', '-c', 'echo done'], timeoutMs: 200 });
    // Long enough for any machine to run it: the loop stands still, and the time with it.
    execFileSync('sleep', ['1']);
    expect(await running).toMatchObject({ status: 'exited', code: 0, output: 'done\n' });
  });

  test('a flood is no reason to end later', async () => {
    const result = await run({ argv: ['yes'], timeoutMs: 300 });
    expect(result.status).toBe('timeout');
    expect(result.durationMs).toBeLessThan(5_000);
  });

  test('a grandchild that holds the output open is not waited for, and what the command said is kept', async () => {
    const file = fileOf('holder');
    const result = await run({
      argv: sh('sleep 1000 & echo $! > "$1"; echo said', file),
      timeoutMs: 10_000,
    });
    expect(result).toMatchObject({ status: 'exited', code: 0, output: 'said\n' });
    expect(result.durationMs).toBeLessThan(5_000);
    const grandchild = await pidIn(file);
    expect(isRunning(grandchild)).toBe(true); // it was left to itself on purpose
    process.kill(grandchild, 'SIGKILL');
  });

  describe('standard output that is wanted whole', () => {
    test('is there to its last byte, without what was said on standard error', async () => {
      const script = 'head -c 3000000 /dev/zero | tr "\\0" x; echo no >&2; echo end';
      const result = await run({ argv: sh(script), timeoutMs: 10_000, stdoutBytes: 3_000_004 });
      expect(result.stdout).toBe(`${'x'.repeat(3_000_000)}end\n`);
    });

    test('is not there at all where it is larger, or was not wanted', async () => {
      const argv = sh('echo 12345');
      expect((await run({ argv, timeoutMs: 5_000, stdoutBytes: 5 })).stdout).toBeUndefined();
      expect((await run({ argv, timeoutMs: 5_000, stdoutBytes: 6 })).stdout).toBe('12345\n');
      expect((await run({ argv, timeoutMs: 5_000 })).stdout).toBeUndefined();
    });
  });
});
