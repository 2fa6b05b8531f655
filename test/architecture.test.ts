import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

/** Folder → folders that it may import; `types:` marks folders of which only types may be imported. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  core: ['lib'],
  checks: ['lib'],
  bgp: ['lib'],
  aws: ['lib', 'core'],
  announce: ['lib', 'core', 'bgp'],
  agent: ['lib', 'core', 'checks', 'aws', 'announce'],
  config: ['lib', 'types:agent', 'types:core', 'types:checks', 'types:admin', 'types:announce', 'types:bgp'],
  telemetry: ['lib', 'types:agent', 'types:core', 'types:announce', 'types:bgp'],
  admin: ['lib'],
  sandbox: ['lib'],
  cli: ['lib', 'core', 'checks', 'aws', 'announce', 'agent', 'config', 'telemetry', 'admin', 'sandbox'],
};

/** Package or built-in module → the only places that may import it (folders, or files). */
const CONFINED: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(zod|yaml)(\/|$)/, ['config']],
  [/^@aws-sdk\//, ['aws']],
  [/^koffi(\/|$)/, ['lib/libc.ts']],
  [/^dns-packet(\/|$)/, ['checks']],
  [/^ipaddr\.js$/, ['lib', 'aws', 'sandbox']],
  [/^node:http$/, ['checks', 'aws', 'sandbox', 'admin']],
  [/^node:(dgram|tls|https|http2)$/, ['checks', 'aws', 'sandbox']],
  [
    /^node:net$/,
    ['checks', 'aws', 'sandbox', 'cli', 'config', 'admin', 'bgp', 'lib/cidr.ts', 'lib/sockaddr.ts'],
  ],
  // lib/command-run.ts ends process groups, which only `process.kill` can.
  [/^node:process$/, ['cli', 'lib/command-run.ts']],
  [/^node:child_process$/, ['lib/command-run.ts', 'lib/keep-running.ts']],
  [/^node:worker_threads$/, ['lib/command-thread.ts', 'lib/command-worker.ts']],
  [/^node:fs(\/promises)?$/, ['cli', 'checks', 'bgp/transport-md5-counters.ts']],
];

/** Files without I/O, clock, timer or randomness: the heart, and what turns data into data. */
const PURE = [
  /^core\//,
  /^config\//,
  /^aws\/(target|errors|server-filters)\.ts$/,
  /^telemetry\/(lines|announcer-lines|log-line)\.ts$/,
  // All of BGP but the sockets.
  /^bgp\/(?!speaker|peer-session|peer-connections|peer-routes|connection|transport|listener)/,
];
const IMPURE =
  /\b(Math\.random|Date\.now|new Date\(\)|performance\.now|setTimeout|setInterval|setImmediate|async |await )/;

/** Larger files: a schema and decoders may be longer than the rest. */
const LINES = 250;
const LONGER: Readonly<Record<string, number>> = { 'config/schema.ts': 400 };

interface Import {
  readonly from: string;
  readonly isType: boolean;
}

interface SourceFile {
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  readonly code: string;
  readonly imports: readonly Import[];
}

function read(path: string): SourceFile {
  const text = readFileSync(join(SRC, path), 'utf8');
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
  const statements = code.matchAll(
    /^(?:import|export)\s+(type\s)?[^;]*?from\s+'([^']+)'|import\('([^']+)'\)|^import '([^']+)'/gm,
  );
  const imports = [...statements].map((found) => ({
    from: found[2] ?? found[3] ?? found[4] ?? '',
    isType: found[1] !== undefined || isAllTypes(found[0]),
  }));
  return { path, folder: path.split('/')[0] ?? '', text, code, imports };
}

/** `import { type A, type B } from …` */
function isAllTypes(statement: string): boolean {
  const names = /\{([\s\S]*)\}/.exec(statement)?.[1];
  if (names === undefined) return false;
  const each = names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return each.every((name) => name.startsWith('type '));
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => read(path.replaceAll('\\', '/')));

