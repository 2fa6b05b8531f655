import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';

/** `VPCAST_DIST` names another directory than `dist` for the built program, as in scripts/build.mjs. */
export const CLI_ENTRY = resolve(
  import.meta.dirname,
  '../..',
  process.env.VPCAST_DIST ?? 'dist',
  'vpcast.js',
);

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `vpcast` process of the built program, which the test has to end. */
export interface RunningCli {
  readonly child: ChildProcess;
  readonly done: Promise<CliResult>;
  /** What it has printed so far, as parsed JSON lines. */
  events(): readonly Readonly<Record<string, unknown>>[];
  /** Resolves when a printed event fits; rejects when the process ends first. */
  event(
    fits: (event: Readonly<Record<string, unknown>>) => boolean,
  ): Promise<Readonly<Record<string, unknown>>>;
}

const running = new Set<RunningCli>();

/** Kills what a failed test has left running; resolves when it is gone. */
export async function endAll(): Promise<void> {
  const left = [...running];
  for (const { child } of left) child.kill('SIGKILL');
  await Promise.all(left.map(({ done }) => done));
}

/** Starts the built program with nothing of this process's environment but PATH. */
export function startCli(args: readonly string[], env: Record<string, string> = {}, stdin = ''): RunningCli {
  const child = spawn(process.execPath, [CLI_ENTRY, ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const listen of listeners) listen();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {}).end(stdin);
  const done = new Promise<CliResult>((found) => {
    child.on('close', (code) => {
      found({ code, stdout, stderr });
      for (const listen of listeners) listen();
    });
  });
  const events = () =>
    stdout
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const event: RunningCli['event'] = (fits) =>
    new Promise((found, failed) => {
      const look = (): void => {
        const hit = events().find(fits);
        if (hit === undefined && child.exitCode === null) return;
        listeners.delete(look);
        if (hit === undefined) failed(new Error(`the process ended without that event:\n${stdout}${stderr}`));
        else found(hit);
      };
      listeners.add(look);
      look();
    });
  const cli = { child, done, events, event };
  running.add(cli);
  void done.then(() => running.delete(cli));
  return cli;
}

/** Runs the built program to its end. */
export function runCli(
  args: readonly string[],
  env: Record<string, string> = {},
  stdin = '',
): Promise<CliResult> {
  return startCli(args, env, stdin).done;
}
