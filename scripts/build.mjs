/** Bundles src/main.ts into dist/vpcast.js (ES module, koffi stays outside: it carries native code). */

import { chmodSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

rmSync(join(root, 'dist'), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: { vpcast: 'src/main.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  minify: true,
  keepNames: false,
  sourcemap: 'linked',
  sourcesContent: false,
  external: ['koffi'],
  define: { VPCAST_VERSION: JSON.stringify(version) },
  banner: {
    // Some CommonJS dependencies call `require`, which an ES module has to make for itself.
    js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);",
  },
  logLevel: 'warning',
});
const entry = join(root, 'dist', 'vpcast.js');
chmodSync(entry, 0o755);
console.error(`built dist/vpcast.js (${Math.round(statSync(entry).size / 1024)} KiB entry)`);
