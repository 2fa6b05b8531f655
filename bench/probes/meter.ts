/**
 * Measures what probes of one kind cost in processor time, in a process of its own: by the agent's own runner, by a bare
 * loop of the same I/O on the same schedule, and by starting the system's tool. Prints one line of JSON.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { CheckRunner, makeProbe, startTime } from '../../src/checks/index.ts';
import { systemClock } from '../../src/lib/system-clock.ts';
import { probeContext } from './context.ts';
import { type BareLoop, COSTS, type Targets } from './kind.ts';
import { checkOf, KINDS, type Kind } from './kinds.ts';
import { endWithParent, startTargets } from './start-targets.ts';

export interface MeterRequest {
  readonly kind: Kind;
  /** Probes in each round, and rounds of each way; the first of each is not counted. */
  readonly probes: number;
  readonly rounds: number;
  readonly toolRuns: number;
}

/** Milliseconds of processor time for each 1,000 probes: one value a round. */
export interface MeterAnswer {
  readonly ours: readonly number[];
  readonly bare: readonly number[];
  /** The tool and what starts it; and the tool alone. Empty where there is none. */
  readonly tool: readonly number[];
  readonly toolAlone: readonly number[];
  readonly toolName: string;
  /** Probes that did not pass, by their reasons. */
  readonly failures: Readonly<Record<string, number>>;
}

const CHECKS = 20;
const TICKS_PER_SEC = 100;

/** Processor time of this process and of its children that have ended, ms; the children's to 10 ms. */
function cpuMs(): { readonly own: number; readonly children: number } {
  const { user, system } = process.cpuUsage();
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[13]) + Number(fields[14]);
  return { own: (user + system) / 1_000, children: (ticks * 1_000) / TICKS_PER_SEC };
}

async function per1000(
  count: number,
  work: () => Promise<number>,
): Promise<{ all: number; children: number }> {
  const before = cpuMs();
  const done = await work();
  const after = cpuMs();
  const children = after.children - before.children;
  const scale = 1_000 / Math.max(done, count);
  return { all: (after.own - before.own + children) * scale, children: children * scale };
}

const failures: Record<string, number> = {};

/** Runs checks until they have made so many probes; gives how many they made. */
async function runOurs(kind: Kind, targets: Targets, probes: number): Promise<number> {
  const spec = checkOf(kind, targets);
  const context = probeContext();
  let made = 0;
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const runners = Array.from({ length: CHECKS }, (_, index) => {
    return new CheckRunner({
      spec,
      probe: makeProbe(spec, context),
      clock: systemClock,
      ...startTime(index, CHECKS, spec.everyMs),
      onOutcome({ reason }) {
        made += 1;
        if (reason !== 'passed') failures[reason] = (failures[reason] ?? 0) + 1;
        if (made === probes) finish();
      },
    });
  });
  for (const runner of runners) runner.start();
  await finished;
  await Promise.all(runners.map((runner) => runner.close()));
  return made;
}

/** The same number on the same schedule, without anything but the I/O. */
async function runBare(loops: readonly BareLoop[], everyMs: number, probes: number): Promise<number> {
  let made = 0;
  const timers: NodeJS.Timeout[] = [];
  await new Promise<void>((resolve) => {
    for (const [index, loop] of loops.entries()) {
      let isBusy = false;
      const once = (): void => {
        if (isBusy) return;
        isBusy = true;
        loop.once(() => {
          isBusy = false;
          made += 1;
          if (made === probes) resolve();
        });
      };
      const start = (): void => {
        timers.push(setInterval(once, everyMs));
      };
      timers.push(setTimeout(start, (index / loops.length) * everyMs));
    }
  });
  for (const timer of timers) clearInterval(timer);
  for (const loop of loops) loop.close();
  return made;
}

/** Where our own probes fail as well, the tool may say so too. */
async function runTool(argv: readonly string[], runs: number): Promise<number> {
  const [program = '', ...args] = argv;
  const isFine = (code: number | null) => code === 0 || Object.keys(failures).length > 0;
  for (let run = 0; run < runs; run += 1) {
    await new Promise<void>((resolve, reject) => {
      const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
      child.stdout.resume();
      child.once('error', reject);
      child.once('close', (code) => (isFine(code) ? resolve() : reject(new Error(`${program}: ${code}`))));
    });
  }
  return runs;
}

async function measure(request: MeterRequest, targets: Targets): Promise<MeterAnswer> {
  const { kind, probes, rounds, toolRuns } = request;
  const { bare: bareLoop, cost, tools } = KINDS[kind];
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const own = await per1000(probes, () => runOurs(kind, targets, probes));
    const loops = Array.from({ length: CHECKS }, () => bareLoop(targets) ?? []).flat();
    const { everyMs } = COSTS[cost];
    const least =
      loops.length === 0 ? undefined : await per1000(probes, () => runBare(loops, everyMs, probes));
    if (round === 0) continue;
    ours.push(own.all);
    if (least !== undefined) bare.push(least.all);
  }
  const tool = await toolCost(tools(targets), toolRuns);
  return {
    ours,
    bare,
    tool: tool === undefined ? [] : [tool.cost.all],
    toolAlone: tool === undefined ? [] : [tool.cost.children],
    toolName: tool?.name ?? '',
    failures,
  };
}

/** Of the first tool that is installed; nothing where none is. */
async function toolCost(tools: ReturnType<(typeof KINDS)[Kind]['tools']>, runs: number) {
  for (const argv of tools) {
    const isThere = await runTool(argv, 1).then(
      () => true,
      () => false,
    );
    if (isThere) return { name: argv[0], cost: await per1000(runs, () => runTool(argv, runs)) };
  }
  return undefined;
}

endWithParent();
const { child, targets } = await startTargets();
console.log(JSON.stringify(await measure(JSON.parse(process.argv[2] ?? '{}') as MeterRequest, targets)));
child.kill();
