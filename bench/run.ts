/**
 * `npm run bench -- [NAME ...] [--quick] [--json] [--list]`: runs benches one after the other and prints a table of
 * each, or one JSON document. Progress goes to standard error. Ends with 1 when a bench could not be run; a figure out of
 * its bound is told, not punished.
 */
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseRequest } from './command-line.ts';
import type { Bench, BenchOptions } from './figure.ts';
import { machineFacts } from './machine.ts';
import { type BenchReport, benchText, machineText, reportJson } from './report.ts';

/** Every bench, in the order in which they run: a file of this folder each, which exports it as `bench`. */
const NAMES = [
  'failover',
  'convergence',
  'fleet',
  'rival',
  'decisions',
  'probes',
  'cadence',
  'announce',
  'memory',
  'endurance',
  'footprint',
] as const;

/** Loaded only when it runs: what one bench needs is no matter to the others. */
async function loadBench(name: string): Promise<Bench> {
  const module: object = await import(join(import.meta.dirname, `${name}.ts`));
  if (!('bench' in module)) throw new Error(`bench/${name}.ts exports no bench`);
  return module.bench as Bench;
}

async function runBench(name: string, options: BenchOptions): Promise<BenchReport> {
  const fromMs = performance.now();
  const [before = 0] = loadavg();
  const measured = () => {
    const [after = 0] = loadavg();
    return { name, tookMs: performance.now() - fromMs, load: { before, after } };
  };
  let title = '';
  try {
    const bench = await loadBench(name);
    title = bench.title;
    const figures = await bench.run(options);
    return { ...measured(), title, figures, failure: undefined };
  } catch (error) {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ...measured(), title, figures: [], failure };
  }
}

async function list(): Promise<void> {
  for (const name of NAMES) {
    const title = await loadBench(name).then(
      (bench) => bench.title,
      (error: unknown) => `cannot be loaded: ${String(error)}`,
    );
    console.log(`${name.padEnd(12)} ${title}`);
  }
}

async function main(): Promise<void> {
  const parsed = parseRequest(process.argv.slice(2), NAMES);
  if (!parsed.ok) {
    console.error(parsed.problem);
    process.exitCode = 64;
    return;
  }
  const { names, isQuick, isJson, isList } = parsed.request;
  if (isList) return await list();
  const startedAt = new Date().toISOString();
  const machine = machineFacts();
  const benches: BenchReport[] = [];
  if (!isJson) console.log(machineText(machine, isQuick));
  for (const name of names) {
    const say = (line: string) => console.error(`${name}: ${line}`);
    say('begins');
    const report = await runBench(name, { isQuick, say });
    benches.push(report);
    if (!isJson) console.log(`\n${benchText(report)}`);
  }
  if (isJson) console.log(reportJson({ startedAt, isQuick, machine, benches }));
  if (benches.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
}

// Children are ended in exit handlers, which a signal alone would not run.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => process.exit(code));
}
await main();
