import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Targets } from './kind.ts';

/** Starts the services in a process of their own; it ends when the returned child is killed, or this process ends. */
export async function startTargets(): Promise<{ readonly child: ChildProcess; readonly targets: Targets }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'targets.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (text) => resolve(`${text}`));
    child.once('exit', (code) => reject(new Error(`the targets ended with ${code}`)));
  });
  return { child, targets: JSON.parse(line) as Targets };
}

/** Ends this process when the one that started it is gone: it might otherwise measure on for an hour. */
export function endWithParent(): void {
  process.stdin.on('end', () => process.exit(1)).resume();
  if ('unref' in process.stdin) process.stdin.unref();
}
