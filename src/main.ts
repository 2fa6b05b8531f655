#!/usr/bin/env node
/** argv → cli → exit code. The compile cache is switched on before anything large is loaded: it saves time and memory. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

const { env } = process;
const home = env.CACHE_DIRECTORY ?? env.XDG_CACHE_HOME ?? (env.HOME ? join(env.HOME, '.cache') : undefined);
// A directory that others can write to would let them plant code: without one of our own there is no cache.
if (home !== undefined && env.NODE_COMPILE_CACHE === undefined) enableCompileCache(join(home, 'vpcast'));

const { main } = await import('./cli/index.ts');
process.exitCode = await main(process);
