import { least } from '../lib/least.ts';
import type { ApplyReport } from './applier.ts';

/** What a cycle came to: when to run the next one, and which tables to read first. */
export interface CycleReport extends ApplyReport {
  readonly actions: number;
  /** Tables were read on the way, which may have shown new holders. */
  readonly hasRead: boolean;
}

/** Of a cycle with nothing to do. */
export const IDLE: CycleReport = { actions: 0, hasRead: false, changed: [], raced: [], retryAtMs: undefined };

/** One report of what the roles' parts came to. `holdEndMs`: when a hold ends by itself. */
export function sumOf(reports: readonly CycleReport[], holdEndMs: number | undefined): CycleReport {
  return {
    actions: reports.reduce((sum, report) => sum + report.actions, 0),
    hasRead: reports.some((report) => report.hasRead),
    changed: reports.flatMap((report) => report.changed),
    raced: reports.flatMap((report) => report.raced),
    retryAtMs: least([...reports.map((report) => report.retryAtMs), holdEndMs]),
  };
}
