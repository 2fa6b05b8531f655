import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';
import type { Edit, Mutant } from './mutants.ts';

const SRC = resolve(import.meta.dirname, '../../src');

/** Bundles the worker with one file of the agent changed; answers the bundle's path in `folder`. */
export async function buildMutant(mutant: Mutant, folder: string): Promise<string> {
  const outfile = join(folder, `${mutant.name.replaceAll(/\W+/g, '-')}.mjs`);
  await build({
    entryPoints: [resolve(import.meta.dirname, 'worker.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // The agent's client of AWS is not called here.
    packages: 'external',
    logLevel: 'error',
    plugins: [mutation(mutant)],
  });
  return outfile;
}

/** Throws where the text to change is not there exactly once: a mutant that changes nothing proves nothing. */
export function mutate(source: string, { file, find, replace }: Edit): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`src/${file} holds ${parts.length - 1} times: ${find}`);
  return parts.join(replace);
}

function mutation({ edits }: Mutant): Plugin {
  return {
    name: 'mutation',
    setup: (hooks) => {
      hooks.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const own = edits.filter(({ file }) => join(SRC, file) === path);
        if (own.length === 0) return undefined;
        return { contents: own.reduce(mutate, readFileSync(path, 'utf8')), loader: 'ts' };
      });
    },
  };
}
