import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Pinned: the known faults in `test/contract/moto-faults.ts` are this version's. */
export const MOTO_REQUIREMENT = 'moto[server,ec2]==5.2.5';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Where moto is: `VPCAST_MOTO_VENV`, else `.cache/moto-venv` in the repository. */
export function motoVenv(): string {
  return process.env.VPCAST_MOTO_VENV ?? path.join(ROOT, '.cache', 'moto-venv');
}

/**
 * Makes sure that this moto is installed and resolves to its server's program. Installs it from PyPI into the venv if it
 * is not there (about a minute). Rejects with an Error that says what is missing.
 */
export async function ensureMotoVenv(): Promise<string> {
  const venv = motoVenv();
  const python = path.join(venv, 'bin', 'python3');
  // Written last: an install that was cut off, or one of another version, is done again.
  const mark = path.join(venv, 'installed-requirement');
  if ((await contentOf(mark)) !== MOTO_REQUIREMENT) {
    await mkdir(path.dirname(venv), { recursive: true });
    await run('python3', ['-m', 'venv', venv], 'Python 3 with its venv module (Debian: python3-venv)');
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', MOTO_REQUIREMENT];
    await run(python, install, `a package index that has ${MOTO_REQUIREMENT}`);
    await writeFile(mark, MOTO_REQUIREMENT);
  }
  return path.join(venv, 'bin', 'moto_server');
}

async function contentOf(file: string): Promise<string | undefined> {
  return await readFile(file, 'utf8').catch(() => undefined);
}

async function run(program: string, args: readonly string[], needs: string): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = `${errors}${text}`.slice(-2_000);
  });
  const code = await new Promise<number | string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (status) => resolve(status ?? 'killed'));
  });
  if (code !== 0)
    throw new Error(`moto cannot be set up: it needs ${needs}; ${program} ended with ${code}: ${errors}`);
}
