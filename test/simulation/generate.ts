import { between, logBetween, pick, type Random, randomOf } from './random.ts';
import type { Api, ApiTrouble, FleetSetup, RouteSetup, Script, SimEvent, Variation } from './script.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const APIS: readonly [Api, ...Api[]] = [
  'DescribeRouteTables',
  'DescribeNetworkInterfaces',
  'DescribeInstanceStatus',
  'CreateRoute',
  'ReplaceRoute',
  'DeleteRoute',
];
const TROUBLES: readonly [ApiTrouble, ...ApiTrouble[]] = [
  'throttled',
  'error',
  'unauthorized',
  'reset',
  'lose-answer',
  'stuck',
  'late',
  'unreachable',
];
const VARIATIONS: readonly [Variation, ...Variation[]] = [
  'faster',
  'slower',
  'never-delete',
  'no-remote-check',
  'other-check',
];

/** Nothing happens before this and the time that checks need to rise: the fleet takes its routes first. */
const CALM_MS = 20_000;

/** The script that a seed stands for. */
export function generate(seed: number): Script {
  const random = randomOf(seed, 'script');
  const fleet = generateFleet(random);
  const count = between(random, 1, 14);
  // From everything within seconds, since what overlaps is what breaks, to hours where probes are few and cheap.
  const windowMs = logBetween(random, 3_000, fleet.everyMs * 400);
  const calmMs = CALM_MS + fleet.everyMs * fleet.rise;
  const longestMs = Math.min(600_000, fleet.everyMs * 60);
  const events = Array.from({ length: count }, () => {
    const atMs = Math.round(calmMs + random() * windowMs);
    return pick(random, DRAWS)(random, fleet, { atMs, forMs: logBetween(random, 500, longestMs) });
  });
  return { seed, fleet, events: events.toSorted((a, b) => a.atMs - b.atMs) };
}

function generateFleet(random: Random): FleetSetup {
  const everyMs = pick(random, [500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000]);
  const pollMs = pick(random, [5_000, 10_000, 40_000, 40_000, 40_000, 60_000, 300_000]);
  return {
    names: NAMES.slice(0, pick(random, [2, 2, 3, 3, 3, 4, 4, 5, 6])),
    routes: Array.from({ length: pick(random, [1, 1, 1, 2, 3]) }, (_, index) => generateRoute(random, index)),
    hasRivals: random() < 0.05,
    // Long polls make long runs.
    pollMs: Math.min(pollMs, everyMs * 40),
    everyMs,
    rise: between(random, 1, 3),
    fall: between(random, 1, 4),
    timeoutMs: Math.min(everyMs, pick(random, [200, 1_000, 5_000])),
    onExit: random() < 0.3 ? 'release' : 'keep',
    requestTimeoutMs: 5_000,
    mutationBurst: pick(random, [40, 40, 5, 2]),
    mutationRate: pick(random, [4, 4, 1]),
    latencyMs: pick(random, [5, 50, 50, 200, 800]),
    stopMs: pick(random, [0, 2_000, 20_000]),
  };
}

function generateRoute(random: Random, index: number): RouteSetup {
  return {
    cidr: `192.168.${index + 1}.1/32`,
    hasRemoteCheck: random() < 0.8,
    neverDelete: random() < 0.25,
    hasFallback: random() < 0.15,
    preemptDelayMs: random() < 0.15 ? between(random, 1_000, 60_000) : 0,
  };
}

type Draw = (random: Random, fleet: FleetSetup, common: { atMs: number; forMs: number }) => SimEvent;

