import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  DEMO_IDS,
  demoScenario,
  demoSuffix,
  type JournalEntry,
  type Sandbox,
  startSandbox,
} from '../../../src/sandbox/index.ts';
import { randomOf } from '../../simulation/random.ts';
import { ANYCAST, DEFAULT_ROUTE } from './config.ts';
import { HUB_ADDRESS, inNamespace, Network, PLACE } from './network.ts';
import { ChaosNode } from './node.ts';
import { Spans } from './spans.ts';

const NODES = 5;
const SERVICE_PORT = 8_080;
const DISK_MIB = 8;

/** One call as it reached the API, before anything is done about it. */
export interface ArrivedCall {
  readonly atMs: number;
  readonly accessKeyId: string;
  readonly action: string;
  readonly staleMs: number;
  readonly delayMs: number;
}

export interface FleetOptions {
  readonly seed: number;
  readonly program: string;
}

/** Five nodes around a hub that has the embedded VPC, and the record of everything. */
export interface Fleet {
  readonly sandbox: Sandbox;
  readonly network: Network;
  readonly nodes: readonly ChaosNode[];
  readonly spans: Spans;
  /** Every change of the region, oldest first: the sandbox itself keeps the last ones only. */
  readonly journal: readonly JournalEntry[];
  readonly calls: readonly ArrivedCall[];
  readonly startedMs: number;
  close(): Promise<void>;
}

/** Makes namespaces, disks, the VPC, and starts every service. No agent runs yet. */
export async function openFleet({ seed, program }: FleetOptions): Promise<Fleet> {
  const network = Network.openHub();
  const spans = new Spans();
  const journal: JournalEntry[] = [];
  const calls: ArrivedCall[] = [];
  const addressOf = (index: number) => `10.0.${index + 1}.10`;
  const timing = { stopMs: 700, startMs: 700, rebootMs: 1_500, initializingMs: 1_500 };
  const sandbox = await startSandbox({
    scenario: demoScenario({ azs: NODES, addressOf, timing }),
    host: HUB_ADDRESS,
    random: randomOf(seed, 'sandbox'),
    onEvent: (event) => event.kind === 'change' && journal.push(event.entry),
  });
  noteCalls(sandbox, calls);
  const faketime = findFaketime();
  const nodes = Array.from({ length: NODES }, (_, index) => {
    const suffix = demoSuffix(index);
    const name = suffix.slice(-1);
    const disk = join(PLACE, `disk-${name}`);
    mkdirSync(disk);
    run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', disk]);
    network.addNode(name, addressOf(index));
    for (const destination of [ANYCAST, DEFAULT_ROUTE]) {
      sandbox.world.createRoute({ tableId: `rtb-${suffix}`, destination, target: DEMO_IDS.natGateway });
    }
    const instanceId = `i-${suffix}`;
    const ids = { instanceId, interfaceId: `eni-${suffix}`, tableId: `rtb-${suffix}` };
    const place = {
      index,
      name,
      address: addressOf(index),
      port: SERVICE_PORT,
      disk,
      dir: PLACE,
      program,
      faketime,
    };
    const access = { accessKeyId: sandbox.accessKeyOf(instanceId), imdsUrl: sandbox.imdsUrl(instanceId) };
    return new ChaosNode({ ...ids, ...place, ...access, endpoint: sandbox.url }, spans);
  });
  await Promise.all(nodes.map((node) => node.startService()));
  const stopWatching = watchLateness(spans, nodes);
  return {
    sandbox,
    network,
    nodes,
    spans,
    journal,
    calls,
    startedMs: performance.now(),
    async close() {
      stopWatching();
      await Promise.all(nodes.map((node) => node.close()));
      await sandbox.close();
    },
  };
}

/** Runs `vpcast plan` in a node's place; gives its exit status and what it said. */
export function planOf({
  facts,
  environment,
  configFile,
}: ChaosNode): Promise<{ status: number; text: string }> {
  const args = [facts.program, 'plan', '--config', configFile, '--timeout', '20'];
  const [command, ...rest] = inNamespace(facts.name, [process.execPath, ...args]);
  const child = spawn(command, rest, {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status: status ?? -1, text }));
  });
}

/** Stands before the sandbox's own judgement of each call, and writes down who asked what, and how stale the answer is. */
function noteCalls(sandbox: Sandbox, calls: ArrivedCall[]): void {
  const { faults } = sandbox;
  const decide = faults.decide.bind(faults);
  faults.decide = (call) => {
    const fate = decide(call);
    const { accessKeyId, action } = call;
    calls.push({
      atMs: performance.now(),
      accessKeyId,
      action,
      staleMs: fate.staleMs,
      delayMs: fate.delayMs,
    });
    return fate;
  };
}

/** Notes when this process itself was not running: then its own record is late, and so was everyone on this machine. */
function watchLateness(spans: Spans, nodes: readonly ChaosNode[]): () => void {
  const everyMs = 50;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    if (nowMs - lastMs > 3 * everyMs) spans.note('late', lastMs, nowMs);
    lastMs = nowMs;
    for (const node of nodes) node.output?.poll();
  }, everyMs);
  return () => clearInterval(timer);
}

/** Debian puts it below the name of the architecture. */
function findFaketime(): string {
  for (const folder of readdirSync('/usr/lib')) {
    const file = join('/usr/lib', folder, 'faketime', 'libfaketime.so.1');
    if (spawnSync('test', ['-e', file]).status === 0) return file;
  }
  throw new Error('libfaketime is missing: test/interop/setup.ts installs it');
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}
