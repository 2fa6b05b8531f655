import type { Clock } from '../lib/clock.ts';
import { attemptWithin } from './attempt.ts';
import type { Probe } from './probe.ts';
import { readProcCount } from './proc-file.ts';
import { SingleWork } from './single-work.ts';
import type { ConntrackSpec } from './spec.ts';
import { type Verdict, verdictOfError } from './verdict.ts';

export interface ConntrackProbeOptions {
  readonly spec: ConntrackSpec;
  readonly clock: Clock;
  /** Where the kernel's settings are; undefined: /proc/sys. */
  readonly sysctlFolder?: string | undefined;
}

/** Passes while the connection tracking table of this network namespace is filled to less than the share. */
export function conntrackProbe({ spec, clock, sysctlFolder }: ConntrackProbeOptions): Probe {
  const folder = `${sysctlFolder ?? '/proc/sys'}/net/netfilter`;
  const work = new SingleWork();
  return {
    attempt: (timeoutMs, signal) =>
      attemptWithin({ clock, timeoutMs, signal }, (finish) =>
        work.begin(() =>
          readTable(folder).then(
            (table) => finish(judgeTable(spec, table)),
            (error: unknown) => finish(verdictOfError(error)),
          ),
        ),
      ),
    close: () => Promise.resolve(),
  };
}

interface Table {
  readonly entries: number;
  /** 0: there is none. */
  readonly limit: number;
}

async function readTable(folder: string): Promise<Table | undefined> {
  const entries = await readProcCount(`${folder}/nf_conntrack_count`);
  const limit = await readProcCount(`${folder}/nf_conntrack_max`);
  return entries === undefined || limit === undefined ? undefined : { entries, limit };
}

/** A packet of a new connection is dropped when the table is full (nf_conntrack: "table full, dropping packet"). */
export function judgeTable({ maxUsedPercent }: ConntrackSpec, table: Table | undefined): Verdict {
  if (table === undefined) return { reason: 'not-found', detail: 'connection tracking is not loaded' };
  const { entries, limit } = table;
  const measurement = { kind: 'conntrack', entries, limit } as const;
  if (limit === 0 || entries * 100 < limit * maxUsedPercent) return { reason: 'passed', measurement };
  const used = ((entries * 100) / limit).toFixed(1);
  const detail = `${entries} of ${limit} entries are used, ${used}% and not less than ${maxUsedPercent}%`;
  return { reason: 'table-full', detail, measurement };
}
