/**
 * What `vpcast run` costs on an idle instance: time from start to the first probe, and resident memory with 50 mixed
 * checks, each beside a bare Node in the same run. Prints a table; `--json` prints JSON. Linux only (reads /proc).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { demoScenario, startSandbox } from '../src/sandbox/index.ts';

const ENTRY = resolve(import.meta.dirname, '../dist/vpcast.js');
const CHECKS = 50;
const STARTS = 7;
const SETTLE_MS = 20_000;

interface Row {
  readonly what: string;
  readonly vpcast: number;
  readonly bareNode: number;
  readonly unit: string;
}

const folder = mkdtempSync(join(tmpdir(), 'vpcast-bench-'));
const sandbox = await startSandbox({ scenario: demoScenario({ azs: 1 }) });
const target: Server = createServer((_request, response) => response.end('ok'));
await new Promise<void>((found) => target.listen(0, '127.0.0.1', found));
const { port } = target.address() as { port: number };
writeFileSync(join(folder, 'vpcast.yaml'), configuration());
const env = {
  PATH: process.env.PATH ?? '',
  HOME: folder,
  AWS_ENDPOINT_URL_EC2: sandbox.url,
  AWS_EC2_METADATA_SERVICE_ENDPOINT: sandbox.imdsUrl('i-0a00000000000000a'),
};
const started = new Set<ChildProcess>();
try {
  // The first start fills the compile cache, as the first boot of an instance does; it is not counted.
  await timeToProbe();
  const probe = await median(STARTS, timeToProbe);
  const bareStart = await median(STARTS, () => timeOf(['-e', '0']));
  const rows: Row[] = [
    { what: 'start to first probe', vpcast: probe, bareNode: bareStart, unit: 'ms' },
    {
      what: `RSS, ${CHECKS} checks`,
      vpcast: await residentMiB(agentArgs()),
      bareNode: await residentMiB(idleArgs()),
      unit: 'MiB',
    },
  ];
  if (process.argv.includes('--json')) console.log(JSON.stringify(rows));
  else for (const row of rows) console.log(line(row));
} finally {
  for (const child of started) child.kill('SIGKILL');
  target.closeAllConnections();
  target.close();
  await sandbox.close();
  rmSync(folder, { recursive: true });
}

function configuration(): string {
  const kinds = [
    `type: tcp, destination: 127.0.0.1, port: ${port}`,
    'type: ping, destination: 127.0.0.1',
    `type: http, url: "http://127.0.0.1:${port}/"`,
  ];
  const checks = Array.from(
    { length: CHECKS },
    (_, index) => `  c${index}: { ${kinds[index % 3]}, every: 1s }`,
  );
  const names = checks.map((_, index) => `c${index}`).join(', ');
  return `healthchecks:
${checks.join('\n')}
routetables:
  ours:
    find: { type: by_tag, config: { key: az, value: "\${az}" } }
    manage_routes: [ { cidr: 192.168.1.1/32, healthcheck: [${names}] } ]
`;
}

function agentArgs(level = 'info'): string[] {
  return [ENTRY, 'run', '-c', join(folder, 'vpcast.yaml'), '--log-format', 'json', '--log-level', level];
}

function idleArgs(): string[] {
  return ['-e', 'setInterval(() => {}, 1000)'];
}

function start(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  started.add(child);
  return child;
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((found) => {
    child.once('exit', () => found());
    child.kill('SIGTERM');
  });
}

async function timeToProbe(): Promise<number> {
  const fromMs = performance.now();
  const child = start(agentArgs('debug'));
  await new Promise<void>((found) => {
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += chunk;
      if (text.includes('"event":"probe"')) found();
    });
  });
  const tookMs = performance.now() - fromMs;
  await end(child);
  return tookMs;
}

function timeOf(args: readonly string[]): Promise<number> {
  const fromMs = performance.now();
  return new Promise((found) => {
    start(args).once('exit', () => found(performance.now() - fromMs));
  });
}

async function residentMiB(args: readonly string[]): Promise<number> {
  const child = start(args);
  child.stdout?.resume();
  await new Promise((found) => setTimeout(found, SETTLE_MS));
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  await end(child);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

async function median(count: number, measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let turn = 0; turn < count; turn += 1) values.push(await measure());
  return values.sort((a, b) => a - b)[Math.floor(count / 2)] ?? Number.NaN;
}

function line({ what, vpcast, bareNode, unit }: Row): string {
  const ratio = (vpcast / bareNode).toFixed(1);
  return `${what.padEnd(22)} ${vpcast.toFixed(0).padStart(5)} ${unit}   bare Node ${bareNode.toFixed(0)} ${unit}   ratio ${ratio}`;
}
