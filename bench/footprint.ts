import type { ChildProcess } from 'node:child_process';
import { type Bench, type Figure, percentile } from './figure.ts';
import { end, openStage, readProcess, type Stage } from './footprint/stage.ts';

const CHECKS = 50;
const START_BOUND_MS = 200;
const RSS_BOUND_MIB = 95;

/** Time from start to the first probe, and resident memory, of the built program beside a bare Node. */
export const bench: Bench = {
  name: 'footprint',
  title: `start of an agent with ${CHECKS} checks of all kinds, and its memory when idle`,
  async run({ isQuick, say }) {
    const stage = await openStage({ checks: CHECKS, every: '1s', pollTime: '10s', moreTables: 10 });
    try {
      // The first start fills the compile cache, as the first boot of an instance does; it is not counted.
      await timeStart(stage);
      const starts: Start[] = [];
      const bare: number[] = [];
      for (let turn = 0; turn < (isQuick ? 7 : 25); turn += 1) {
        bare.push(await timeBare(stage));
        starts.push(await timeStart(stage));
        say(
          `start ${turn}: bare Node ${bare.at(-1)?.toFixed(0)} ms, sent ${starts.at(-1)?.sentMs.toFixed(0)} ms`,
        );
      }
      const settleMs = isQuick ? 15_000 : 60_000;
      const idle = await residentMiB(stage.start(['-e', 'setInterval(() => {}, 1000)']), settleMs / 5);
      const ours = await residentMiB(stage.startAgent('info'), settleMs);
      return figuresOf(starts, bare, { ours, idle });
    } finally {
      await stage.close();
    }
  },
};

interface Start {
  readonly sentMs: number;
  readonly outcomeMs: number;
}

interface Memory {
  readonly ours: number;
  readonly idle: number;
}

function figuresOf(starts: readonly Start[], bare: readonly number[], memory: Memory): readonly Figure[] {
  const bareNode = { what: 'bare Node, start to end', value: percentile(bare, 0.5) };
  const bound = { what: 'aim', value: START_BOUND_MS };
  const median = (values: readonly number[]) => percentile(values, 0.5);
  return [
    {
      what: 'start → first probe sent, p50',
      value: median(starts.map(({ sentMs }) => sentMs)),
      unit: 'ms',
      reference: bareNode,
      bound,
    },
    {
      what: 'start → first outcome, p50',
      value: median(starts.map(({ outcomeMs }) => outcomeMs)),
      unit: 'ms',
      reference: bareNode,
      bound,
    },
    {
      what: `RSS, ${CHECKS} checks and 11 tables`,
      value: memory.ours,
      unit: 'MiB',
      reference: { what: 'bare Node, idle', value: memory.idle },
      bound: { what: 'aim', value: RSS_BOUND_MIB },
    },
  ];
}

/** Sent: the service has been connected to (the first check is of type tcp). Outcome: the log tells of one. */
async function timeStart(stage: Stage): Promise<Start> {
  const fromMs = performance.now();
  let sentMs: number | undefined;
  stage.onConnection = () => {
    sentMs ??= performance.now() - fromMs;
  };
  const child = stage.startAgent('debug');
  let text = '';
  let outcomeMs: number | undefined;
  await new Promise<void>((found, lost) => {
    child.once('exit', () => lost(new Error(`the agent ended: ${text}`)));
    child.stdout?.on('data', (chunk) => {
      text += chunk;
      if (text.includes('"event":"probe"')) outcomeMs ??= performance.now() - fromMs;
      // Ending it earlier would leave a compile cache without what is loaded last.
      if (text.includes('"event":"ready"')) found();
    });
  });
  child.removeAllListeners('exit');
  await end(child);
  return { sentMs: sentMs ?? Number.NaN, outcomeMs: outcomeMs ?? Number.NaN };
}

function timeBare(stage: Stage): Promise<number> {
  const fromMs = performance.now();
  return new Promise((found) => {
    stage.start(['-e', '0']).once('exit', () => found(performance.now() - fromMs));
  });
}

async function residentMiB(child: ChildProcess, settleMs: number): Promise<number> {
  child.stdout?.resume();
  await new Promise((found) => setTimeout(found, settleMs));
  const { rssMiB } = readProcess(child.pid);
  await end(child);
  return rssMiB;
}
