/**
 * Runs a named task of this repository: `node scripts/run.mjs TASK [ARG ...]`. It first installs what package-lock.json
 * asks for when that is not there yet, then runs the task's commands on Node 24 or later, whatever Node started it.
 * Plain JavaScript without dependencies, because it runs before anything is installed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const bin = join(root, 'node_modules', '.bin');
const stamp = join(root, 'node_modules', '.vpcast-setup');

const node = 'node';
const tool = (name) => join(bin, name);
const vitest = (...args) => [tool('vitest'), 'run', ...args];

/**
 * Task name → commands, run in order, those of a group at the same time; the arguments of the command line go to the
 * last one.
 */
const TASKS = {
  build: [[node, 'scripts/build.mjs']],
  fix: [[tool('biome'), 'check', '--write', '.']],
  check: [
    {
      together: [
        [tool('tsc'), '-p', '.', '--incremental', '--tsBuildInfoFile', '.cache/tsc.tsbuildinfo'],
        [tool('biome'), 'check', '--error-on-warnings', '.'],
        vitest('--maxWorkers=2', '--reporter=dot', 'test/unit', 'test/architecture.test.ts'),
      ],
    },
  ],
  'test:unit': [vitest('test/unit', 'test/architecture.test.ts')],
  'test:integration': [[node, 'scripts/build.mjs'], vitest('test/integration', 'test/contract')],
  test: [[node, 'scripts/build.mjs'], vitest()],
  'test:interop': [
    [node, 'scripts/build.mjs'],
    [node, 'test/interop/setup.ts'],
    vitest('--config', 'vitest.interop.config.ts'),
  ],
  'test:localstack': [
    [node, 'scripts/build.mjs'],
    [node, 'localstack/run.ts'],
  ],
  simulate: [[node, 'test/simulation/simulate.ts']],
  'simulate:mutants': [[node, 'test/simulation/run-mutants.ts']],
  fuzz: [[node, 'test/fuzz/bgp.ts']],
  model: [[node, 'test/model/run.ts']],
  demo: [
    [node, 'scripts/build.mjs'],
    [node, 'demo/run.ts'],
  ],
  bench: [
    [node, 'scripts/build.mjs'],
    [node, 'bench/run.ts'],
  ],
};

const [task, ...args] = process.argv.slice(2);
const commands = TASKS[task];
if (commands === undefined) {
  console.error(`unknown task ${task}; one of: ${Object.keys(TASKS).join(', ')}`);
  process.exit(64);
}
// Ctrl-C reaches the command too: it ends in its own way and this waits for it, so that the prompt comes back last.
process.on('SIGINT', () => {});
install();
const nodeBinary = findNode();
for (const [index, command] of commands.entries()) {
  const isLast = index === commands.length - 1;
  if ('together' in command) await runTogether(command.together);
  else run(command, isLast);
}

/** `npm ci`, when node_modules is not what the lockfile asks for. */
function install() {
  const lockfile = readFileSync(join(root, 'package-lock.json'));
  const wanted = createHash('sha256').update(lockfile).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.error('vpcast: installing dependencies (once) ...');
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const result = spawnSync('npm', ['ci', ...quiet], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (result.status !== 0) fail('npm ci failed: see above', result.status);
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(stamp, wanted);
}

/** The Node that came with the dependencies, else the one that runs this file if it is new enough. */
function findNode() {
  const own = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(own)) return own;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  return fail(
    `Node ${process.versions.node} is too old and no own one for this platform: install Node 24`,
    69,
  );
}

/** Standard output is the last command's alone: it may be a document (`--json`). */
function run([command, ...rest], isLast) {
  const result = spawnSync(programOf(command), isLast ? [...rest, ...args] : rest, {
    cwd: root,
    stdio: isLast ? 'inherit' : ['inherit', 2, 'inherit'],
    env: environment(),
  });
  if (result.error) fail(`${command}: ${result.error.message}`, 69);
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** What each says comes in one piece, when it has ended; all of them are heard before the first failure counts. */
async function runTogether(group) {
  const statuses = await Promise.all(
    group.map(async ([command, ...rest]) => {
      const options = { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: environment() };
      const child = spawn(programOf(command), rest, options);
      const said = [];
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(chunk));
      const status = await new Promise((resolve) => {
        child.on('error', (error) => fail(`${command}: ${error.message}`, 69));
        child.on('close', (code) => resolve(code ?? 1));
      });
      process.stderr.write(Buffer.concat(said));
      return status;
    }),
  );
  const failed = statuses.find((status) => status !== 0);
  if (failed !== undefined) process.exit(failed);
}

function programOf(command) {
  return command === node ? nodeBinary : command;
}

/**
 * A tool's launcher is a script with `env node` in its first line: PATH decides which Node runs it. Some of what tests
 * need lies where an ordinary PATH does not lead.
 */
function environment() {
  const path = [join(nodeBinary, '..'), bin, process.env.PATH, '/usr/sbin', '/sbin'].join(delimiter);
  return { ...process.env, PATH: path };
}

function fail(message, status) {
  console.error(`vpcast: ${message}`);
  process.exit(status || 1);
}
