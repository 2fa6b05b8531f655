import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What the BGP part has to work with, or what it lacks, in words. */
export type RouterMeans =
  | { readonly isThere: true; readonly daemon: string }
  | { readonly isThere: false; readonly missing: readonly string[] };

/** Looks for BIRD, for the tools of a network namespace, and for the right to make one. Leaves nothing behind. */
export async function findMeans(): Promise<RouterMeans> {
  if (process.platform !== 'linux') return { isThere: false, missing: ['Linux'] };
  const [version, tools, namespace] = await Promise.all([
    outputOf('bird', ['--version']),
    outputOf('ip', ['-V']),
    outputOf('unshare', ['--net', '--pid', '--fork', '--kill-child', 'true']),
  ]);
  const daemon = birdName(version ?? '');
  const missing = [
    ...(daemon === undefined ? ['BIRD 2 (apt-get install bird2)'] : []),
    ...(tools === undefined ? ['ip (apt-get install iproute2)'] : []),
    ...(namespace === undefined ? ['root, to make a network namespace'] : []),
  ];
  return daemon === undefined || missing.length > 0 ? { isThere: false, missing } : { isThere: true, daemon };
}

/** `BIRD 2.0.12`; undefined for what does not understand the configuration of BIRD 2. */
export function birdName(output: string): string | undefined {
  const version = /BIRD version (\d+)(\S*)/.exec(output);
  return version !== null && Number(version[1]) >= 2 ? `BIRD ${version[1]}${version[2]}` : undefined;
}

/** The one line for who sees the demo without a router. */
export function missingLine(missing: readonly string[]): string {
  return `without its BGP part, which needs ${missing.join(' and ')}`;
}

/** Both outputs; undefined: it is not there, or failed. */
async function outputOf(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, [...args], {
      timeout: 5_000,
      killSignal: 'SIGKILL',
    });
    return `${stdout}${stderr}`;
  } catch {
    return undefined;
  }
}
