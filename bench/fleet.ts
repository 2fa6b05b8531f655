/**
 * What a fleet asks of EC2, by API and fleet size, at the configuration's defaults: computed from the defaults, and
 * counted from real agents in one process on a fake clock, with EC2's buckets of the account that they share. In the
 * steady state, at a start of all, and when a whole zone dies and returns.
 */
import type { Bench, Figure } from './figure.ts';
import { percentile } from './figure.ts';
import { defaultSpec, SimulatedFleet } from './fleet/simulated-fleet.ts';

const HOUR_MS = 3_600_000;
const SIZES = [1, 3, 30, 100, 300] as const;
const LARGEST = 300;
const QUICK_SIZES = [1, 3, 30] as const;

/** EC2's buckets per account and Region. Source: "Request throttling for the Amazon EC2 API". */
const BUCKETS: Readonly<Record<string, { readonly capacity: number; readonly perSec: number }>> = {
  DescribeRouteTables: { capacity: 100, perSec: 20 },
  DescribeNetworkInterfaces: { capacity: 100, perSec: 20 },
  // Asked by id, without filter or page: the smaller bucket may be what it draws on.
  DescribeInstanceStatus: { capacity: 50, perSec: 10 },
  CreateRoute: { capacity: 50, perSec: 5 },
  ReplaceRoute: { capacity: 50, perSec: 5 },
  DeleteRoute: { capacity: 50, perSec: 5 },
};

/** How often the agent asks by itself: each poll; other interfaces each minute and its own each five, at a poll. */
const INTERFACES_MS = 60_000;
const OWN_INTERFACES_MS = 300_000;

export const bench: Bench = {
  name: 'fleet',
  title: 'EC2 calls of a fleet at the defaults, against the account’s buckets (simulated)',
  async run({ isQuick, say }) {
    const { pollMs } = defaultSpec('a');
    const incidentsFrom = isQuick ? 30 : 100;
    const figures: Figure[] = [{ what: 'poll_time, the default', value: pollMs / 1000, unit: 's' }];
    for (const size of isQuick ? QUICK_SIZES : SIZES) {
      say(`${size} agents`);
      const hasIncidents = size >= incidentsFrom;
      if (hasIncidents) figures.push(...(await startFigures(size, pollMs)));
      const fleet = await openSteadyFleet(size, pollMs);
      figures.push(...(await steadyFigures(fleet, { pollMs, hours: isQuick ? 0.1 : size > 30 ? 0.2 : 1 })));
      if (hasIncidents) figures.push(...(await incidentFigures(fleet)));
      figures.push({
        what: `${size} agents: internal errors`,
        value: fleet.crashes,
        unit: 'count',
        bound: { what: 'none', value: 0 },
      });
    }
    return figures;
  },
};

/** All agents of a fleet start within ten seconds, as after a deployment, and settle. */
async function startFigures(size: number, pollMs: number): Promise<readonly Figure[]> {
  const fleet = new SimulatedFleet(size);
  await fleet.startAll(10_000);
  await fleet.clock.advance(2 * pollMs);
  return peakFigures(fleet, 'all start within 10 s');
}

/** A fleet as it is after days: the polls' jitter has spread them evenly. */
async function openSteadyFleet(size: number, pollMs: number): Promise<SimulatedFleet> {
  const fleet = new SimulatedFleet(size);
  await fleet.startAll(pollMs);
  await fleet.clock.advance(2 * pollMs);
  return fleet;
}

