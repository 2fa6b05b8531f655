/** Bundles src/main.ts into dist/vpcast.js, and what its thread runs (koffi stays outside: it carries native code). */

import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { build, transform } from 'esbuild';

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
      return { contents: lateModule(`node:${path}`, names), loader: 'js' };
    });
  },
};

/** The YAML library is carried along, and run only for a config that the plain reader does not know. */
const lateYaml = {
  name: 'late-yaml',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^yaml$/ }, ({ namespace }) =>
      namespace === 'late-yaml' ? undefined : { path: 'yaml', namespace: 'late-yaml' },
    );
    onLoad({ filter: /.*/, namespace: 'late-yaml' }, () => ({
      contents: lateModule('yaml', Object.keys(createRequire(import.meta.url)('yaml'))),
      loader: 'js',
      resolveDir: root,
    }));
  },
};

/** A module with these names that loads another when one of them is first used. */
function lateModule(name, exported) {
  const getters = exported.map((each) => `get ${each}() { return load().${each}; }`);
  return `const load = () => require('${name}');\nmodule.exports = { ${getters.join(', ')} };`;
}

/**
 * A folder is imported by its index.ts, and esbuild puts all that an index names into one part. So each import is
 * pointed at the file that has what it names: what only another command or a later call needs is loaded only then.
 */
const directImports = {
  name: 'direct-imports',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const contents = source.replaceAll(
        /^import \{([^}]*)\} from '(\.[^']*\/)index\.ts';/gm,
        (whole, names, folder) => importsOf(names, folder, exportsOf(join(path, '..', folder))) ?? whole,
      );
      return { contents, loader: 'ts' };
    });
  },
};

/** One import for each name; undefined where a name is not found. */
function importsOf(names, folder, exported) {
  const each = names.split(',').map((name) => name.trim());
  const values = each.filter((name) => name !== '' && !name.startsWith('type '));
  if (!values.every((name) => exported.has(name))) return undefined;
  return values.map((name) => `import { ${name} } from '${folder}${exported.get(name)}';`).join(' ');
}

/** Name → file, of the values that a folder's index exports. */
function exportsOf(folder) {
  const index = readFileSync(join(folder, 'index.ts'), 'utf8');
  const found = new Map();
  for (const [, names, file] of index.matchAll(/^export (\*|\{[^}]*\}) from '\.\/([^']+)';/gm)) {
    const declared = /^export (?:async )?(?:function|const|class) (\w+)/gm;
    const all = names === '*' ? readFileSync(join(folder, file), 'utf8').matchAll(declared) : [];
    for (const [, name] of all) found.set(name, file);
    for (const name of names === '*' ? [] : names.slice(1, -1).split(',')) found.set(name.trim(), file);
  }
  return found;
}

const root = join(import.meta.dirname, '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const { version } = manifest;

// Whatever runs from one directory goes on while another is built.
const outdir = process.env.VPCAST_DIST ?? 'dist';

const { outputFiles } = await build({
  absWorkingDir: root,
  // A thread is started by the name of a file, which is looked for beside the one that starts it.
  entryPoints: { vpcast: 'src/main.ts', 'command-worker': 'src/lib/command-worker.ts' },
  outdir,
  write: false,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  minify: true,
  keepNames: false,
  sourcemap: 'inline',
  sourcesContent: false,
  // The AWS SDK's CommonJS build is one file that can't be shaken: its ES build halves what is loaded.
  mainFields: ['module', 'main'],
  plugins: [directImports, literalSchemaKeys, lazyBuiltins, lateYaml],
  external: ['koffi'],
  define: { VPCAST_VERSION: JSON.stringify(version) },
  logLevel: 'warning',
});
rmSync(join(root, outdir), { recursive: true, force: true });
mkdirSync(join(root, outdir), { recursive: true });
await Promise.all(outputFiles.map(({ path, text }) => writeCommonJs(path, text)));
writePackage(join(root, outdir));
const entry = join(root, outdir, 'vpcast.js');
chmodSync(entry, 0o755);
console.error(`built ${outdir}/vpcast.js (${Math.round(statSync(entry).size / 1024)} KiB entry)`);

/**
 * esbuild splits only ES modules, and Node takes twice as long to load these as CommonJS: so each part is made CommonJS
 * when it has been split off.
 */
async function writeCommonJs(path, text) {
  const { code, map } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node22',
    minify: true,
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': '__filename' },
    sourcefile: path,
    sourcemap: 'external',
    sourcesContent: false,
  });
  writeFileSync(path, `${code}//# sourceMappingURL=${basename(path)}.map\n`);
  writeFileSync(`${path}.map`, map);
}

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
    type: 'commonjs',
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
