/**
 * How long a route stays at a holder that is gone, by cause, from the event to EC2's having the route at the backup;
 * each split into detection, decision and API. Real `vpcast run` processes, the embedded VPC, loopback.
 */
import { detectionBoundMs, STORY_TIMING } from '../test/support/story/agent-config.ts';
import { mayDelete, runSeries, type SeriesResult, type SeriesSpec } from './failover/series.ts';
import type { Trial } from './failover/trial.ts';
import { type Bench, type BenchOptions, type Figure, percentile } from './figure.ts';
import type { CheckPace } from './vpc/configs.ts';

const API_LATENCY_MS = 50;
/** What vpcast itself may take: scheduling, deciding, its SDK. */
const OWN_MS = 20;
const ROUND_TRIPS_MS = 2 * API_LATENCY_MS;

const NORMAL = { everyMs: 200, timeoutMs: 150, fall: 3 } as const;
const FAST = { everyMs: 50, timeoutMs: 45, fall: 3 } as const;
/** The timeout's default is the period: a probe of a silent service ends as the next one is due. */
const DEFAULT_TIMEOUT = { everyMs: 200, timeoutMs: 200, fall: 3 } as const;
const FAST_BOUND_MS = 400;
const POLL_MS = 2_000;

interface Series extends Omit<SeriesSpec, 'trials' | 'apiLatencyMs'> {
  readonly name: string;
  /** In a full run, and in a quick one. */
  readonly trials: readonly [full: number, quick: number];
  /** Of the whole; default: detection, two round trips and a little. */
  readonly bound?: { readonly what: string; readonly value: number };
}

const SERIES: readonly Series[] = [
  {
    name: 'service dead, every 200 ms',
    cause: 'service-dies',
    pace: NORMAL,
    holderAgent: 'keeps',
    isWatched: true,
    trials: [200, 6],
  },
  {
    name: 'service dead, every 50 ms',
    cause: 'service-dies',
    pace: FAST,
    holderAgent: 'keeps',
    isWatched: true,
    trials: [200, 6],
    bound: { what: 'asked for', value: FAST_BOUND_MS },
  },
  {
    name: 'service dead, holder deletes',
    cause: 'service-dies',
    pace: NORMAL,
    holderAgent: 'deletes',
    isWatched: true,
    trials: [40, 4],
    // The backup's change may find no route any more: it reads and creates.
    bound: {
      what: 'detection + 4 round trips + 20 ms',
      value: boundOf(NORMAL) + 2 * ROUND_TRIPS_MS,
    },
  },
  {
    name: 'service dead, holder yields, then deletes',
    cause: 'service-dies',
    pace: NORMAL,
    holderAgent: 'yields',
    isWatched: true,
    trials: [40, 4],
  },
  {
    name: 'agent and service dead',
    cause: 'service-dies',
    pace: NORMAL,
    holderAgent: 'keeps',
    killHolderAgentForMs: 5_000,
    isWatched: true,
    trials: [20, 3],
  },
  {
    name: 'instance stopped',
    cause: 'instance-stops',
    pace: NORMAL,
    holderAgent: 'none',
    isWatched: true,
    trials: [40, 4],
  },
  {
    name: 'instance stopped, default timeout',
    cause: 'instance-stops',
    pace: DEFAULT_TIMEOUT,
    holderAgent: 'none',
    isWatched: true,
    trials: [20, 3],
  },
  {
    name: 'interface detached',
    cause: 'interface-detached',
    pace: NORMAL,
    holderAgent: 'none',
    isWatched: true,
    trials: [40, 4],
  },
  {
    name: 'instance stopped, no remote check, poll 2 s',
    cause: 'instance-stops',
    pace: NORMAL,
    holderAgent: 'none',
    isWatched: false,
    pollMs: POLL_MS,
    trials: [20, 2],
    bound: {
      what: '1.1 polls + 3 round trips + 20 ms',
      value: 1.1 * POLL_MS + 3 * API_LATENCY_MS + OWN_MS,
    },
  },
];

export const bench: Bench = {
  name: 'failover',
  title: 'from a holder that is gone to the route at its backup, by cause (API latency 50 ms)',
  async run(options) {
    const figures: Figure[] = [];
    for (const series of SERIES) figures.push(...(await measure(series, options)));
    return figures;
  },
};

