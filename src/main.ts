#!/usr/bin/env node
/** argv → cli → exit code. The settings that keep the process small come before anything large is loaded. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

const { env } = process;
// Little garbage is made and none of it matters for speed: the young generation stays at its first size.
setFlagsFromString('--semi-space-growth-factor=1');
const home = env.CACHE_DIRECTORY ?? env.XDG_CACHE_HOME ?? (env.HOME ? join(env.HOME, '.cache') : undefined);
// A directory that others can write to would let them plant code: without one of our own there is no cache.
if (home !== undefined && env.NODE_COMPILE_CACHE === undefined) enableCompileCache(join(home, 'vpcast'));

const { main } = await import('./cli/index.ts');
process.exitCode = await main(process);
