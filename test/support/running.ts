import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { vi } from 'vitest';

/** Whether the process runs; a zombie that nobody has reaped yet does not. */
export function isRunning(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** The number that a script writes into the file. */
export async function pidIn(file: string): Promise<number> {
  return vi.waitFor(
    () => {
      const pid = Number(readFileSync(file, 'utf8').trim());
      if (!(pid > 0)) throw new Error('not written yet');
      return pid;
    },
    { timeout: 10_000 },
  );
}

/** Processes that have the text in their command line, zombies not counted. */
export function runningWith(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && commandLineOf(pid).includes(text) && isRunning(pid));
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}
