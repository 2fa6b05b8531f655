/**
 * How long one backup takes to move all routes of a holder that died, over tables × routes × API latency, with EC2's
 * token buckets on. Held against what the client's own bucket allows; a client without one does the same work beside it.
 */
import { type CaseResult, type CaseSpec, runCase } from './convergence/case.ts';
import { runNaive } from './convergence/naive-client.ts';
import type { Bench, BenchOptions, Figure } from './figure.ts';

/** The defaults of `aws` in the configuration. */
const BURST = 40;
const RATE_PER_SEC = 4;
const IN_FLIGHT = 8;
const TABLES_PER_READ = 100;
/** What vpcast itself may take once. */
const OWN_MS = 20;
const ALLOWED = 1.1;

const shape = (tables: number, routesPerTable: number, apiLatencyMs: number): CaseSpec => ({
  tables,
  routesPerTable,
  apiLatencyMs,
});

const NAIVE = shape(50, 5, 50);
const CASES: readonly CaseSpec[] = [
  shape(1, 1, 5),
  shape(1, 1, 50),
  shape(1, 1, 200),
  shape(10, 5, 5),
  shape(10, 5, 50),
  shape(10, 5, 200),
  shape(50, 1, 50),
  NAIVE,
  shape(50, 5, 200),
  shape(200, 1, 50),
  shape(200, 5, 50),
];
const QUICK_NAIVE = shape(10, 6, 50);
const QUICK_CASES: readonly CaseSpec[] = [shape(1, 1, 50), shape(10, 5, 200), QUICK_NAIVE];

export const bench: Bench = {
  name: 'convergence',
  title: 'all routes of a dead holder moved by one backup, EC2’s buckets on',
  async run({ isQuick, say }) {
    const figures: Figure[] = [];
    const naiveSpec = isQuick ? QUICK_NAIVE : NAIVE;
    for (const spec of isQuick ? QUICK_CASES : CASES) {
      const result = await runCase(spec, process.env.BENCH_CPU_PROFILE);
      say(`${nameOf(spec)}: ${(result.movedMs / 1000).toFixed(1)} s`);
      figures.push(...figuresOf(spec, result));
      if (spec === naiveSpec) figures.push(...(await naiveFigures(spec, result, say)));
    }
    return figures;
  },
};

/** Reading the tables once, then the calls: as fast as `IN_FLIGHT` allow, or as the bucket refills. */
function boundMs({ tables, routesPerTable, apiLatencyMs }: CaseSpec): number {
  const routes = tables * routesPerTable;
  const readsMs = Math.ceil(tables / TABLES_PER_READ) * apiLatencyMs;
  const callsMs = Math.ceil(routes / IN_FLIGHT) * apiLatencyMs;
  const bucketMs = (Math.max(0, routes - BURST) / RATE_PER_SEC) * 1000 + apiLatencyMs;
  return readsMs + Math.max(callsMs, bucketMs);
}

function figuresOf(spec: CaseSpec, result: CaseResult): readonly Figure[] {
  const name = nameOf(spec);
  const leastMs = boundMs(spec);
  const routes = spec.tables * spec.routesPerTable;
  return [
    {
      what: `${name}: check turned → all moved`,
      value: result.movedMs,
      unit: 'ms',
      reference: { what: 'allowed by the own bucket', value: leastMs },
      bound: { what: '1.1 × that + 20 ms', value: ALLOWED * leastMs + OWN_MS },
    },
    { what: `${name}: holder dead → all moved`, value: result.totalMs, unit: 'ms' },
    {
      what: `${name}: calls that EC2 throttled`,
      value: result.throttled,
      unit: 'count',
      bound: { what: 'the own bucket is smaller', value: 0 },
    },
    {
      what: `${name}: processor time of the agent, per route`,
      value: result.agentCpuMs / routes,
      unit: 'ms',
    },
    { what: `${name}: DescribeRouteTables calls`, value: result.reads, unit: 'count' },
    {
      what: `${name}: DescribeRouteTables, most in 10 s`,
      value: result.peakReadsPerSec,
      unit: 'calls/s',
      bound: { what: 'half of EC2’s refill', value: 10 },
    },
  ];
}

async function naiveFigures(
  spec: CaseSpec,
  own: CaseResult,
  say: BenchOptions['say'],
): Promise<readonly Figure[]> {
  const naive = await runNaive(spec);
  say(`${nameOf(spec)}, naive client: ${(naive.movedMs / 1000).toFixed(1)} s`);
  const name = `${nameOf(spec)}, client without a bucket`;
  return [
    {
      what: `${name}: all moved`,
      value: naive.movedMs,
      unit: 'ms',
      reference: { what: 'vpcast', value: own.movedMs },
    },
    { what: `${name}: calls that EC2 throttled`, value: naive.throttled, unit: 'count' },
    {
      what: `${name}: share of its calls that EC2 throttled`,
      value: (100 * naive.throttled) / naive.calls,
      unit: '%',
    },
  ];
}

function nameOf({ tables, routesPerTable, apiLatencyMs }: CaseSpec): string {
  return `${tables} × ${routesPerTable}, ${apiLatencyMs} ms`;
}
