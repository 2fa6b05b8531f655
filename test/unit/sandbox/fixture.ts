import type { Clock } from '../../../src/lib/clock.ts';
import { createWorld, type Scenario, type World } from '../../../src/sandbox/index.ts';

/** A clock that stands still until it is told to go on. */
export interface ManualClock extends Clock {
  advance(byMs: number): void;
  pending(): number;
}

export function manualClock(): ManualClock {
  let nowMs = 0;
  const due = new Set<{ readonly atMs: number; readonly run: () => void }>();
  return {
    now: () => nowMs,
    wallNow: () => Date.UTC(2026, 0, 1) + nowMs,
    after(delayMs, run) {
      const entry = { atMs: nowMs + Math.max(0, delayMs), run };
      due.add(entry);
      return { cancel: () => due.delete(entry) };
    },
    advance(byMs) {
      const untilMs = nowMs + byMs;
      for (;;) {
        const [next] = [...due].filter((entry) => entry.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
        if (next === undefined) break;
        due.delete(next);
        nowMs = next.atMs;
        next.run();
      }
      nowMs = untilMs;
    },
    pending: () => due.size,
  };
}

/** Repeatable numbers in [0, 1). */
export function seededRandom(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x80000000;
  };
}

/** Two instances of one interface, one of two, one loose interface, one of everything else. */
export const SCENARIO: Scenario = {
  vpcs: [
    { id: 'vpc-1', cidr: '10.0.0.0/16', ipv6Cidr: '2001:db8::/56' },
    { id: 'vpc-2', cidr: '10.1.0.0/16' },
  ],
  subnets: [
    { id: 'subnet-1', vpc: 'vpc-1', cidr: '10.0.1.0/24', ipv6Cidr: '2001:db8:0:1::/64', az: 'eu-west-1a' },
    { id: 'subnet-2', vpc: 'vpc-1', cidr: '10.0.2.0/24', az: 'eu-west-1b' },
    { id: 'subnet-3', vpc: 'vpc-2', cidr: '10.1.1.0/24', az: 'eu-west-1a' },
  ],
  gateways: [
    { id: 'igw-1', vpc: 'vpc-1' },
    'vgw-1',
    'nat-1',
    'tgw-1',
    'pcx-1',
    'eigw-1',
    'lgw-1',
    'cagw-1',
    'vpce-1',
    'arn:aws:networkmanager::123456789012:core-network/core-network-1',
    'arn:aws:odb:eu-west-1:123456789012:odb-network/odbnet-1',
  ],
  prefixLists: [{ id: 'pl-1', maxEntries: 3 }],
  instances: [
    { id: 'i-a', subnet: 'subnet-1', privateIp: '10.0.1.10', sourceDestCheck: false, tags: { Name: 'a' } },
    { id: 'i-b', subnet: 'subnet-2', privateIp: '10.0.2.10' },
    {
      id: 'i-two',
      subnet: 'subnet-1',
      interfaces: [{ id: 'eni-two0' }, { id: 'eni-two1', secondaryIps: ['10.0.1.99'] }],
    },
    { id: 'i-other', subnet: 'subnet-3' },
  ],
  interfaces: [{ id: 'eni-loose', subnet: 'subnet-1' }],
  routeTables: [
    { id: 'rtb-main', vpc: 'vpc-1', main: true },
    { id: 'rtb-1', vpc: 'vpc-1', subnets: ['subnet-1'], tags: { az: 'a', type: 'private' } },
    { id: 'rtb-other', vpc: 'vpc-2' },
    { id: 'rtb-foreign', vpc: 'vpc-1', owner: '222222222222' },
  ],
};

export function startWorld(extra: Partial<Scenario> = {}): {
  readonly world: World;
  readonly clock: ManualClock;
} {
  const clock = manualClock();
  return { clock, world: createWorld({ ...SCENARIO, ...extra }, { clock, random: seededRandom() }) };
}

/** The error's code, or `ok`. */
export function codeOf(
  result: { readonly ok: true } | { readonly ok: false; readonly error: { readonly code: string } },
): string {
  return result.ok ? 'ok' : result.error.code;
}
