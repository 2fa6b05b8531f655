import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DEMO_IDS, demoScenario, type Sandbox, startSandbox } from '../../src/sandbox/index.ts';

const ENTRY = resolve(import.meta.dirname, '../..', process.env.VPCAST_DIST ?? 'dist', 'vpcast.js');
const INSTANCE = 'i-0a00000000000000a';
const AZ = 'eu-west-1a';

export interface StageOptions {
  readonly checks: number;
  /** As a configuration has them: `1s`, `20ms`. */
  readonly every: string;
  readonly pollTime: string;
  /** Tables beside the one that the zone has. */
  readonly moreTables: number;
  /** Checks of a port that takes no connections any more, instead of as many others. */
  readonly deaf?: { readonly port: number; readonly checks: number };
}

/** An agent of the built program as a process, against a sandbox and services of this process. */
export class Stage {
  readonly #folder = mkdtempSync(join(tmpdir(), 'vpcast-bench-'));
  readonly #target: Server;
  readonly #sandbox: Sandbox;
  readonly #started = new Set<ChildProcess>();
  /** Called at each connection to the service that checks of type tcp and http ask. */
  onConnection: () => void = () => {};

  constructor(target: Server, sandbox: Sandbox, options: StageOptions) {
    this.#target = target;
    this.#sandbox = sandbox;
    target.on('connection', () => this.onConnection());
    const { port } = target.address() as AddressInfo;
    writeFileSync(this.#config(), configuration(options, port));
  }

  /** `node` are arguments for Node itself. */
  startAgent(logLevel: string, node: readonly string[] = []): ChildProcess {
    const run = ['run', '-c', this.#config(), '--log-format', 'json', '--log-level', logLevel];
    return this.start([...node, ENTRY, ...run]);
  }

  /** Starts this Node with nothing of this process's environment but PATH. */
  start(args: readonly string[]): ChildProcess {
    const env = {
      PATH: process.env.PATH ?? '',
      HOME: this.#folder,
      AWS_ENDPOINT_URL_EC2: this.#sandbox.url,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: this.#sandbox.imdsUrl(INSTANCE),
    };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#started.add(child);
    child.once('exit', () => this.#started.delete(child));
    return child;
  }

  async close(): Promise<void> {
    for (const child of this.#started) child.kill('SIGKILL');
    this.#target.closeAllConnections();
    this.#target.close();
    await this.#sandbox.close();
    rmSync(this.#folder, { recursive: true });
  }

  #config(): string {
    return join(this.#folder, 'vpcast.yaml');
  }
}

export async function openStage(options: StageOptions): Promise<Stage> {
  const demo = demoScenario({ azs: 1 });
  const more = Array.from({ length: options.moreTables }, (_, index) => ({
    id: `rtb-${index.toString(16).padStart(17, '1')}`,
    vpc: DEMO_IDS.vpc,
    tags: { az: AZ, type: 'private' },
  }));
  const sandbox = await startSandbox({
    scenario: { ...demo, routeTables: [...(demo.routeTables ?? []), ...more] },
  });
  const target = createServer((_request, response) => response.end('ok'));
  await new Promise<void>((found) => target.listen(0, '127.0.0.1', found));
  return new Stage(target, sandbox, options);
}

/** Ends it in order; resolves when it is gone. */
export function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((found) => {
    child.once('exit', () => found());
    child.kill('SIGTERM');
  });
}

/** What Linux says of a process's memory and descriptors, MiB. */
export function readProcess(pid: number | undefined) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const sum = (pattern: RegExp) =>
    [...rollup.matchAll(pattern)].reduce((total, found) => total + Number(found[1]), 0) / 1024;
  return {
    rssMiB: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
    privateMiB: sum(/^Private_\w+:\s+(\d+)/gm),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}

/** A port whose process is stopped once its queue is full: connections to it are neither taken nor refused. */
export async function openDeafPort(): Promise<{ readonly port: number; close(): void }> {
  const script = `
    const server = require('node:net').createServer();
    server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const text = await new Promise<string>((found) => child.stdout.once('data', (line) => found(`${line}`)));
  child.kill('SIGSTOP');
  return { port: Number(text), close: () => void child.kill('SIGKILL') };
}

function configuration({ checks, every, pollTime, deaf }: StageOptions, port: number): string {
  const kinds = [
    `type: tcp, destination: 127.0.0.1, port: ${port}`,
    'type: ping, destination: 127.0.0.1',
    `type: http, url: "http://127.0.0.1:${port}/"`,
  ];
  const names = Array.from({ length: checks }, (_, index) => `c${index}`);
  const hearing = checks - (deaf?.checks ?? 0);
  const lines = names.map((name, index) =>
    index < hearing
      ? `  ${name}: { ${kinds[index % 3]}, every: ${every} }`
      : `  ${name}: { type: tcp, destination: 127.0.0.1, port: ${deaf?.port}, every: 100ms }`,
  );
  return `poll_time: ${pollTime}
healthchecks:
${lines.join('\n')}
routetables:
  ours:
    find: { type: by_tag, config: { key: az, value: "\${az}" } }
    manage_routes:
      - { cidr: 192.168.1.1/32, healthcheck: [${names.slice(0, hearing).join(', ')}] }
`;
}
