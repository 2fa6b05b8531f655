import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { runCommand } from '../../../src/lib/run-command.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { starterInThread } from '../../support/own-starter.ts';
import { isRunning, pidIn, runningWith } from '../../support/running.ts';

const folder = mkdtempSync(join(tmpdir(), 'vpcast-thread-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** For a machine that has much else to do. */
const LONG_MS = 20_000;
const LIMITS = { timeout: 10_000 };

const hanging = (pidFile: string): readonly string[] => [
  'sh',
  '-c',
  'echo $$ > "$1.new"; mv "$1.new" "$1"; exec sleep 1000',
  'sh',
  join(folder, pidFile),
];

/** Nothing runs any more that has the text in its command line. */
async function expectGone(text: string): Promise<void> {
  await vi.waitFor(() => expect(runningWith(text)).toEqual([]), LIMITS);
}

describe('a thread that dies', () => {
  test('takes its commands along, of which nothing is known then; the next ones run', async () => {
    const { starter, worker } = await starterInThread();
    const argv = hanging('orphan');
    const running = runCommand({ argv, timeoutMs: LONG_MS }, starter);
    const pid = await pidIn(join(folder, 'orphan'));
    await worker.terminate();
    expect(await running).toMatchObject({ status: 'spawn-failed', code: 'EAGAIN', output: '' });
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), LIMITS);
    expect(starter.hasThread).toBe(false);
    const next = await runCommand({ argv: ['echo', 'on'], timeoutMs: LONG_MS }, starter);
    expect(next).toMatchObject({ status: 'exited', code: 0, output: 'on\n' });
  });

  test('loses none of those that wait for their turn', async () => {
    const { starter, worker } = await starterInThread();
    const all = Array.from({ length: 20 }, (_, index) =>
      runCommand({ argv: ['echo', `${index}`], timeoutMs: LONG_MS }, starter),
    );
    await worker.terminate();
    const results = await Promise.all(all);
    const said = results.filter((result) => result.status === 'exited').map(({ output }) => output);
    const lost = results.filter((result) => result.status === 'spawn-failed' && result.code === 'EAGAIN');
    expect(said.length + lost.length).toBe(20);
    expect(said).toContain('19\n');
  });
});

describe('a command that is only being started', () => {
  test('is called off', async () => {
    const { starter } = await starterInThread();
    const abort = new AbortController();
    const argv = hanging('called-off');
    const running = runCommand({ argv, timeoutMs: LONG_MS, signal: abort.signal }, starter);
    abort.abort();
    expect(await running).toMatchObject({ status: 'signaled', signal: 'SIGKILL' });
    await expectGone(join(folder, 'called-off'));
  });

  test('is killed at its timeout', async () => {
    const { starter } = await starterInThread();
    const argv = hanging('at-once');
    expect(await runCommand({ argv, timeoutMs: 0 }, starter)).toMatchObject({ status: 'timeout' });
    await expectGone(join(folder, 'at-once'));
  });

  test('has its own clock: while that stands still there is no timeout', async () => {
    const { starter } = await starterInThread();
    const clock = new FakeClock();
    const options = { argv: ['sh', '-c', 'sleep 0.05; echo slow'], timeoutMs: 10, clock };
    const result = await runCommand(options, starter);
    expect(result).toMatchObject({ status: 'exited', output: 'slow\n', durationMs: 0 });
    expect(clock.pendingTimers).toBe(0);
  });
});

test('hundreds at once all end, and leave no descriptor behind', async () => {
  const { starter } = await starterInThread();
  const before = readdirSync('/proc/self/fd').length;
  const results = await Promise.all(
    Array.from({ length: 300 }, (_, index) =>
      runCommand({ argv: ['sh', '-c', `echo ${index}; exit ${index % 7}`], timeoutMs: 60_000 }, starter),
    ),
  );
  const told = results.map((result) => [result.status === 'exited' && result.code, result.output]);
  expect(told).toEqual(results.map((_, index) => [index % 7, `${index}\n`]));
  await vi.waitFor(() => expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before + 2), LIMITS);
  expect(starter.hasThread).toBe(true);
}, 60_000);

