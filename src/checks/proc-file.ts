import { readFileSync } from 'node:fs';

/**
 * What a file of /proc says: its text without the line's end; undefined where there is no such file. Read at once: it is
 * memory of the kernel, and never waited for, while the thread pool would take four turns of the loop for each file.
 */
export async function readProcText(path: string): Promise<string | undefined> {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The same as a whole number that is not negative; undefined also where it says something else. */
export async function readProcCount(path: string): Promise<number | undefined> {
  const text = await readProcText(path);
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
