/**
 * What looking at every managed route costs: the engine's whole pass after a read of all tables, an idle wake-up, and a
 * wake-up after one check changed, over 10 … 100,000 routes. EC2 answers from memory; no network, no real clock.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ObservedTable } from '../src/core/index.ts';
import { ROUTES_PER_TABLE, type Shape, World } from './decisions/world.ts';
import { type Bench, type BenchOptions, type Figure, percentile } from './figure.ts';

const SIZES = [10, 100, 1_000, 10_000, 100_000] as const;
const LARGEST = 100_000;

/** Below this the fixed part of a pass hides what a route costs. */
const SLOPE_FROM = 1_000;

/** The kernel tells CPU time by ticks of up to 4 ms: several of these are enough. */
const TICKS_MS = 20;

/** Medians, in ms. */
interface Cost {
  readonly routes: number;
  readonly read: number;
  readonly idle: number;
  readonly changed: number;
  /** The least that any program must do with the same tables. */
  readonly bare: number;
}

export const bench: Bench = {
  name: 'decisions',
  title: 'Deciding over 10 … 100,000 routes',
  async run(options) {
    const figures: Figure[] = [];
    const costs: Cost[] = [];
    for (const routes of SIZES) {
      const cost = await measure(routes, 'fleet', options);
      costs.push(cost);
      figures.push(...costFigures(cost));
    }
    figures.push(...slopes(costs));
    const own = await measure(LARGEST, 'own-groups', options);
    figures.push({
      what: 'whole cycle after a read, 100,000 routes, each table with a group of its own',
      value: own.read,
      unit: 'ms',
      reference: { what: 'bare pass', value: own.bare },
      bound: { what: '1 s', value: 1_000 },
    });
    figures.push(await waiting(options), await longestBlock(options), ...(await memory(options)));
    return figures;
  },
};

async function measure(routes: number, shape: Shape, { isQuick, say }: BenchOptions): Promise<Cost> {
  const world = await settled(routes, shape);
  const trials = Math.min(isQuick ? 5 : 25, isQuick ? 5 : Math.max(7, 100_000 / routes));
  const warmUp = Math.min(50, Math.ceil(20_000 / routes));
  const times = { read: [] as number[], idle: [] as number[], changed: [] as number[], bare: [] as number[] };
  for (let trial = -warmUp; trial < trials; trial += 1) {
    await world.clock.advance(10_000);
    // A copy of its own: the first look at a string costs more than the next.
    const copy = world.prepareRead();
    const bare = await timed(() => barePass(copy));
    world.prepareRead();
    const read = await timed(() => world.poll());
    const idle = await timed(() => world.wake());
    await world.flip();
    const changed = await timed(() => world.wake());
    if (trial < 0) continue;
    times.read.push(read);
    times.idle.push(idle);
    times.changed.push(changed);
    times.bare.push(bare);
  }
  if (world.told === 0) throw new Error('no decision was told');
  await world.close();
  const cost = {
    routes,
    read: percentile(times.read, 0.5),
    idle: percentile(times.idle, 0.5),
    changed: percentile(times.changed, 0.5),
    bare: percentile(times.bare, 0.5),
  };
  say(`${routes} routes, ${shape}: ${cost.read.toFixed(2)} ms after a read, ${cost.idle.toFixed(2)} ms idle`);
  return cost;
}

/** An agent that has read all tables and whose checks have settled: no change is due. */
async function settled(routes: number, shape: Shape): Promise<World> {
  const world = new World(routes, shape);
  world.prepareRead();
  await world.poll();
  await world.clock.advance(3_500);
  if ((await world.wake()) > 0) throw new Error('nothing should be due');
  return world;
}

async function timed(run: () => unknown): Promise<number> {
  const took = stopwatch();
  await run();
  return took();
}

/**
 * Time as it would pass on a machine that does nothing else: the thread's CPU time where it is long enough for the
 * kernel's ticks, else the wall clock.
 */
function stopwatch(): () => number {
  const fromMs = performance.now();
  const from = process.threadCpuUsage();
  return () => {
    const wallMs = performance.now() - fromMs;
    const { user, system } = process.threadCpuUsage();
    const cpuMs = (user + system - from.user - from.system) / 1_000;
    return cpuMs > TICKS_MS ? Math.min(cpuMs, wallMs) : wallMs;
  };
}

/** Every table's routes by destination, and for each whether it is mine: what no agent can do without. */
function barePass(tables: readonly ObservedTable[]): number {
  const seen: Map<string, boolean>[] = [];
  for (const table of tables) {
    const held = new Map<string, boolean>();
    for (const route of table.routes) {
      if (route.destination.kind !== 'ipv4') continue;
      held.set(route.destination.cidr, route.interfaceId === 'eni-me');
    }
    seen.push(held);
  }
  return seen.length;
}