test('a change of the environment is seen by the next command', async () => {
  const { starter } = await starterInThread();
  process.env.VPCAST_TEST_WORD = 'later';
  try {
    const argv = ['sh', '-c', 'printf %s "$VPCAST_TEST_WORD"'];
    expect(await runCommand({ argv, timeoutMs: LONG_MS }, starter)).toMatchObject({ output: 'later' });
  } finally {
    delete process.env.VPCAST_TEST_WORD;
  }
});

/** Runs the lines in a process of their own, after three commands have begun there, and tells how it ended. */
function endOf(name: string, lines: string) {
  const at = (file: string): string => JSON.stringify(join(import.meta.dirname, '../../../src/lib', file));
  const program = `
    import { existsSync } from 'node:fs';
    import { runCommand } from ${at('run-command.ts')};
    const until = async (isSo: () => boolean) => { while (!isSo()) await new Promise((on) => setTimeout(on, 10)); };
    const files = ['1', '2', '3'].map((each) => ${JSON.stringify(join(folder, name))} + each);
    const hang = (file: string, survivesExit = false) =>
      runCommand({ argv: ['sh', '-c', 'echo $$ > "$1.new"; mv "$1.new" "$1"; exec sleep 1000', 'sh', file], timeoutMs: 1e6, survivesExit });
    ${lines}`;
  const script = join(folder, `${name}.ts`);
  writeFileSync(script, program);
  const startedMs = performance.now();
  const { status, signal, stderr } = spawnSync(process.execPath, [script], { timeout: 15_000 });
  return { status, signal, stderr: `${stderr}`, tookMs: performance.now() - startedMs };
}

describe('a process that exits while commands run', () => {
  const BEGUN = 'await until(() => files.every((each) => existsSync(each)));';

  test.each([
    ['loop', `for (const each of files) void hang(each); ${BEGUN}`],
    [
      'thread',
      `await runCommand({ argv: ['sleep', '0.3'], timeoutMs: 9e3 }); for (const each of files) void hang(each); ${BEGUN}`,
    ],
    [
      'start',
      `await runCommand({ argv: ['sleep', '0.3'], timeoutMs: 9e3 }); for (const each of files) void hang(each);`,
    ],
  ])('leaves none of them behind (%s)', async (name, lines) => {
    const { status, signal, stderr } = endOf(name, `${lines} process.exit(3);`);
    expect({ status, signal, stderr }).toEqual({ status: 3, signal: null, stderr: '' });
    await expectGone(join(folder, name));
  });

  test('leaves those that may outlive it', async () => {
    const lines = `await runCommand({ argv: ['sleep', '0.3'], timeoutMs: 9e3 }); for (const each of files) void hang(each, each.endsWith('2')); ${BEGUN} process.exit(0);`;
    expect(endOf('survivor', lines)).toMatchObject({ status: 0 });
    const survivor = await pidIn(join(folder, 'survivor2'));
    await vi.waitFor(() => expect(runningWith(join(folder, 'survivor'))).toEqual([]), LIMITS);
    expect(isRunning(survivor)).toBe(true);
    process.kill(survivor, 'SIGKILL');
  });

  test('exits by itself once they have ended, and no thread holds it', () => {
    const lines = `process.once('exit', () => console.error(JSON.stringify(done)));
      const done: string[] = [];
      for (let turn = 0; turn < 3; turn += 1) void runCommand({ argv: ['sleep', '0.3'], timeoutMs: 9e3 }).then(({ status }) => done.push(status));`;
    const { status, signal, stderr, tookMs } = endOf('natural', lines);
    expect({ status, signal, stderr }).toEqual({
      status: 0,
      signal: null,
      stderr: '["exited","exited","exited"]\n',
    });
    expect(tookMs).toBeLessThan(9_000);
  });
});