async function measure(series: Series, { isQuick, say }: BenchOptions): Promise<readonly Figure[]> {
  const trials = series.trials[isQuick ? 1 : 0];
  const result = await runSeries({ ...series, trials, apiLatencyMs: API_LATENCY_MS }, (line) =>
    say(`${series.name}: ${line}`),
  );
  return [
    ...idleFigures(series, result),
    ...lostFigures(series, result),
    ...wholeFigures(series, result),
    ...partFigures(series, result),
  ];
}

function idleFigures(
  { name, killHolderAgentForMs }: Series,
  { idleChanges }: SeriesResult,
): readonly Figure[] {
  if (killHolderAgentForMs === undefined) return [];
  const what = `${name}: routes that moved while only the agent was dead (${killHolderAgentForMs / 1000} s)`;
  return [{ what, value: idleChanges, unit: 'count', bound: { what: 'nothing is wrong', value: 0 } }];
}

/** The holder's delete may have been decided before the backup's change and be executed after it: EC2 has no compare-and-set. */
function lostFigures({ name, holderAgent }: Series, { trials }: SeriesResult): readonly Figure[] {
  if (!mayDelete(holderAgent)) return [];
  const lost = trials.filter(({ moves }) => moves > 1).length;
  const what = `${name}: trials in which the holder deleted the backup’s route`;
  return [{ what, value: (100 * lost) / trials.length, unit: '%' }];
}

function wholeFigures(series: Series, { trials, bareMs }: SeriesResult): readonly Figure[] {
  const { name, pace } = series;
  const bound = series.bound ?? {
    what: 'detection + 2 round trips + 20 ms',
    value: boundOf(pace),
  };
  return [0.5, 0.99].map((share) => ({
    what: `${name}: whole, p${share * 100} (n = ${trials.length})`,
    value: percentile(of(trials, 'totalMs'), share),
    unit: 'ms' as const,
    ...(bareMs.length === 0 ? {} : { reference: { what: 'bare loop', value: percentile(bareMs, share) } }),
    bound,
  }));
}

function partFigures({ name, pace, pollMs, isWatched }: Series, { trials }: SeriesResult): readonly Figure[] {
  const detection = isWatched
    ? { what: 'fall × every + timeout', value: detectionBoundMs({ ...STORY_TIMING, ...pace }) }
    : { what: '1.1 polls + a round trip', value: 1.1 * (pollMs ?? 0) + API_LATENCY_MS };
  const parts = [
    { part: 'detection', key: 'detectionMs', bound: detection },
    { part: 'decision', key: 'decisionMs', bound: { what: 'vpcast itself', value: OWN_MS } },
    { part: 'API', key: 'apiMs', bound: undefined },
  ] as const;
  const reasons = Object.entries(Object.groupBy(trials, ({ reason }) => reason)).map(
    ([reason, found]) => `${reason} ${found?.length ?? 0}`,
  );
  const first = trials.filter(({ isFirst }) => isFirst);
  const cold: Figure = {
    what: `${name}: decision, an agent's first, p50 (n = ${first.length})`,
    value: percentile(of(first, 'decisionMs'), 0.5),
    unit: 'ms',
    bound: { what: 'vpcast itself', value: OWN_MS },
  };
  const figures = parts.flatMap(({ part, key, bound }) =>
    [0.5, 0.99].map((share) => ({
      what: `${name}: ${part}, p${share * 100}${part === 'decision' && share === 0.5 ? ` (${reasons.join(', ')})` : ''}`,
      value: percentile(of(trials, key), share),
      unit: 'ms' as const,
      ...(bound === undefined ? {} : { bound }),
    })),
  );
  return [...figures, cold];
}

/** Detection, two round trips, and what vpcast itself may take. */
function boundOf(pace: CheckPace): number {
  return detectionBoundMs({ ...STORY_TIMING, ...pace }) + ROUND_TRIPS_MS + OWN_MS;
}

function of(
  trials: readonly Trial[],
  key: Exclude<keyof Trial, 'reason' | 'isFirst' | 'moves'>,
): readonly number[] {
  return trials.map((trial) => trial[key]);
}
