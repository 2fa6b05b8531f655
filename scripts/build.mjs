/** Bundles src/main.ts into dist/vpcast.js (ES module, koffi stays outside: it carries native code). */

import { chmodSync, copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * The SDK's schemas name their fields by constants (`{ [_eQN]: "Filter" }`). A computed key could have side effects, so
 * the bundler must keep all of EC2's 1,500 shapes; with the names written out it keeps the few that are used.
 */
const literalSchemaKeys = {
  name: 'literal-schema-keys',
  setup({ onLoad }) {
    onLoad({ filter: /@aws-sdk[\\/].*[\\/]schemas[\\/]schemas_\d+\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const names = new Map(
        [...source.matchAll(/^const (_\w+) = ("[^"]*");$/gm)].map((found) => [found[1], found[2]]),
      );
      const contents = source.replaceAll(/\[(_\w+)\]:/g, (key, name) =>
        names.has(name) ? `${names.get(name)}:` : key,
      );
      return { contents, loader: 'js' };
    });
  },
};

/**
 * An ES import of a built-in module reads all its exports at once, and some of those load more: `node:http` alone loads
 * the whole of undici. These are loaded when something of theirs is first used.
 */
const LAZY_BUILTINS =
  /^(?:node:)?(https?|http2|zlib|worker_threads|assert|readline|perf_hooks|fs|fs\/promises|crypto|child_process|dns|tls|dgram|stream|os|process)$/;
const lazyBuiltins = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: LAZY_BUILTINS }, ({ path, namespace }) => {
      if (namespace === 'lazy-builtin') return { path, external: true };
      return { path: path.replace('node:', ''), namespace: 'lazy-builtin' };
    });
    onLoad({ filter: /.*/, namespace: 'lazy-builtin' }, async ({ path }) => {
      const names = Object.keys(createRequire(import.meta.url)(`node:${path}`));
      const getters = names.map((name) => `get ${name}() { return load().${name}; }`);
      const contents = `const load = () => require('node:${path}');\nmodule.exports = { ${getters.join(', ')} };`;
      return { contents, loader: 'js' };
    });
  },
};

const root = join(import.meta.dirname, '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const { version } = manifest;

// Whatever runs from one directory goes on while another is built.
const outdir = process.env.VPCAST_DIST ?? 'dist';

rmSync(join(root, outdir), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: { vpcast: 'src/main.ts' },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  minify: true,
  keepNames: false,
  sourcemap: 'linked',
  sourcesContent: false,
  // The AWS SDK's CommonJS build is one file that can't be shaken: its ES build halves what is loaded.
  mainFields: ['module', 'main'],
  plugins: [literalSchemaKeys, lazyBuiltins],
  external: ['koffi'],
  define: { VPCAST_VERSION: JSON.stringify(version) },
  banner: {
    // Some CommonJS dependencies call `require`, which an ES module has to make for itself.
    js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);",
  },
  logLevel: 'warning',
});
writePackage(join(root, outdir));
const entry = join(root, outdir, 'vpcast.js');
chmodSync(entry, 0o755);
console.error(`built ${outdir}/vpcast.js (${Math.round(statSync(entry).size / 1024)} KiB entry)`);

/**
 * The folder is the package that is installed on instances (`npm pack ./dist`): the bundle, and koffi as its only
 * dependency. What the bundle was made of stays behind.
 */
function writePackage(folder) {
  const { name, description, license, engines, dependencies } = manifest;
  const packed = {
    name,
    version,
    description,
    license,
    type: 'module',
    bin: { vpcast: 'vpcast.js' },
    engines,
    dependencies: { koffi: dependencies.koffi },
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(packed, null, 2)}\n`);
  const files = ['README.md', 'LICENSE', 'CHANGELOG.md', 'config.example.yaml'];
  for (const file of files.filter((each) => existsSync(join(root, each)))) {
    copyFileSync(join(root, file), join(folder, file));
  }
}