/** Every rule below is applied to every file: what breaks it, a sentence each. */
function violations(rule: (file: SourceFile) => readonly string[]): string[] {
  return files.flatMap((file) => rule(file).map((what) => `src/${file.path}: ${what}`));
}

describe('the architecture', () => {
  it('covers every folder of src', () => {
    const folders = new Set(files.filter((file) => file.path.includes('/')).map((file) => file.folder));
    expect([...folders].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  });

  it('lets a folder import only what the table says', () => {
    const found = violations((file) => {
      const allowed = MAY_IMPORT[file.folder] ?? ['cli'];
      return file.imports.flatMap(({ from, isType }) => {
        if (!from.startsWith('.')) return [];
        const target = relative(SRC, resolve(SRC, dirname(file.path), from)).split('/')[0] ?? '';
        if (target === file.folder || allowed.includes(target)) return [];
        if (isType && allowed.includes(`types:${target}`)) return [];
        return [`must not import ${from}`];
      });
    });
    expect(found).toEqual([]);
  });

  it('goes into another folder by its index only; lib has none', () => {
    const found = violations((file) =>
      file.imports.flatMap(({ from }) => {
        if (!from.startsWith('.')) return [];
        const path = relative(SRC, resolve(SRC, dirname(file.path), from));
        const [target, ...rest] = path.split('/');
        if (target === file.folder || target === 'lib' || rest.join('/') === 'index.ts') return [];
        return [`imports ${from} past its index.ts`];
      }),
    );
    expect(found).toEqual([]);
  });

  it('confines packages and built-in modules', () => {
    const found = violations((file) =>
      file.imports.flatMap(({ from, isType }) => {
        const rule = CONFINED.find(([pattern]) => pattern.test(from));
        if (rule === undefined || isType || file.path === 'main.ts') return [];
        const isAllowed = rule[1].some((place) => file.path === place || file.folder === place);
        return isAllowed ? [] : [`must not import ${from}`];
      }),
    );
    expect(found).toEqual([]);
  });

  it('touches `process` in cli and main only, and where children are ended with it', () => {
    const found = violations((file) => {
      if (file.folder === 'cli' || ['main.ts', 'lib/run-command.ts'].includes(file.path)) return [];
      return /(?<![\w.'-])process\.\w/.test(file.code) ? ['uses process'] : [];
    });
    expect(found).toEqual([]);
  });

  it('keeps the pure files free of I/O, clocks, timers, randomness and promises', () => {
    const found = violations((file) => {
      if (!PURE.some((pattern) => pattern.test(file.path))) return [];
      const impure = IMPURE.exec(file.code)?.[0];
      const builtIn = file.imports.find(({ from }) => from.startsWith('node:') && from !== 'node:net');
      return [
        ...(impure === undefined ? [] : [`uses ${impure}`]),
        ...(builtIn ? [`imports ${builtIn.from}`] : []),
      ];
    });
    expect(found).toEqual([]);
  });

  it('keeps files short', () => {
    const found = violations((file) => {
      const lines = file.text.split('\n').length - 1;
      const most = LONGER[file.path] ?? LINES;
      return lines > most ? [`${lines} lines, at most ${most}`] : [];
    });
    expect(found).toEqual([]);
  });

  it('says at the top of each index.ts what the folder is', () => {
    const found = violations((file) =>
      /^[^/]+\/index\.ts$/.test(file.path) && !file.text.startsWith('/**')
        ? ['does not open with a comment']
        : [],
    );
    expect(found).toEqual([]);
  });

  it('has no enum, no default export, no non-erasable class syntax, no open end', () => {
    const found = violations((file) => {
      const banned =
        /^\s*(export )?(const )?enum |^export default |constructor\([^)]*\b(public|private|readonly) |\b(TODO|FIXME)\b/m;
      const hit = banned.exec(file.code)?.[0];
      return hit === undefined ? [] : [`has \`${hit.trim()}\``];
    });
    expect(found).toEqual([]);
  });
});
