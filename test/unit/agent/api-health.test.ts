import { beforeEach, describe, expect, it } from 'vitest';
import { ApiHealth } from '../../../src/agent/api-health.ts';
import type { AgentEvent } from '../../../src/agent/index.ts';
import type { AwsFailure, FailureKind } from '../../../src/aws/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';

let clock: FakeClock;
let events: AgentEvent[];
let health: ApiHealth;

beforeEach(() => {
  clock = new FakeClock();
  events = [];
  health = new ApiHealth({ clock, random: () => 0.999, report: (event) => events.push(event) });
});

const failure = (kind: FailureKind, code: string = kind): AwsFailure => ({
  kind,
  api: 'ReplaceRoute',
  code,
  message: '',
  requestId: undefined,
});

describe('what is failing', () => {
  it.each<[FailureKind, number, number]>([
    ['transient', 100, 5_000],
    ['throttled', 500, 5_000],
    ['unauthorized', 15_000, 60_000],
    ['limit', 15_000, 60_000],
  ])('is left alone for growing times when it is %s', (kind, firstMs, lastMs) => {
    const waits = Array.from(
      { length: 12 },
      () => health.failed('ReplaceRoute', failure(kind)) - clock.now(),
    );
    expect(waits[0]).toBeGreaterThan(firstMs * 0.9);
    expect(waits[0]).toBeLessThanOrEqual(firstMs);
    expect(waits.at(-1)).toBeGreaterThan(lastMs * 0.9);
    expect(Math.max(...waits)).toBeLessThanOrEqual(lastMs);
    expect(health.isReady('ReplaceRoute')).toBe(false);
  });

  it('is told once, whatever the code and however many routes, and once when all of them work', async () => {
    health.failed('ReplaceRoute rtb-1 x', failure('unauthorized', 'UnauthorizedOperation'));
    health.failed('ReplaceRoute rtb-2 x', failure('unauthorized', 'AuthFailure'));
    await clock.advance(60_000);
    health.failed('ReplaceRoute rtb-1 x', failure('unauthorized', 'UnauthorizedOperation'));
    expect(events.map((event) => event.type)).toEqual(['api-failing']);
    health.succeeded('ReplaceRoute rtb-1 x');
    expect(events).toHaveLength(1);
    health.succeeded('ReplaceRoute rtb-2 x');
    expect(events[1]).toEqual({ type: 'api-recovered', api: 'ReplaceRoute', failures: 3, forMs: 60_000 });
  });

  it('is told again when it fails in another way', () => {
    health.failed('ReplaceRoute', failure('transient'));
    health.failed('ReplaceRoute', failure('throttled'));
    expect(events.map((event) => event.type)).toEqual(['api-failing', 'api-failing']);
    health.succeeded('ReplaceRoute');
    expect(events.map((event) => event.type)).toEqual(['api-failing', 'api-failing', 'api-recovered']);
  });

  it('is forgotten with the route that it was about', () => {
    health.failed('ReplaceRoute rtb-1 x', failure('limit'));
    health.forget((subject) => subject.includes('rtb-1'));
    expect(health.isReady('ReplaceRoute rtb-1 x')).toBe(true);
    health.failed('ReplaceRoute rtb-1 x', failure('limit'));
    expect(events).toHaveLength(2);
  });
});

describe('a lost race', () => {
  it('is followed up at once the first time, and with growing waits while it is lost again', () => {
    const waits = Array.from({ length: 10 }, () => health.raced('CreateRoute rtb-1 x') - clock.now());
    expect(waits[0]).toBe(0);
    expect(waits[1]).toBeGreaterThan(100);
    expect(waits.at(-1)).toBeGreaterThan(4_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(5_000);
  });

  it('is forgotten after a success or a minute', async () => {
    health.raced('CreateRoute rtb-1 x');
    health.raced('CreateRoute rtb-1 x');
    health.succeeded('CreateRoute rtb-1 x');
    expect(health.raced('CreateRoute rtb-1 x')).toBe(clock.now());
    await clock.advance(61_000);
    expect(health.raced('CreateRoute rtb-1 x')).toBe(clock.now());
  });
});