function costFigures({ routes, read, idle, changed, bare }: Cost): readonly Figure[] {
  const name = `${routes.toLocaleString('en')} routes`;
  const reference = { what: 'bare pass', value: bare };
  const nanos = (ms: number): number => (ms * 1e6) / routes;
  const whole = routes === LARGEST ? { bound: { what: '1 s', value: 1_000 } } : {};
  const decisions = routes === 1_000 ? { bound: { what: '10 ms', value: 10 } } : {};
  return [
    { what: `whole cycle after a read, ${name}`, value: read, unit: 'ms', reference, ...whole },
    {
      what: `… a route`,
      value: nanos(read),
      unit: 'ns',
      reference: { ...reference, value: nanos(bare) },
    },
    { what: `wake-up, nothing changed, ${name}`, value: idle, unit: 'ms', reference, ...decisions },
    { what: `wake-up, one check changed, ${name}`, value: changed, unit: 'ms', reference, ...decisions },
  ];
}

/** Slope of log(time) over log(routes): 1 is linear. */
function slopes(costs: readonly Cost[]): readonly Figure[] {
  const large = costs.filter(({ routes }) => routes >= SLOPE_FROM);
  const bound = { what: 'linear', value: 1.1 };
  const slope = (of: (cost: Cost) => number): number =>
    fit(large.map((cost) => [Math.log(cost.routes), Math.log(of(cost))]));
  const reference = { what: 'bare pass', value: slope((cost) => cost.bare) };
  return [
    { what: 'growth, whole cycle', value: slope((cost) => cost.read), unit: 'count', reference, bound },
    { what: 'growth, idle wake-up', value: slope((cost) => cost.idle), unit: 'count', reference, bound },
  ];
}

function fit(points: readonly (readonly [number, number])[]): number {
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  const covariance = mean(points.map(([x, y]) => (x - meanX) * (y - meanY)));
  return covariance / mean(points.map(([x]) => (x - meanX) ** 2));
}

/** A wake-up while every route is to be changed, and the changes wait for the client's own tokens. */
async function waiting({ isQuick }: BenchOptions): Promise<Figure> {
  const world = await settled(LARGEST, 'fleet');
  const times: number[] = [];
  for (let trial = -1; trial < (isQuick ? 3 : 15); trial += 1) {
    await world.clock.advance(1_000);
    world.prepareLoss();
    if (trial < 0) await world.poll();
    else times.push(await timed(() => world.wake()));
  }
  await world.close();
  return { what: 'wake-up while 100,000 changes wait for tokens', value: percentile(times, 0.5), unit: 'ms' };
}

/** The longest time in which no probe's answer could have been taken, over polls that EC2 answers asynchronously. */
async function longestBlock({ isQuick }: BenchOptions): Promise<Figure> {
  const world = await settled(LARGEST, 'fleet');
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const blocks: number[] = [];
  for (let trial = 0; trial < (isQuick ? 3 : 15); trial += 1) {
    await world.clock.advance(10_000);
    world.prepareRead();
    world.beforeAnswer = turn;
    let longestMs = 0;
    let isOver = false;
    const polled = world.poll().finally(() => {
      isOver = true;
    });
    while (!isOver) {
      const took = stopwatch();
      await turn();
      longestMs = Math.max(longestMs, took());
    }
    await polled;
    blocks.push(longestMs);
  }
  await world.close();
  return {
    what: `longest block of the event loop in a poll, 100,000 routes in tables of ${ROUTES_PER_TABLE}`,
    value: percentile(blocks, 0.5),
    unit: 'ms',
    bound: { what: 'a probe may be late by', value: 100 },
  };
}

/** What the engine keeps beside the tables that it read. */
async function memory({ say }: BenchOptions): Promise<readonly Figure[]> {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const heap = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const empty = heap();
  const world = new World(LARGEST);
  const configured = heap();
  world.prepareRead();
  const read = heap();
  await world.poll();
  await world.clock.advance(3_500);
  await world.wake();
  const after = heap();
  await world.close();
  say(
    `heap: ${[empty, configured, read, after].map((bytes) => (bytes / 2 ** 20).toFixed(0)).join(' → ')} MiB`,
  );
  const reference = { what: 'the tables as read', value: (read - configured) / 2 ** 20 };
  return [
    {
      what: 'kept beside the tables, 100,000 routes',
      value: (after - read) / 2 ** 20,
      unit: 'MiB',
      reference,
    },
    { what: '… bytes a route', value: (after - read) / LARGEST, unit: 'count' },
  ];
}
