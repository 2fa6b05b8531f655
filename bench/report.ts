import type { Figure } from './figure.ts';
import type { MachineFacts } from './machine.ts';

/** One bench that has run, or failed to. */
export interface BenchReport {
  readonly name: string;
  readonly title: string;
  readonly tookMs: number;
  /** The host's load average over a minute, before and after: what else ran makes times worth little. */
  readonly load: { readonly before: number; readonly after: number };
  readonly figures: readonly Figure[];
  /** Why it has no figures. */
  readonly failure: string | undefined;
}

/** All that a run has to say. */
export interface RunReport {
  /** ISO 8601, when it began. */
  readonly startedAt: string;
  readonly isQuick: boolean;
  readonly machine: MachineFacts;
  readonly benches: readonly BenchReport[];
}

const HEAD = ['what', 'value', 'reference', 'ratio', 'bound', 'within'] as const;

/** The value by its reference; undefined where there is none to divide by. */
export function ratioOf({ value, reference }: Figure): number | undefined {
  return reference === undefined || reference.value === 0 ? undefined : value / reference.value;
}

/** Whether the value keeps its bound; undefined where it has none. A value that could not be had does not. */
export function isWithin({ value, bound }: Figure): boolean | undefined {
  return bound === undefined ? undefined : value <= bound.value;
}

/** One JSON document, for machines: each figure with its ratio and whether it is within its bound. */
export function reportJson(report: RunReport): string {
  const benches = report.benches.map(({ figures, tookMs, ...bench }) => ({
    ...bench,
    tookMs: Math.round(tookMs),
    figures: figures.map((figure) => ({ ...figure, ratio: ratioOf(figure), isWithin: isWithin(figure) })),
  }));
  return JSON.stringify({ format: 1, ...report, benches }, null, 2);
}

/** What it ran on, in one line. */
export function machineText(machine: MachineFacts, isQuick: boolean): string {
  const { cores, processor, memoryMiB, kernel, node, architecture } = machine;
  const quick = isQuick ? ' (quick: to see that it works, not to publish)' : '';
  return `${cores} × ${processor}, ${memoryMiB} MiB, ${kernel} ${architecture}, Node ${node}${quick}`;
}

/** One bench as a table for people, columns aligned. */
export function benchText({ name, title, tookMs, load, figures, failure }: BenchReport): string {
  const loads = `load ${load.before.toFixed(1)} before, ${load.after.toFixed(1)} after`;
  const head = `${name}: ${title} (${Math.round(tookMs / 1000)} s, ${loads})`;
  if (failure !== undefined) return `${head}\n  FAILED: ${failure}`;
  if (figures.length === 0) return `${head}\n  nothing was measured`;
  const rows = [HEAD, ...figures.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : pad(cell, widths[column])));
  return [head, ...rows.map((row) => `  ${line(row).join('  ').trimEnd()}`)].join('\n');
}

function cells(figure: Figure): readonly string[] {
  const { what, value, unit, reference, bound } = figure;
  const ratio = ratioOf(figure);
  const within = isWithin(figure);
  return [
    what,
    amount(value, unit),
    reference === undefined ? '' : `${amount(reference.value, unit)} ${reference.what}`,
    ratio === undefined ? '' : `× ${number(ratio)}`,
    bound === undefined ? '' : `≤ ${amount(bound.value, unit)} ${bound.what}`,
    within === undefined ? '' : within ? 'yes' : 'NO',
  ];
}

function pad(cell: string, width = 0): string {
  return cell.padEnd(width);
}

function amount(value: number, unit: Figure['unit']): string {
  return unit === 'count' ? number(value) : `${number(value)} ${unit}`;
}

/** Three digits are as much as a measurement is worth; whole numbers stay whole. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}
