import { describe, expect, test } from 'vitest';
import { CheckRunner, type ProbeOutcome } from '../../../src/checks/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { after, checkSpec, passed, ScriptedProbe } from '../../support/scripted-probe.ts';

/** A probe that hears of changes; `change` is what the kernel would call. */
class WatchingProbe extends ScriptedProbe {
  change: () => void = () => undefined;
  watched = 0;

  watch(onChange: () => void): void {
    this.watched += 1;
    this.change = onChange;
  }
}

function runWatched(script?: (attempt: number, clock: FakeClock) => Promise<ProbeOutcome> | ProbeOutcome) {
  const clock = new FakeClock();
  const probe = new WatchingProbe(clock, script && ((attempt) => script(attempt, clock)));
  const outcomes: { readonly reason: string; readonly atMs: number }[] = [];
  const runner = new CheckRunner({
    spec: checkSpec({ everyMs: 60_000 }),
    probe,
    clock,
    firstDelayMs: 20,
    phaseMs: 30_000,
    onOutcome: ({ reason }, atMs) => outcomes.push({ reason, atMs }),
  });
  runner.start();
  return { clock, probe, runner, outcomes };
}

describe('changes that a probe hears of', () => {
  test('it watches once, from the start on; what changes before the first probe is that one’s to see', async () => {
    const { clock, probe, runner } = runWatched();
    probe.change();
    runner.start();
    await clock.advance(15);
    probe.change();
    await clock.advance(1_000);
    expect([probe.watched, probe.startedAtMs]).toEqual([1, [20]]);
  });

  test('a change is answered by a probe at once, and the slots stay where they are', async () => {
    const { clock, probe, outcomes } = runWatched();
    await clock.advance(12_345);
    probe.change();
    await clock.advance(0);
    expect(outcomes.at(-1)).toEqual({ reason: 'passed', atMs: 12_345 });
    await clock.advance(80_000);
    expect(probe.startedAtMs).toEqual([20, 12_345, 30_000, 90_000]);
  });

  test('a change during a probe is answered by one more as soon as that ends', async () => {
    const { clock, probe } = runWatched((_attempt, at) => after(at, 50, passed));
    await clock.advance(30);
    probe.change();
    probe.change();
    await clock.advance(10_000);
    expect(probe.startedAtMs).toEqual([20, 70]);
  });

  test('a flood costs a probe in 10 ms, and the last change is seen', async () => {
    const { clock, probe } = runWatched();
    await clock.advance(1_000);
    for (let told = 0; told < 200; told += 1) {
      probe.change();
      probe.change();
      await clock.advance(0.5);
    }
    await clock.advance(1_000);
    expect(probe.startedAtMs.slice(1)).toEqual(Array.from({ length: 11 }, (_, at) => 1_000 + 10 * at));
  });

  test('a flood of slow probes may take 250 ms at once, then a fifth of the time, and 250 ms again after a rest', async () => {
    const { clock, probe } = runWatched((_attempt, at) => after(at, 50, passed));
    const flood = async (ms: number): Promise<void> => {
      for (let told = 0; told < ms; told += 1) {
        probe.change();
        await clock.advance(1);
      }
    };
    await clock.advance(1_000);
    await flood(1_400);
    const first = [1_000, 1_050, 1_100, 1_150, 1_200, 1_250, 1_500, 1_750, 2_000, 2_250];
    expect(probe.startedAtMs.slice(1)).toEqual(first);
    await clock.advance(2_100);
    const sofar = probe.startedAtMs.length;
    await flood(400);
    expect(probe.startedAtMs.slice(sofar)).toEqual([4_500, 4_550, 4_600, 4_650, 4_700, 4_750]);
  });

  test('the pause holds only between pushed probes: after that of a slot one is pushed at once', async () => {
    const { clock, probe } = runWatched();
    await clock.advance(30_001);
    probe.change();
    await clock.advance(1_000);
    expect(probe.startedAtMs).toEqual([20, 30_000, 30_001]);
  });

  test('so it does after a slot’s probe that was late', async () => {
    const { clock, probe } = runWatched((attempt, at) => (attempt === 2 ? after(at, 50, passed) : passed));
    await clock.advance(29_990);
    probe.change();
    await clock.advance(51);
    probe.change();
    await clock.advance(1_000);
    expect(probe.startedAtMs).toEqual([20, 29_990, 30_040, 30_041]);
  });

  test('a slot does not shorten the pause', async () => {
    const { clock, probe } = runWatched();
    await clock.advance(29_995);
    probe.change();
    await clock.advance(6);
    probe.change();
    await clock.advance(1_000);
    expect(probe.startedAtMs).toEqual([20, 29_995, 30_000, 30_005]);
  });

  test('the end of the pause during the probe of a slot begins none beside it', async () => {
    const { clock, probe } = runWatched((attempt, at) => (attempt === 3 ? after(at, 50, passed) : passed));
    await clock.advance(29_995);
    probe.change();
    await clock.advance(1);
    probe.change();
    await clock.advance(6);
    probe.change();
    await clock.advance(1_000);
    expect(probe.startedAtMs).toEqual([20, 29_995, 30_000, 30_050]);
  });

  test('the probe of a slot during the pause answers the change too', async () => {
    const { clock, probe } = runWatched();
    await clock.advance(29_995);
    probe.change();
    await clock.advance(1);
    probe.change();
    await clock.advance(5_000);
    expect(probe.startedAtMs).toEqual([20, 29_995, 30_000]);
  });

  test('a slot that comes during a pushed probe is made up for once, and answers later changes too', async () => {
    const { clock, probe } = runWatched((_attempt, at) => after(at, 50, passed));
    await clock.advance(29_990);
    probe.change();
    await clock.advance(20);
    probe.change();
    await clock.advance(5_000);
    expect(probe.startedAtMs).toEqual([20, 29_990, 30_040]);
  });

  test('after closing, changes do nothing, and no pause is left to wait for', async () => {
    const { clock, probe, runner } = runWatched();
    await clock.advance(1_000);
    probe.change();
    await clock.advance(1);
    probe.change();
    probe.change();
    await runner.close();
    expect(clock.pendingTimers).toBe(0);
    probe.change();
    await clock.advance(1_000);
    probe.change();
    await clock.advance(1_000);
    expect([probe.startedAtMs, clock.pendingTimers]).toEqual([[20, 1_000], 0]);
  });

  test('closing while the outcome is told starts no probe for a change that was heard of meanwhile', async () => {
    const { clock, probe, runner } = runWatched((_attempt, at) => after(at, 50, passed));
    await clock.advance(30);
    probe.change();
    const closed = runner.close();
    await clock.advance(5_000);
    await closed;
    expect([probe.startedAtMs, clock.pendingTimers]).toEqual([[20], 0]);
  });

  test('a change that is told while an outcome is taken is answered by one probe', async () => {
    const clock = new FakeClock();
    const probe = new WatchingProbe(clock, () => after(clock, 5, passed));
    let outcomes = 0;
    const onOutcome = (): void => {
      outcomes += 1;
      if (outcomes === 1) probe.change();
    };
    const spec = checkSpec({ everyMs: 60_000 });
    new CheckRunner({ spec, probe, clock, firstDelayMs: 0, phaseMs: 0.1, onOutcome }).start();
    await clock.advance(2);
    probe.change();
    await clock.advance(1_000);
    expect(probe.startedAtMs).toEqual([0, 5]);
  });

  test('a probe that can not watch is asked at every slot all the same', async () => {
    const clock = new FakeClock();
    const probe = new WatchingProbe(clock);
    probe.watch = () => {
      throw new Error('a bug');
    };
    const start = { firstDelayMs: 0, phaseMs: 500 };
    const runner = new CheckRunner({ spec: checkSpec(), probe, clock, ...start, onOutcome: () => undefined });
    runner.start();
    await clock.advance(1_600);
    expect(probe.startedAtMs).toEqual([0, 500, 1_500]);
  });
});
