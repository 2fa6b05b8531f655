import { defineConfig } from 'vitest/config';

/** Tests against software that nobody here wrote: what they need is installed by test/interop/setup.ts. */
export default defineConfig({
  test: {
    pool: 'threads',
    isolate: false,
    fileParallelism: false,
    include: ['test/interop/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
