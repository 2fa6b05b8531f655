import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SOURCES = path.join(ROOT, 'test/interop/go');

/** Programs in Go that the interop suite runs: folders of `test/interop/go`, each a module with pinned versions. */
export type GoProgram = 'grpc-health';

/** Where the program is, or will be: in `.cache` in the repository, under a name that changes with its sources. */
export async function goProgram(name: GoProgram): Promise<string> {
  const folder = path.join(SOURCES, name);
  const hash = createHash('sha256');
  for (const file of (await readdir(folder)).sort()) hash.update(await readFile(path.join(folder, file)));
  return path.join(ROOT, '.cache', 'go', `${name}-${hash.digest('hex').slice(0, 16)}`);
}

/**
 * Makes sure that the program is built, and resolves to its path. Building takes about a minute, and fetches the modules
 * where they are not there. Rejects with an Error that says what is missing.
 */
export async function ensureGoProgram(name: GoProgram): Promise<string> {
  const program = await goProgram(name);
  if (await isThere(program)) return program;
  await mkdir(path.dirname(program), { recursive: true });
  const child = spawn('go', ['build', '-trimpath', '-o', program, '.'], {
    cwd: path.join(SOURCES, name),
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly -buildvcs=false', GOTOOLCHAIN: 'local' },
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = `${errors}${text}`.slice(-2_000);
  });
  const code = await new Promise<number | string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (status) => resolve(status ?? 'killed'));
  });
  if (code === 0) return program;
  const needs = 'Go 1.24 or newer (Debian 13: golang-go), and a Go module proxy that has what go.sum names';
  throw new Error(`${name} cannot be built: it needs ${needs}; go ended with ${code}: ${errors}`);
}

async function isThere(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}
