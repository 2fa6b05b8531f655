import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const RUN = join(import.meta.dirname, '../../../bench/run.ts');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Without a rival named in the environment, the bench `rival` measures nothing and ends at once. */
function runBenches(...args: readonly string[]): Promise<Ended> {
  const argv = ['--disable-warning=ExperimentalWarning', RUN, ...args];
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH ?? '' };
    const child = execFile(process.execPath, argv, { env, timeout: 15_000 }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

test('with --json there is one document on standard output, and progress beside it', async () => {
  const { code, stdout, stderr } = await runBenches('rival', '--quick', '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    format: 1,
    isQuick: true,
    machine: { node: process.versions.node },
    benches: [{ name: 'rival', figures: [] }],
  });
  expect(stderr).toContain('rival: begins');
  expect(code).toBe(0);
});

test('without it there is a table for people', async () => {
  const { code, stdout } = await runBenches('rival', '--quick');
  expect(stdout).toContain('rival: beside AWSnycast or anycastd');
  expect(code).toBe(0);
});

test('a bench that there is not is a mistake of the command line', async () => {
  const { code, stdout, stderr } = await runBenches('speed');
  expect(stderr).toContain('there is no bench speed; one of: failover, convergence');
  expect(stdout).toBe('');
  expect(code).toBe(64);
});
