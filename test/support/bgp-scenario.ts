import { between, logBetween, pick, type Random, randomOf } from '../simulation/random.ts';
import { machineSpec } from '../unit/bgp/machine-fixture.ts';
import { BgpHost } from './bgp-host.ts';
import { BgpLink, type LinkEnd, type LinkFaults, type Span } from './bgp-link.ts';

/**
 * Beyond the four minutes that the RFC gives an OPEN, a TCP timer that has backed off in a cut, and a wait: where only
 * one side can dial, it must first notice that its own connection is dead.
 */
const BOUND_MS = 360_000;
/** How long the session must then stay; longer than the hold time in any case. */
const LEAST_REST_MS = 60_000;

/** Two speakers and their luck; it follows from the seed alone. */
export interface Scenario {
  readonly seed: number;
  readonly topology: 'both' | 'only a listens' | 'only b listens' | 'a is passive';
  readonly holdTimeSec: readonly [number, number];
  readonly isSameId: boolean;
  /** A second connection of the peer is the machine's to judge; else the driver closes it. */
  readonly isOfferingSecond: boolean;
  /** Until then there are faults. */
  readonly faultsMs: number;
}

export interface Outcome {
  readonly failure: string | undefined;
  /** From the end of the faults to the session that stayed. */
  readonly healedMs: number;
}

export function scenarioOf(seed: number): Scenario {
  const random = randomOf(seed, 'scenario');
  const topology = pick<Scenario['topology']>(random, [
    'both',
    'both',
    'only a listens',
    'only b listens',
    'a is passive',
  ]);
  const isOfferingSecond = random() < 0.5;
  // Without a hold time nobody notices that a session is dead, but by a connection that the peer opens anew.
  const canNotice = topology === 'both' && isOfferingSecond;
  const holds = canNotice ? ([3, 9, 30, 90, 180, 0] as const) : ([3, 9, 30, 90, 180] as const);
  return {
    seed,
    topology,
    holdTimeSec: [pick(random, [...holds]), pick(random, [...holds])],
    isSameId: random() < 0.2,
    isOfferingSecond,
    faultsMs: logBetween(random, 2_000, 400_000),
  };
}

/** Runs to the session that must come after the faults, and then for a while. `note` takes the story, a line each. */
export function runScenario(scenario: Scenario, note?: (atMs: number, line: string) => void): Outcome {
  const { seed, faultsMs } = scenario;
  const random = randomOf(seed, 'faults');
  const link = new BgpLink(faultsOf(random, faultsMs), randomOf(seed, 'link'));
  const [a, b] = hostsOf(scenario, link, note);
  for (let left = between(random, 0, 12); left > 0; left -= 1) {
    link.at(between(random, 0, faultsMs), () => mishap({ random, link, hosts: [a, b], scenario }));
  }
  link.at(0, () => a.start());
  link.at(between(random, 0, 60), () => b.start());
  link.run(faultsMs);
  note?.(faultsMs, 'the faults end');
  const restMs = Math.max(LEAST_REST_MS, 1_200 * Math.min(...scenario.holdTimeSec));
  const healedMs = heal(link, [a, b], restMs);
  if (healedMs !== undefined) return { failure: undefined, healedMs };
  return {
    failure: `seed ${seed}: no lasting session ${BOUND_MS / 1_000} s after the faults`,
    healedMs: BOUND_MS,
  };
}

/**
 * How long it takes to a session that stays; undefined: too long. One that the faults have killed already may seem well
 * for a while: that it is noticed later is no failure.
 */
function heal(link: BgpLink, [a, b]: readonly [BgpHost, BgpHost], restMs: number): number | undefined {
  const fromMs = link.nowMs;
  const isOne = (): boolean => a.session !== undefined && a.session.other === b.session;
  const facts = (): readonly unknown[] => [a.session, b.session, a.ends, b.ends];
  while (link.run(fromMs + BOUND_MS, isOne)) {
    const [before, healedMs] = [facts(), link.nowMs - fromMs];
    const isOver = link.run(link.nowMs + restMs, () => facts().some((fact, index) => fact !== before[index]));
    if (!isOver) return healedMs;
  }
  return undefined;
}

function faultsOf(random: Random, faultsMs: number): LinkFaults {
  const spans = (most: number): Span[] =>
    Array.from({ length: between(random, 0, most) }, () => {
      const fromMs = between(random, 0, faultsMs);
      return { fromMs, untilMs: Math.min(faultsMs, fromMs + logBetween(random, 50, 200_000)) };
    });
  return { cuts: spans(3), losses: spans(3), echoes: spans(2) };
}

function hostsOf(
  { topology, holdTimeSec, isSameId, isOfferingSecond }: Scenario,
  link: BgpLink,
  note: ((atMs: number, line: string) => void) | undefined,
): [BgpHost, BgpHost] {
  const common = { link, isOfferingSecond, note };
  const [holdTimeSecA, holdTimeSecB] = holdTimeSec;
  const a: BgpHost = new BgpHost({
    ...common,
    name: 'a',
    spec: machineSpec(
      { isPassive: topology === 'a is passive', holdTimeSec: holdTimeSecA, remoteAsn: 65_001 },
      { routerId: '10.0.0.1', localAsn: 65_000 },
    ),
    isListening: topology !== 'only b listens',
    remote: () => b,
  });
  const b: BgpHost = new BgpHost({
    ...common,
    name: 'b',
    spec: machineSpec(
      { holdTimeSec: holdTimeSecB, remoteAsn: 65_000 },
      { routerId: isSameId ? '10.0.0.1' : '10.0.0.2', localAsn: 65_001 },
    ),
    isListening: topology === 'both' || topology === 'only b listens',
    remote: () => a,
  });
  return [a, b];
}

interface Scene {
  readonly random: Random;
  readonly link: BgpLink;
  readonly hosts: readonly [BgpHost, BgpHost];
  readonly scenario: Scenario;
}

const MISHAPS = [
  'reset',
  'reset',
  'half',
  'half',
  'black hole',
  'stall',
  'sleep',
  'reboot',
  'restart',
] as const;

/**
 * Something happens to a connection or to a host; it is over with the faults. A session without a hold time that ends in
 * a black hole is beyond help: by that choice nobody asks after it.
 */
function mishap({ random, link, hosts, scenario }: Scene): void {
  const host = pick(random, [...hosts]);
  const end = anyOf(
    random,
    link.openEnds.filter((each) => host.owns(each)),
  );
  const lengthMs = Math.min(logBetween(random, 10, 100_000), scenario.faultsMs - link.nowMs);
  const isUnheld = scenario.holdTimeSec.includes(0);
  switch (pick(random, [...MISHAPS])) {
    case 'reset':
      end?.fail('connection-lost', 'ECONNRESET');
      end?.other?.fail('connection-lost', 'ECONNRESET');
      break;
    case 'half':
      end?.fail('connection-lost', 'ETIMEDOUT');
      break;
    case 'black hole':
      if (!isUnheld) end?.swallow();
      break;
    case 'stall':
      if (end !== undefined) host.stall(end, lengthMs);
      break;
    case 'sleep':
      host.sleep(lengthMs);
      break;
    case 'reboot':
      host.reboot();
      break;
    case 'restart':
      host.stop();
      link.after(Math.min(lengthMs, 5_000), () => host.start());
      break;
  }
}

function anyOf(random: Random, ends: readonly LinkEnd[]): LinkEnd | undefined {
  return ends[Math.floor(random() * ends.length)];
}
