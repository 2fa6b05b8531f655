/**
 * How soon prefixes come and go: from a check's result to the UPDATE, to the router's own table, and at the end of the
 * process; beside what other announcers take at the same peer in the same run. Network namespaces, real daemons, root.
 */
import { measureExpressions } from './announce/expressions.ts';
import { measureFullTables } from './announce/full-tables.ts';
import { measureKernelTables } from './announce/kernel-tables.ts';
import { measureQuietHours } from './announce/quiet-hours.ts';
import { measureStops } from './announce/stops.ts';
import { measureTriggers } from './announce/triggers.ts';
import type { Bench, Figure } from './figure.ts';

/** In the order in which they run; `BENCH_PARTS=triggers,stops` chooses some. */
const PARTS = {
  triggers: measureTriggers,
  tables: measureKernelTables,
  stops: measureStops,
  full: measureFullTables,
  quiet: measureQuietHours,
  expressions: measureExpressions,
} as const;

export const bench: Bench = {
  name: 'announce',
  title: 'from a check’s result to the UPDATE and to the router’s table, beside other announcers',
  async run(options) {
    const figures: Figure[] = [];
    const chosen = process.env.BENCH_PARTS?.split(',');
    for (const [name, measure] of Object.entries(PARTS)) {
      if (chosen === undefined || chosen.includes(name)) figures.push(...(await measure(options)));
    }
    return figures;
  },
};
