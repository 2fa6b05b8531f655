import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { demoScenario, demoSuffix, startSandbox } from '../../src/sandbox/index.ts';
import { AgentLogs } from '../../test/support/story/agent-log.ts';
import { Processes } from '../../test/support/story/processes.ts';
import { findCommonPort } from '../../test/support/story/tcp-service.ts';
import { waitFor } from '../../test/support/story/wait.ts';
import { vpcast } from './contestant.ts';

const HOST = '127.0.0.1';
const EVERY_MS = 200;
const TIMEOUT_MS = 150;
const FAILURES = 3;
const LIMIT_MS = 30_000;

export interface DetectionResult {
  readonly vpcastMs: readonly number[];
  readonly anycastdMs: readonly number[];
}

/**
 * Both watch one web server, which dies and returns. anycastd tells what it knows in its metrics (`anycastd_service_up`),
 * which are read every few milliseconds; its BGP peer is never there. vpcast tells it in its log.
 */
export async function playDetection(program: string, trials: number): Promise<DetectionResult> {
  const dir = await mkdtemp(join(tmpdir(), 'vpcast-rival-'));
  const sandbox = await startSandbox({ scenario: demoScenario({ azs: 1 }) });
  const processes = new Processes();
  const killNow = () => processes.killNow();
  process.on('exit', killNow);
  const lines: string[] = [];
  const logs = new AgentLogs();
  const web = new MortalWeb();
  try {
    const url = await web.listen();
    const metricsPort = await findCommonPort([HOST]);
    await writeFile(join(dir, 'anycastd.yaml'), anycastdConfig(url, metricsPort));
    await writeFile(join(dir, 'vpcast.yaml'), vpcastConfig(url));
    await processes.start({
      name: 'anycastd',
      script: program,
      isProgram: true,
      args: [],
      env: {
        PATH: process.env.PATH ?? '',
        HOME: dir,
        CONFIG_PATH: join(dir, 'anycastd.yaml'),
        LOG_LEVEL: 'INFO',
      },
      onLine: (line) => lines.push(line),
    });
    const start = {
      configFile: join(dir, 'vpcast.yaml'),
      imdsUrl: sandbox.imdsUrl(`i-${demoSuffix(0)}`),
      ec2Url: sandbox.url,
      proxyUrl: '',
      authorityFile: '',
      homeDir: dir,
    };
    await vpcast.start(processes, start, (line) => logs.add('a', line));
    const known = { isUp: () => isUpByMetrics(metricsPort), logs, web };
    return await play(known, trials);
  } catch (error) {
    throw new Error(`anycastd: ${String(error)}\n${lines.slice(-15).join('\n')}`);
  } finally {
    process.off('exit', killNow);
    await processes.close();
    await sandbox.close();
    await web.die();
    await rm(dir, { recursive: true, force: true });
  }
}

interface Watchers {
  isUp(): Promise<boolean | undefined>;
  readonly logs: AgentLogs;
  readonly web: MortalWeb;
}

async function play({ isUp, logs, web }: Watchers, trials: number): Promise<DetectionResult> {
  const vpcastMs: number[] = [];
  const anycastdMs: number[] = [];
  const limits = { limitMs: LIMIT_MS, everyMs: 5 };
  for (let trial = 0; trial < trials; trial += 1) {
    const areWell = async () => logs.healthOf('a', 'web') === 'healthy' && (await isUp()) === true;
    await waitFor(areWell, { ...limits, what: 'both know the web server well' });
    await pause(EVERY_MS * (1 + Math.random()));
    const mark = logs.mark();
    const diedAtMs = Date.now();
    await web.die();
    await waitFor(async () => (await isUp()) === false, { ...limits, what: 'anycastd knows it dead' });
    anycastdMs.push(Date.now() - diedAtMs);
    const seen = await waitFor(
      () => logs.since(mark, { event: 'health' }).find(({ facts }) => facts.to === 'unhealthy'),
      { ...limits, what: 'vpcast knows it dead' },
    );
    vpcastMs.push(seen.atMs - diedAtMs);
    await web.listen();
  }
  return { vpcastMs, anycastdMs };
}

/** Undefined: the metrics do not answer, or do not tell. */
async function isUpByMetrics(port: number): Promise<boolean | undefined> {
  try {
    const text = await (await fetch(`http://${HOST}:${port}/metrics`)).text();
    const value = /^anycastd_service_up\{[^}]*\} (\S+)$/m.exec(text)?.[1];
    return value === undefined ? undefined : Number(value) === 1;
  } catch {
    return undefined;
  }
}

/** A web server that dies, and comes back at the same place. */
class MortalWeb {
  #server: Server | undefined;
  #port = 0;

  async listen(): Promise<string> {
    const server = createServer((_request, response) => response.end('ok'));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.#port, HOST, resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return `http://${HOST}:${this.#port}/`;
  }

  die(): Promise<void> {
    this.#server?.closeAllConnections();
    return new Promise((resolve) => (this.#server ? this.#server.close(() => resolve()) : resolve()));
  }
}

function anycastdConfig(url: string, metricsPort: number): string {
  return `announcer:
  router_id: ${HOST}
  local_address: ${HOST}
  local_asn: 65001
  routes: ["192.168.99.1/32"]
  peers: [{ name: nobody, remote_address: ${HOST}, remote_asn: 65000 }]
services:
  - name: web
    check_interval: ${EVERY_MS}ms
    checks:
      - kind: http_2xx
        spec: { url: "${url}", method: GET, tries: ${FAILURES}, interval: ${EVERY_MS}ms, timeout: ${TIMEOUT_MS}ms }
metrics: { enabled: true, address: "${HOST}:${metricsPort}" }
`;
}

function vpcastConfig(url: string): string {
  return `healthchecks:
  web: { type: http, url: "${url}", every: ${EVERY_MS}ms, timeout: ${TIMEOUT_MS}ms, fall: ${FAILURES} }
routetables:
  own:
    find: { type: by_tag, key: az, value: "\${az}" }
    manage_routes: [{ cidr: 192.168.99.1/32, healthcheck: web, never_delete: true }]
`;
}
