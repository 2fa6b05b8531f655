/**
 * A program that `BENCH_AWSNYCAST` or `BENCH_ANYCASTD` names runs beside ours: the same embedded VPC, the same file, the
 * same story, in the same run. Without them there is nothing to hold ours against, and it says so.
 */
import { type Bench, type BenchOptions, type Figure, percentile } from './figure.ts';
import { awsnycast, type Contestant, vpcast } from './rival/contestant.ts';
import { type DetectionResult, playDetection } from './rival/detection-story.ts';
import { playRouteStory, type StoryResult } from './rival/route-story.ts';

const PACE = { everySec: 1, rise: 2, fall: 3, pollSec: 5 } as const;
const API_LATENCY_MS = 50;

export const bench: Bench = {
  name: 'rival',
  title: 'beside AWSnycast or anycastd, where BENCH_AWSNYCAST or BENCH_ANYCASTD names a program',
  async run(options) {
    const { BENCH_AWSNYCAST: routeRival, BENCH_ANYCASTD: bgpRival } = process.env;
    if (!routeRival && !bgpRival) {
      options.say('no BENCH_AWSNYCAST=… and no BENCH_ANYCASTD=…: nothing to run beside vpcast');
      return [];
    }
    return [
      ...(routeRival ? await routeFigures(awsnycast(routeRival), options) : []),
      ...(bgpRival ? await detectionFigures(bgpRival, options) : []),
    ];
  },
};

async function routeFigures(rival: Contestant, { isQuick, say }: BenchOptions): Promise<readonly Figure[]> {
  const options = { pace: PACE, trials: isQuick ? 1 : 10, apiLatencyMs: API_LATENCY_MS };
  say('vpcast: service dies and returns');
  const own = await playRouteStory(vpcast, options);
  say(`${rival.name}: service dies and returns`);
  const theirs = await playRouteStory(rival, options);
  const both = (what: string, unit: Figure['unit'], of: (result: StoryResult) => number): Figure => ({
    what: `${what} (every 1 s, fall 3, poll 5 s)`,
    value: of(own),
    unit,
    reference: { what: rival.name, value: of(theirs) },
  });
  return [
    both('service dead → route moved, p50', 'ms', ({ awayMs }) => percentile(awayMs, 0.5)),
    both('service dead → route moved, max', 'ms', ({ awayMs }) => percentile(awayMs, 1)),
    both('service back → route back, p50', 'ms', ({ backMs }) => percentile(backMs, 0.5)),
    both('EC2 calls of one agent', 'calls/h', ({ callsPerHour }) => callsPerHour),
    both('processor time of one agent', '%', ({ cpuMsPerSec }) => cpuMsPerSec / 10),
  ];
}

async function detectionFigures(program: string, { isQuick, say }: BenchOptions): Promise<readonly Figure[]> {
  say('anycastd announces over BGP and vpcast does not: what both do is held side by side, the detection');
  const result: DetectionResult = await playDetection(program, isQuick ? 3 : 20);
  return [0.5, 1].map((share) => ({
    what: `web server dead → known, ${share === 1 ? 'max' : 'p50'} (every 200 ms, 3 failures)`,
    value: percentile(result.vpcastMs, share),
    unit: 'ms' as const,
    reference: { what: 'anycastd', value: percentile(result.anycastdMs, share) },
  }));
}
