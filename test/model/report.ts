import type { ModelCase } from './cases.ts';
import { check, type ModelResult } from './spin.ts';

/** A case and what came of it. */
export interface CheckedCase {
  readonly modelCase: ModelCase;
  readonly result: ModelResult;
}

/** True where a property holds, or a mutant is caught. */
export function isAsExpected({ modelCase, result }: CheckedCase): boolean {
  return result.outcome === (modelCase.kind === 'property' ? 'holds' : 'violated');
}

/** Checks all, some at a time, and gives them back in their order. */
export async function checkAll(cases: readonly ModelCase[], atATime = 2): Promise<readonly CheckedCase[]> {
  const checked = new Map<ModelCase, CheckedCase>();
  const queue = [...cases];
  const work = async (): Promise<void> => {
    for (let modelCase = queue.shift(); modelCase !== undefined; modelCase = queue.shift()) {
      checked.set(modelCase, { modelCase, result: await check(modelCase) });
    }
  };
  await Promise.all(Array.from({ length: atATime }, work));
  return cases.flatMap((modelCase) => checked.get(modelCase) ?? []);
}

/** The table for people: a case a row. */
export function toTable(checked: readonly CheckedCase[]): string {
  const rows = checked.map((each) => [...cellsOf(each)]);
  const head = ['case', 'agents', 'states', 'transitions', 'depth', 'time', 'result', 'what'];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const isNumber = (column: number): boolean => column >= 1 && column <= 5;
  const toLine = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  const states = checked.reduce((sum, { result }) => sum + result.states, 0);
  const bad = checked.filter((each) => !isAsExpected(each)).length;
  const sum = `${checked.length} runs, ${states.toLocaleString('en')} states, ${bad} not as they should be`;
  return [toLine(head), ...rows.map(toLine), sum].join('\n');
}

function cellsOf(each: CheckedCase): readonly string[] {
  const { modelCase, result } = each;
  return [
    modelCase.name,
    String(modelCase.agents),
    result.states.toLocaleString('en'),
    result.transitions.toLocaleString('en'),
    result.depth.toLocaleString('en'),
    `${(result.tookMs / 1_000).toFixed(2)} s`,
    resultOf(each),
    modelCase.kind === 'mutant' ? `mutant: ${modelCase.text}` : modelCase.text,
  ];
}

function resultOf(each: CheckedCase): string {
  const { modelCase, result } = each;
  const steps = `in ${result.trail.length} steps`;
  if (result.outcome === 'unfinished') return 'UNFINISHED';
  if (modelCase.kind === 'property') return result.outcome === 'holds' ? 'holds' : `VIOLATED ${steps}`;
  return result.outcome === 'violated' ? `caught ${steps}` : 'NOT CAUGHT';
}
