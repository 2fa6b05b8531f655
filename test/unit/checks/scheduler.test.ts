import { describe, expect, test } from 'vitest';
import {
  CheckRunner,
  type CheckSpec,
  type Probe,
  type ProbeOutcome,
  startTimes,
} from '../../../src/checks/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { after, checkSpec, passed, refused, ScriptedProbe } from '../../support/scripted-probe.ts';

function run(
  script?: (attempt: number, clock: FakeClock) => Promise<ProbeOutcome> | ProbeOutcome,
  changes: Partial<CheckSpec> = {},
  start = { firstDelayMs: 0, phaseMs: 500 },
) {
  const clock = new FakeClock();
  const probe = new ScriptedProbe(clock, script && ((attempt) => script(attempt, clock)));
  const outcomes: { readonly reason: string; readonly atMs: number }[] = [];
  const runner = new CheckRunner({
    spec: checkSpec(changes),
    probe,
    clock,
    ...start,
    onOutcome: ({ reason }, atMs) => outcomes.push({ reason, atMs }),
  });
  runner.start();
  return { clock, probe, runner, outcomes };
}

function never(): Promise<ProbeOutcome> {
  return new Promise(() => undefined);
}

describe('the cadence', () => {
  test('the first probe comes after its delay, the others at start + phase + k × every', async () => {
    const { clock, probe } = run(undefined, {}, { firstDelayMs: 30, phaseMs: 625 });
    await clock.advance(3_700);
    expect(probe.startedAtMs).toEqual([30, 625, 1_625, 2_625, 3_625]);
  });

  test('it does not drift, however long probes take', async () => {
    const { clock, probe } = run((_attempt, at) => after(at, 333, passed));
    await clock.advance(1_000_000);
    expect(probe.startedAtMs.at(-1)).toBe(999_500);
    expect(probe.startedAtMs).toHaveLength(1_001);
  });

  test('a period that binary fractions cannot hold neither loses nor doubles a slot', async () => {
    const { clock, probe } = run(undefined, { everyMs: 0.1 }, { firstDelayMs: 0, phaseMs: 0.07 });
    await clock.advance(100);
    expect(probe.startedAtMs).toHaveLength(1 + 1_000);
  });

  test('a step of the wall clock changes nothing', async () => {
    const { clock, probe } = run();
    await clock.advance(600);
    clock.stepWall(-3_600_000);
    await clock.advance(1_000);
    expect(probe.startedAtMs).toEqual([0, 500, 1_500]);
  });

  test('probes never overlap: of the slots that come meanwhile, one is made up for when the probe ends', async () => {
    const { clock, probe } = run((attempt, at) => (attempt === 2 ? after(at, 2_600, passed) : passed), {
      timeoutMs: 5_000,
    });
    await clock.advance(5_000);
    expect(probe.startedAtMs).toEqual([0, 500, 3_100, 3_500, 4_500]);
  });

  test('a silent target with a timeout as long as the period costs no slot: the next probe begins at its end', async () => {
    // As on a real clock: the timer of the slot fires before that of the attempt's end.
    const { clock, probe } = run((_attempt, at) => after(at, 1_001, refused), { timeoutMs: 1_000 });
    await clock.advance(5_800);
    expect(probe.startedAtMs).toEqual([0, 1_001, 2_002, 3_003, 4_004, 5_005]);
  });

  test('slots that passed while the process was stopped are skipped', async () => {
    const { clock, probe } = run();
    await clock.advance(600);
    clock.stall(3_300); // to 3,900: the slot of 1,500 runs now, those of 2,500 and 3,500 never
    await clock.advance(2_000);
    expect(probe.startedAtMs).toEqual([0, 500, 3_900, 4_500, 5_500]);
  });
});

