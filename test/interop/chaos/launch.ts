import { spawn } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vpcastProgram } from '../../support/story/stage.ts';
import type { ChaosReport } from './report.ts';
import type { ChaosResult } from './run.ts';

/** What the run needs beyond `seconds`: to start, to recover, to be judged. */
const MORE_SECONDS = 480;

export interface LaunchOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Where something was found: told of a file with all that happened, which stays. */
  readonly onTimeline: (file: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Runs chaos in namespaces of its own for processes, network and mounts. The kernel ends every process in it with its
 * first one, which ends when this process does, and then takes the rest away: nothing can be left behind.
 */
export async function launchChaos({
  seed,
  seconds,
  onTimeline,
  signal,
}: LaunchOptions): Promise<ChaosReport> {
  const argument = JSON.stringify({ seed, seconds, program: vpcastProgram() });
  const main = join(import.meta.dirname, 'main.ts');
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', main, argument];
  const { report, timeline }: ChaosResult = JSON.parse(await runAlone(command, { seconds, signal }));
  if (timeline !== '') {
    const file = join(await mkdtemp(join(tmpdir(), 'vpcast-chaos-')), 'timeline.txt');
    await writeFile(file, timeline);
    onTimeline(file);
  }
  return report;
}

const UNSHARE = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'] as const;

function runAlone(
  command: readonly string[],
  { seconds, signal }: { readonly seconds: number; readonly signal: AbortSignal },
): Promise<string> {
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const child = spawn('unshare', [...asRoot, ...UNSHARE, ...command], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: (seconds + MORE_SECONDS) * 1_000,
    killSignal: 'SIGKILL',
    signal,
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err = `${said.err}${text}`.slice(-20_000);
    if (process.env.VPCAST_CHAOS_VERBOSE !== undefined) process.stderr.write(text);
  });
  child.stdin.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, by) => {
      if (code === 0) resolve(said.out);
      else reject(new Error(`chaos ended with ${code ?? by}\n${said.err}`));
    });
  });
}