async function steadyFigures(
  fleet: SimulatedFleet,
  { pollMs, hours }: { readonly pollMs: number; readonly hours: number },
): Promise<readonly Figure[]> {
  const { meter, size } = fleet;
  meter.reset();
  await fleet.clock.advance(hours * HOUR_MS);
  const computed = computedPerHour(pollMs, size);
  return [
    ...Object.keys(BUCKETS)
      .filter((api) => meter.countOf(api) > 0 || api in computed)
      .map((api): Figure => {
        return {
          what: `${size} agents, steady: ${api}, per agent`,
          value: meter.countOf(api) / size / hours,
          unit: 'calls/h',
          ...(api in computed ? { reference: { what: 'computed', value: computed[api] ?? 0 } } : {}),
        };
      }),
    ...meter.apis().map(
      (api): Figure => ({
        what: `${size} agents, steady: ${api}, all`,
        value: meter.countOf(api) / hours / 3_600,
        unit: 'calls/s',
        bound: { what: 'half of the refill', value: (BUCKETS[api]?.perSec ?? 0) / 2 },
      }),
    ),
    ...(size < LARGEST ? [] : roomFigures(fleet, hours)),
    ...peakFigures(fleet, 'steady'),
  ];
}

/** How many agents one account and Region has room for by each API, if the rest of the refill is others'. */
function roomFigures({ meter, size }: SimulatedFleet, hours: number): readonly Figure[] {
  return meter.apis().map((api) => {
    const perAgentSec = meter.countOf(api) / size / hours / 3_600;
    const value = Math.floor((BUCKETS[api]?.perSec ?? 0) / 2 / perAgentSec);
    return { what: `steady: agents that take half of the refill of ${api}`, value, unit: 'count' };
  });
}

/** Calls an hour of one agent, from the defaults alone; a poll comes every `pollMs` on average. */
function computedPerHour(pollMs: number, size: number): Readonly<Record<string, number>> {
  const atPoll = (everyMs: number) => HOUR_MS / (Math.ceil(everyMs / pollMs) * pollMs);
  const own = atPoll(OWN_INTERFACES_MS);
  const others = size > 1 ? atPoll(INTERFACES_MS) : 0;
  return { DescribeRouteTables: HOUR_MS / pollMs, DescribeNetworkInterfaces: own + others };
}

/** A zone dies with every third agent; what the others do, and what happens when it comes back. */
async function incidentFigures(fleet: SimulatedFleet): Promise<readonly Figure[]> {
  const { meter, clock, size } = fleet;
  meter.reset();
  const lostAtMs = clock.now();
  fleet.loseZone('a');
  await clock.advance(120_000);
  const movedMs = fleet.movedAtMs('a', lostAtMs).map((atMs) => (atMs ?? Number.POSITIVE_INFINITY) - lostAtMs);
  const lost: readonly Figure[] = [
    ...[0.5, 0.99, 1].map(
      (share): Figure => ({
        what: `${size} agents, a zone dies: route moved, p${share * 100}`,
        value: percentile(movedMs, share) / 1000,
        unit: 's',
      }),
    ),
    {
      what: `${size} agents, a zone dies: changes tried per route`,
      value: fleet.mutationsSince(lostAtMs) / movedMs.length,
      unit: 'count',
    },
    ...peakFigures(fleet, 'a zone dies'),
  ];
  meter.reset();
  await fleet.returnZone('a', 10_000);
  await clock.advance(120_000);
  return [...lost, ...peakFigures(fleet, 'the zone returns')];
}

/** The most calls in 1 s and in 10 s, against half of what the bucket gives in that time from full. */
function peakFigures({ meter, size }: SimulatedFleet, when: string): readonly Figure[] {
  const peaks = meter.apis().flatMap((api) => {
    const { capacity = 0, perSec = 0 } = BUCKETS[api] ?? {};
    return [1, 10].map(
      (sec): Figure => ({
        what: `${size} agents, ${when}: ${api}, most in ${sec} s`,
        value: meter.peakOf(api, sec * 1000),
        unit: 'calls/s',
        bound: { what: 'half of bucket and refill', value: (capacity / sec + perSec) / 2 },
      }),
    );
  });
  const throttled: Figure = {
    what: `${size} agents, ${when}: calls throttled`,
    value: meter.apis().reduce((sum, api) => sum + meter.throttledOf(api), 0),
    unit: 'count',
    bound: { what: 'none', value: 0 },
  };
  return [...peaks, throttled];
}
