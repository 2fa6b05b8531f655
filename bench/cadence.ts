import { join } from 'node:path';
import type { CadenceAnswer, CadenceRequest } from './cadence/meter.ts';
import { type Bench, type Figure, percentile } from './figure.ts';
import { runMeter } from './probes/namespace.ts';

const METER = join(import.meta.dirname, 'cadence/meter.ts');
const START_BOUND_MS = 5;
const END_BOUND_MS = 10;

/** How exactly probes start at their slots and end at their timeouts, with few checks and with many. */
export const bench: Bench = {
  name: 'cadence',
  title: 'lateness of probes against their slots, checks of all kinds every 1 s in one process',
  async run({ isQuick, say }) {
    const figures: Figure[] = [];
    for (const checks of [50, 1_000]) {
      const request: CadenceRequest = { checks, seconds: isQuick ? 13 : 60 };
      const answer = await runMeter<CadenceAnswer>(METER, request);
      say(describe(checks, answer));
      figures.push(...figuresOf(checks, answer));
    }
    return figures;
  },
};

function figuresOf(checks: number, answer: CadenceAnswer): readonly Figure[] {
  const { firstLateness, lateness, overrun, bareLateness } = answer;
  const late = (name: string, share: number): Figure => ({
    what: `${checks} checks: start after the slot, ${name}`,
    value: percentile(lateness, share),
    unit: 'ms',
    reference: { what: 'bare timers beside', value: percentile(bareLateness, share) },
    ...(name === 'p99' ? { bound: { what: 'aim', value: START_BOUND_MS } } : {}),
  });
  const plain = (what: string, value: number, unit: 'ms' | '%'): Figure => ({
    what: `${checks} checks: ${what}`,
    value,
    unit,
  });
  return [
    late('p50', 0.5),
    late('p99', 0.99),
    late('max', 1),
    plain('first probe after its time, p99', percentile(firstLateness, 0.99), 'ms'),
    {
      ...plain('end after the timeout, p99', percentile(overrun, 0.99), 'ms'),
      bound: { what: 'aim', value: END_BOUND_MS },
    },
    plain('a turn of the loop came late, p99', answer.loopDelayP99, 'ms'),
    plain('a turn of the loop came late, max', answer.loopDelayMax, 'ms'),
    plain('pause for collecting garbage, max', percentile([0, ...answer.collections], 1), 'ms'),
    plain('processor time of the process, of one core', answer.cpuPercent, '%'),
    plain('time in which the loop could run and the machine ran others', answer.waitedPercent, '%'),
  ];
}

function describe(checks: number, { lateness, overrun, failures }: CadenceAnswer): string {
  const failed = Object.entries(failures).map(([what, count]) => `, ${count} × ${what}`);
  return `${checks} checks: ${lateness.length} probes, ${overrun.length} of them hung${failed.join('')}`;
}
