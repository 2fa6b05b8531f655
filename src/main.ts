#!/usr/bin/env node
/** argv → cli → exit code. The settings that keep the process small come before anything large is loaded. */
import * as modules from 'node:module';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

const { env } = process;
// Little garbage is made and none of it matters for speed: the young generation stays at its first size.
setFlagsFromString('--semi-space-growth-factor=1');
const home = env.CACHE_DIRECTORY ?? env.XDG_CACHE_HOME ?? (env.HOME ? join(env.HOME, '.cache') : undefined);
// A directory that others can write to would let them plant code: without one of our own there is no cache.
if (home !== undefined && env.NODE_COMPILE_CACHE === undefined)
  modules.enableCompileCache?.(join(home, 'vpcast'));

// Node before 22 can't even load the rest: it would end with a syntax error instead of a sentence.
if (Number.parseInt(process.versions.node, 10) < 22) {
  console.error(`vpcast needs Node 22.18 or later, better 24; this is ${process.version}`);
  process.exitCode = 69;
} else {
  const { main } = await import('./cli/index.ts');
  process.exitCode = await main(process);
}
