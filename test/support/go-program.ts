import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SOURCES = path.join(ROOT, 'test/interop/go');

/** Programs in Go that the interop suite runs. */
export type GoProgram = keyof typeof PROGRAMS;

/** Folders of `test/interop/go` are modules with pinned versions; a program is a package of one. */
const PROGRAMS = {
  'grpc-health': { module: 'grpc-health', package: '.', goVersion: '1.24' },
  gobgpd: { module: 'gobgp', package: 'github.com/osrg/gobgp/v4/cmd/gobgpd', goVersion: '1.25' },
  gobgp: { module: 'gobgp', package: 'github.com/osrg/gobgp/v4/cmd/gobgp', goVersion: '1.25' },
} as const;

/** Where the program is, or will be: in `.cache` in the repository, under a name that changes with its sources. */
export async function goProgram(name: GoProgram): Promise<string> {
  const folder = path.join(SOURCES, PROGRAMS[name].module);
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
  const source = PROGRAMS[name];
  const child = spawn('go', ['build', '-trimpath', '-o', program, source.package], {
    cwd: path.join(SOURCES, source.module),
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
  const needs = `Go ${source.goVersion} or newer, and a Go module proxy that has what go.sum names`;
  throw new Error(`${name} cannot be built: it needs ${needs}; go ended with ${code}: ${errors}`);
}

async function isThere(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}
