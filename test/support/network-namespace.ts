import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';

/** How this host lets us make a network namespace: as root, as root of a user namespace of our own, or not at all. */
export function unshareCommand(): readonly string[] | undefined {
  return [
    ['unshare', '--net'],
    ['unshare', '--map-root-user', '--net'],
  ].find(([program = '', ...flags]) => succeeds(program, [...flags, 'ip', 'link', 'set', 'lo', 'up']));
}

/**
 * Runs a TypeScript file with the same Node in a network namespace of its own, which ends with it; `setup` is shell text
 * that goes before (`ip route add …`). `unshare` undefined: without one. Gives what it printed; rejects where it failed.
 */
export async function runScript(options: {
  readonly unshare: readonly string[] | undefined;
  readonly setup: string;
  readonly script: string;
  readonly argument: unknown;
  readonly timeoutMs: number;
}): Promise<string> {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', options.script];
  const run = [...node, JSON.stringify(options.argument)];
  const [program = '', ...args] =
    options.unshare === undefined
      ? run
      : [...options.unshare, 'sh', '-ec', `${options.setup}\nexec "$@"`, 'sh', ...run];
  const limits = { timeout: options.timeoutMs, killSignal: 'SIGKILL', maxBuffer: 16_777_216 } as const;
  const { stdout } = await promisify(execFile)(program, args, limits);
  return stdout;
}

/** Whether the shell text works in a namespace of its own. */
export function isPossible(unshare: readonly string[], setup: string): boolean {
  const [program = '', ...flags] = unshare;
  return succeeds(program, [...flags, 'sh', '-ec', setup]);
}

function succeeds(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}
