import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { type Bench, type Figure, percentile } from './figure.ts';
import { end, openDeafPort, openStage, readProcess } from './footprint/stage.ts';
import { type Trend, trendOf } from './memory/trend.ts';

const HEAP_ON_SIGNAL = join(import.meta.dirname, 'memory/heap-on-signal.cjs');
const CHECKS = 50;
const DEAF_CHECKS = 5;
const EVERY_MS = 20;
/** What 50 checks of one second make in an hour. */
const PROBES_OF_AN_HOUR = CHECKS * 3_600;
const SAMPLE_MS = 250;
/** V8 takes its time to find the size of heap that this rate needs. */
const WARM_UP_SHARE = 0.75;
const FLAT_MIB = 0.5;

type Sample = ReturnType<typeof readProcess>;

/** Whether an agent's memory and descriptors stay as they are over an hour's probes, made in minutes. */
export const bench: Bench = {
  name: 'memory',
  title: `memory of an agent with ${CHECKS} checks and 11 tables over the probes of an hour, some of them hanging`,
  async run({ isQuick, say }) {
    const deaf = await openDeafPort();
    const stage = await openStage({
      checks: CHECKS,
      every: `${EVERY_MS}ms`,
      pollTime: '100ms',
      moreTables: 10,
      deaf: { port: deaf.port, checks: DEAF_CHECKS },
    });
    try {
      const child = stage.startAgent('info', ['--require', HEAP_ON_SIGNAL]);
      child.stdout?.resume();
      const perSec = ((CHECKS - DEAF_CHECKS) * 1_000) / EVERY_MS + DEAF_CHECKS * 10;
      const seconds = isQuick ? 30 : PROBES_OF_AN_HOUR / perSec;
      const warmUpSec = Math.max(seconds * WARM_UP_SHARE, 10);
      await pause(warmUpSec * 1_000);
      const before = await heapMiB(child);
      const samples = await watch(child, seconds, say);
      const after = await heapMiB(child);
      await end(child);
      const hours = (seconds * perSec) / PROBES_OF_AN_HOUR;
      say(
        `${Math.round(seconds * perSec)} probes in ${Math.round(seconds)} s after ${Math.round(warmUpSec)} s`,
      );
      return figuresOf(samples, hours, { before, after });
    } finally {
      await stage.close();
      deaf.close();
    }
  },
};

async function watch(
  child: ChildProcess,
  seconds: number,
  say: (line: string) => void,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const untilMs = performance.now() + seconds * 1_000;
  for (let turn = 0; performance.now() < untilMs; turn += 1) {
    const sample = readProcess(child.pid);
    samples.push(sample);
    if (turn % 40 === 0) say(`RSS ${sample.rssMiB.toFixed(1)} MiB, ${sample.descriptors} descriptors`);
    await pause(SAMPLE_MS);
  }
  return samples;
}

/** The heap after a collection, by what was loaded into the agent. */
function heapMiB(child: ChildProcess): Promise<number> {
  return new Promise((found) => {
    const onData = (text: Buffer): void => {
      const bytes = /heap (\d+)/.exec(`${text}`)?.[1];
      if (bytes === undefined) return;
      child.stderr?.off('data', onData);
      found(Number(bytes) / 2 ** 20);
    };
    child.stderr?.on('data', onData);
    child.kill('SIGUSR2');
  });
}

interface Heap {
  readonly before: number;
  readonly after: number;
}

function figuresOf(samples: readonly Sample[], hours: number, heap: Heap): readonly Figure[] {
  const rss = samples.map(({ rssMiB }) => rssMiB);
  const held = samples.map(({ privateMiB }) => privateMiB);
  const descriptors = samples.map((sample) => sample.descriptors);
  return [
    { what: 'RSS at 50 times the usual rate, p99', value: percentile(rss, 0.99), unit: 'MiB' },
    { what: 'private memory, p50', value: percentile(held, 0.5), unit: 'MiB' },
    growth('RSS', trendOf(rss), hours),
    growth('private memory', trendOf(held), hours),
    {
      what: 'heap after collection, end against begin',
      value: heap.after,
      unit: 'MiB',
      reference: { what: 'after the warm-up', value: heap.before },
    },
    {
      what: 'descriptors, end against begin, p99 of a tenth of the time',
      value: percentile(descriptors.slice(-Math.ceil(descriptors.length / 10)), 0.99),
      unit: 'count',
      reference: {
        what: 'in the first tenth',
        value: percentile(descriptors.slice(0, Math.ceil(descriptors.length / 10)), 0.99),
      },
    },
  ];
}

/** Flat: no more than noise, or little enough to be noise of what V8 keeps for later. */
function growth(what: string, { rise, margin }: Trend, hours: number): Figure {
  const [value, noise] = [rise / hours, margin / hours];
  return {
    what: `${what}, growth over the probes of an hour (± ${noise.toFixed(2)})`,
    value,
    unit: 'MiB',
    bound: { what: 'flat: noise, or 0.5', value: Math.max(noise, FLAT_MIB) },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((found) => setTimeout(found, ms));
}
