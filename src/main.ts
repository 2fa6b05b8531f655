#!/usr/bin/env node
/** argv → cli → exit code, and the settings that keep a process small and its next start short. */
import * as modules from 'node:module';
import { join } from 'node:path';

const LAST_RESORT_MS = 1_000;

const { env } = process;
// Four threads by default: as many files on a mount that hangs would keep every look-up of a name waiting, EC2's too.
env.UV_THREADPOOL_SIZE ??= '16';
const home = env.CACHE_DIRECTORY ?? env.XDG_CACHE_HOME ?? (env.HOME ? join(env.HOME, '.cache') : undefined);
// A directory that others can write to would let them plant code: without one of our own there is no cache.
if (home !== undefined && env.NODE_COMPILE_CACHE === undefined)
  modules.enableCompileCache?.(join(home, 'vpcast'));

// Node before 22 can't even load the rest: it would end with a syntax error instead of a sentence.
if (Number.parseInt(process.versions.node, 10) < 22) {
  console.error(`vpcast needs Node 22.18 or later, better 24; this is ${process.version}`);
  process.exitCode = 69;
} else {
  // No `await` at the top: the bundle is CommonJS, which starts sooner.
  import('./cli/index.ts').then(async ({ endNow, main }) => {
    const code = await main(process);
    process.exitCode = code;
    // Everything is written by now. What still holds the process hangs in the kernel: see `endNow`.
    setTimeout(() => endNow(process, code), LAST_RESORT_MS).unref();
  });
}

// Little garbage is made once all is loaded, and none of it matters for speed: the young generation grows no more.
setTimeout(async () => {
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString('--semi-space-growth-factor=1');
  // Opening it makes a pipe non-blocking, so that a reader who stops reading does not stop the agent; it takes some ms.
  void process.stdout;
}, 250).unref();
// Node writes the cache at the end, which a killed process does not have, and V8 forgets what ran only at the start.
setTimeout(() => modules.flushCompileCache?.(), 10_000).unref();