describe('outcomes', () => {
  test('each probe is told once, with the time at which it ended and the timeout of the check', async () => {
    const { clock, probe, outcomes } = run((_attempt, at) => after(at, 20, refused));
    await clock.advance(600);
    expect(outcomes).toEqual([
      { reason: 'refused', atMs: 20 },
      { reason: 'refused', atMs: 520 },
    ]);
    expect(probe.timeoutsMs).toEqual([400, 400]);
  });

  test('a probe that throws is an internal error, and the next slot is tried', async () => {
    const { clock, outcomes } = run((attempt) => {
      if (attempt === 1) throw new Error('a bug');
      return passed;
    });
    await clock.advance(600);
    expect(outcomes.map(({ reason }) => reason)).toEqual(['internal-error', 'passed']);
  });

  test('a probe that never ends is an internal error at the second slot that finds it a second overdue', async () => {
    const { clock, probe, outcomes } = run((attempt) => (attempt === 1 ? never() : passed));
    await clock.advance(3_600);
    expect(outcomes).toEqual([
      { reason: 'internal-error', atMs: 2_500 },
      { reason: 'passed', atMs: 2_500 },
      { reason: 'passed', atMs: 3_500 },
    ]);
    expect(probe.aborted).toBe(1);
  });
});

describe('tries within one probe', () => {
  const changes = { tries: 3, triesIntervalMs: 50 };

  test('the first pass ends them', async () => {
    const { clock, probe, outcomes } = run((attempt) => (attempt === 2 ? passed : refused), changes);
    await clock.advance(400);
    expect(probe.startedAtMs).toEqual([0, 50]);
    expect(outcomes).toEqual([{ reason: 'passed', atMs: 50 }]);
  });

  test('when all fail the last failure is the one outcome, and no pause follows it', async () => {
    const { clock, probe, outcomes } = run(() => refused, changes);
    await clock.advance(400);
    expect(probe.startedAtMs).toEqual([0, 50, 100]);
    expect(outcomes).toEqual([{ reason: 'refused', atMs: 100 }]);
  });

  test('closing during the pause ends them', async () => {
    const { clock, probe, runner, outcomes } = run(() => refused, changes);
    await clock.advance(20);
    await runner.close();
    await clock.advance(1_000);
    expect(probe.startedAtMs).toEqual([0]);
    expect([outcomes, clock.pendingTimers]).toEqual([[], 0]);
  });
});

describe('closing', () => {
  test('it calls the attempt off, closes the probe, and tells no outcome afterwards', async () => {
    const { clock, probe, runner, outcomes } = run((_attempt, at) => after(at, 100, passed));
    await clock.advance(10);
    const closed = runner.close();
    await clock.advance(5_000);
    await closed;
    expect([probe.aborted, probe.isClosed, outcomes, clock.pendingTimers]).toEqual([1, true, [], 0]);
  });

  test('it resolves within a second even where the attempt does not let go', async () => {
    const { clock, runner } = run(never);
    await clock.advance(10);
    let closedAtMs: number | undefined;
    runner.close().then(() => {
      closedAtMs = clock.now();
    });
    await clock.advance(1_500);
    expect(closedAtMs).toBe(1_010);
  });

  test('it may be called again, and before the start, and then nothing ever runs', async () => {
    const { clock, probe, runner } = run(undefined, {}, { firstDelayMs: 10, phaseMs: 500 });
    await runner.close();
    await runner.close();
    runner.start();
    await clock.advance(5_000);
    expect([probe.startedAtMs, clock.pendingTimers]).toEqual([[], 0]);
  });
});

test('a thousand checks of one second spread their probes over the period', async () => {
  const clock = new FakeClock();
  const startsPerMs = new Map<number, number>();
  const probe: Probe = {
    attempt: async () => {
      const atMs = Math.floor(clock.now());
      startsPerMs.set(atMs, (startsPerMs.get(atMs) ?? 0) + 1);
      return passed;
    },
    close: async () => undefined,
  };
  const specs = Array.from({ length: 1_000 }, () => checkSpec());
  for (const [index, start] of startTimes(specs).entries()) {
    const spec = specs[index] ?? checkSpec();
    new CheckRunner({ spec, probe, clock, ...start, onOutcome: () => undefined }).start();
  }
  await clock.advance(2_499.5);
  expect(Math.max(...startsPerMs.values())).toBeLessThanOrEqual(3);
  const steady = [...startsPerMs].filter(([atMs]) => atMs > 500).map(([, count]) => count);
  expect(Math.max(...steady)).toBeLessThanOrEqual(2);
  const total = [...startsPerMs.values()].reduce((sum, count) => sum + count, 0);
  expect(total).toBe(3 * 1_000); // the first, and two slots
});
