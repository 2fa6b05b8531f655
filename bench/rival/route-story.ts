import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoScenario, demoSuffix, type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { GREETING, MortalService } from '../../test/support/story/mortal-service.ts';
import { type OwnedProcess, Processes } from '../../test/support/story/processes.ts';
import { waitFor } from '../../test/support/story/wait.ts';
import { CallLog } from '../vpc/call-log.ts';
import { cpuMs } from '../vpc/process-cost.ts';
import { openAwsFront } from './aws-front.ts';
import type { Contestant } from './contestant.ts';

const ANYCAST = '192.168.99.1/32';
const LIMIT_MS = 120_000;
const ADDRESSES = ['127.83.1.10', '127.83.2.10'] as const;

/** In seconds, since AWSnycast takes no fractions. */
export interface StoryPace {
  readonly everySec: number;
  readonly rise: number;
  readonly fall: number;
  readonly pollSec: number;
}

export interface StoryResult {
  /** From the death of the owner's service to the route's being at the other zone's instance. */
  readonly awayMs: readonly number[];
  /** From the service's return to the route's being back. */
  readonly backMs: readonly number[];
  /** EC2 calls an hour of one agent, during the story. */
  readonly callsPerHour: number;
  /** Processor time of one agent, per second. */
  readonly cpuMsPerSec: number;
}

/**
 * Two zones, an agent and a service in each, a route per zone. Again and again the service of the first zone dies: its
 * agent gives the route away, the other one takes it; the service returns, and so does the route. Both contestants get
 * the same file, in AWSnycast's words.
 */
export async function playRouteStory(
  contestant: Contestant,
  options: { readonly pace: StoryPace; readonly trials: number; readonly apiLatencyMs: number },
): Promise<StoryResult> {
  const calls = new CallLog();
  const scenario = demoScenario({ azs: 2, addressOf: (index) => ADDRESSES[index] ?? '' });
  const sandbox = await startSandbox({ scenario, onEvent: calls.take });
  const front = await openAwsFront({
    target: sandbox.url,
    names: [`ec2.${sandbox.world.region}.amazonaws.com`],
  });
  const homeDir = await mkdtemp(join(tmpdir(), 'vpcast-rival-'));
  const processes = new Processes();
  const killNow = () => processes.killNow();
  process.on('exit', killNow);
  const services = ADDRESSES.map(() => new MortalService());
  const lines: string[] = [];
  try {
    sandbox.faults.add({ kind: 'latency', latencyMs: options.apiLatencyMs });
    const authorityFile = join(homeDir, 'authority.pem');
    await writeFile(authorityFile, front.authority);
    const agents: OwnedProcess[] = [];
    const ports: number[] = [];
    for (const [index, address] of ADDRESSES.entries()) {
      const port = (await services[index]?.listen(address)) ?? 0;
      ports.push(port);
      const configFile = join(homeDir, `${index}.yaml`);
      await writeFile(configFile, storyConfig({ index, address, port, pace: options.pace }));
      const agent = await contestant.start(
        processes,
        {
          configFile,
          imdsUrl: sandbox.imdsUrl(`i-${demoSuffix(index)}`),
          ec2Url: sandbox.url,
          proxyUrl: front.proxyUrl,
          authorityFile,
          homeDir,
        },
        (line) => lines.push(line),
      );
      agents.push(agent);
    }
    const isGone = () => agents.some((agent) => !agent.isRunning());
    await waitForHolder(sandbox, { holder: 0, isGone });
    await waitForHolder(sandbox, { holder: 1, table: 1, isGone });
    const pids = agents.map((agent) => agent.pid);
    const from = { call: calls.mark(), atMs: Date.now(), cpuMs: total(pids) };
    const trials = await play(sandbox, { services, port: ports[0] ?? 0, trials: options.trials, isGone });
    const tookMs = Date.now() - from.atMs;
    return {
      ...trials,
      callsPerHour: ((calls.since(from.call).length / ADDRESSES.length) * 3_600_000) / tookMs,
      cpuMsPerSec: ((total(pids) - from.cpuMs) / ADDRESSES.length / tookMs) * 1000,
    };
  } catch (error) {
    const said = lines.slice(-15).join('\n');
    throw new Error(`${contestant.name}: ${String(error)}; asked ${front.hosts().join(', ')}\n${said}`);
  } finally {
    process.off('exit', killNow);
    await processes.close();
    await front.close();
    await sandbox.close();
    await Promise.all(services.map((service) => service.die()));
    await rm(homeDir, { recursive: true, force: true });
  }
}

interface Play {
  readonly services: MortalService[];
  /** Of the first service. */
  readonly port: number;
  readonly trials: number;
  readonly isGone: () => boolean;
}

async function play(
  sandbox: Sandbox,
  { services, port, trials, isGone }: Play,
): Promise<Pick<StoryResult, 'awayMs' | 'backMs'>> {
  const awayMs: number[] = [];
  const backMs: number[] = [];
  for (let trial = 0; trial < trials; trial += 1) {
    const diedAtMs = Date.now();
    await services[0]?.die();
    awayMs.push((await waitForHolder(sandbox, { holder: 1, isGone })) - diedAtMs);
    services[0] = new MortalService();
    await services[0].listen(ADDRESSES[0], port);
    const returnedAtMs = Date.now();
    backMs.push((await waitForHolder(sandbox, { holder: 0, isGone })) - returnedAtMs);
  }
  return { awayMs, backMs };
}

/** Resolves with when the route of the table's zone (the first one) came to that zone's instance, in ms since the epoch. */
async function waitForHolder(
  sandbox: Sandbox,
  at: { readonly holder: number; readonly table?: number; readonly isGone: () => boolean },
): Promise<number> {
  const tableId = `rtb-${demoSuffix(at.table ?? 0)}`;
  const target = `eni-${demoSuffix(at.holder)}`;
  const look = () => {
    if (at.isGone()) throw new Error('an agent has ended');
    if (sandbox.world.targetOf(tableId, ANYCAST) !== target) return undefined;
    return sandbox.journal().findLast((entry) => entry.tableId === tableId && entry.to === target)?.wallMs;
  };
  return await waitFor(look, { limitMs: LIMIT_MS, what: `${tableId} at ${target}`, everyMs: 5 });
}

function total(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (cpuMs(pid) ?? Number.NaN), 0);
}

function storyConfig(at: {
  readonly index: number;
  readonly address: string;
  readonly port: number;
  readonly pace: StoryPace;
}): string {
  const { everySec, rise, fall, pollSec } = at.pace;
  const zone = (index: number) => `private-${demoSuffix(index).slice(-1)}`;
  return `poll_time: ${pollSec}
healthchecks:
  service:
    type: tcp
    destination: ${at.address}
    rise: ${rise}
    fall: ${fall}
    every: ${everySec}
    config: { port: "${at.port}", expect: "${GREETING}" }
routetables:
  own:
    find: { type: by_tag, config: { key: Name, value: ${zone(at.index)} } }
    manage_routes:
      - { cidr: ${ANYCAST}, instance: SELF, healthcheck: service }
  other:
    find: { type: by_tag, config: { key: Name, value: ${zone(1 - at.index)} } }
    manage_routes:
      - { cidr: ${ANYCAST}, instance: SELF, healthcheck: service, if_unhealthy: true }
`;
}
