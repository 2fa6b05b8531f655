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
      const request: CadenceRequest = { checks, seconds: isQuick ? 10 : 60 };
      const answer = await runMeter<CadenceAnswer>(METER, request);
      say(`${checks} checks: ${answer.lateness.length} probes, ${answer.failures} failed`);
      figures.push(...figuresOf(checks, answer));
    }
    return figures;
  },
};

function figuresOf(
  checks: number,
  { firstLateness, lateness, overrun, bareLateness }: CadenceAnswer,
): readonly Figure[] {
  const late = (name: string, share: number): Figure => ({
    what: `${checks} checks: start after the slot, ${name}`,
    value: percentile(lateness, share),
    unit: 'ms',
    reference: { what: 'bare timers beside', value: percentile(bareLateness, share) },
    ...(name === 'p99' ? { bound: { what: 'aim', value: START_BOUND_MS } } : {}),
  });
  return [
    late('p50', 0.5),
    late('p99', 0.99),
    late('max', 1),
    {
      what: `${checks} checks: first probe after its time, p99`,
      value: percentile(firstLateness, 0.99),
      unit: 'ms',
    },
    {
      what: `${checks} checks: end after the timeout, p99`,
      value: percentile(overrun, 0.99),
      unit: 'ms',
      bound: { what: 'aim', value: END_BOUND_MS },
    },
  ];
}