/** Each kind as often as it is named here. */
const DRAWS: readonly [Draw, ...Draw[]] = [
  (random, fleet, common) => ({ kind: 'service-down', agent: one(random, fleet), ...common }),
  (random, fleet, common) => ({ kind: 'service-down', agent: one(random, fleet), ...common }),
  (random, fleet, { atMs }) => ({ kind: 'service-lost', agent: one(random, fleet), atMs }),
  (random, fleet, common) => ({
    kind: 'service-flaps',
    agent: one(random, fleet),
    periodMs: logBetween(random, 500, 60_000),
    ...common,
  }),
  (random, fleet, common) => ({ kind: 'instance-stop', agent: one(random, fleet), ...common }),
  (random, fleet, common) => ({ kind: 'reboot', agent: one(random, fleet), ...common }),
  (random, fleet, common) => ({ kind: 'impair', agent: one(random, fleet), ...common }),
  (random, fleet, common) => ({
    kind: 'crash',
    agent: one(random, fleet),
    point: pick(random, ['now', 'sent', 'executed']),
    ...common,
  }),
  (random, fleet, common) => ({ kind: 'restart', agent: one(random, fleet), ...common }),
  (random, fleet, { atMs }) => ({
    kind: 'stall',
    agent: one(random, fleet),
    atMs,
    forMs: logBetween(random, 100, 60_000),
  }),
  (random, fleet, common) => {
    const agent = one(random, fleet);
    const others = fleet.names.filter((name) => name !== agent);
    const to = others[between(random, 0, others.length - 1)] ?? agent;
    return { kind: 'cut', agent, to, ...common, forMs: common.forMs * 4 };
  },
  (random, fleet, common) => ({ kind: 'isolate', agent: one(random, fleet), ...common }),
  (random, fleet, common) => ({ kind: 'offline', agent: one(random, fleet), ...common }),
  apiTrouble,
  apiTrouble,
  apiTrouble,
  (random, fleet, common) => ({
    kind: 'stale',
    agent: oneOrAll(random, fleet),
    maxMs: between(random, 500, 10_000),
    ...common,
  }),
  (_random, _fleet, { atMs, forMs }) => ({
    kind: 'stale',
    agent: '*',
    maxMs: 10_000,
    atMs,
    forMs: forMs * 4,
  }),
  (random, fleet, common) => ({
    kind: 'slow',
    agent: oneOrAll(random, fleet),
    addMs: logBetween(random, 100, 8_000),
    ...common,
  }),
  (random, _fleet, common) => ({ kind: 'tenants', callsPerSec: between(random, 3, 40), ...common }),
  (random, fleet, { atMs }) => ({ kind: 'new-interface', agent: one(random, fleet), atMs }),
  (random, fleet, common) => ({ kind: 'source-dest-check', agent: one(random, fleet), ...common }),
  (random, fleet, { atMs }) => ({
    kind: 'edit-route',
    table: one(random, fleet),
    route: between(random, 0, fleet.routes.length - 1),
    to: random() < 0.4 ? pick(random, ['gateway', 'none']) : one(random, fleet),
    atMs,
  }),
  (random, fleet, common) => ({ kind: 'untag', table: one(random, fleet), ...common }),
  (random, fleet, common) => ({
    kind: 'reload',
    agent: one(random, fleet),
    variation: pick(random, VARIATIONS),
    ...common,
  }),
  (random, _fleet, { atMs }) => ({
    kind: 'wall-clock',
    byMs: between(random, -86_400_000, 86_400_000),
    atMs,
  }),
  (random, fleet, common) => ({ kind: 'drain', agent: one(random, fleet), ...common }),
];

function apiTrouble(random: Random, fleet: FleetSetup, common: { atMs: number; forMs: number }): SimEvent {
  return {
    kind: 'api',
    agent: oneOrAll(random, fleet),
    api: random() < 0.4 ? '*' : pick(random, APIS),
    trouble: pick(random, TROUBLES),
    share: pick(random, [1, 1, 0.5, 0.1]),
    ...common,
  };
}

function one(random: Random, fleet: FleetSetup): string {
  return fleet.names[Math.floor(random() * fleet.names.length)] ?? 'a';
}

function oneOrAll(random: Random, fleet: FleetSetup): string {
  return random() < 0.4 ? '*' : one(random, fleet);
}
