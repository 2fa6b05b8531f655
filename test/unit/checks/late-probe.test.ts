import { describe, expect, test } from 'vitest';
import type { Probe, ProbeOutcome } from '../../../src/checks/index.ts';
import { lateProbe } from '../../../src/checks/late-probe.ts';
import { settle } from '../../support/fake-clock.ts';

const passed: ProbeOutcome = { ok: true, reason: 'passed', latencyMs: 1, detail: undefined };
const signal = new AbortController().signal;

/** A probe that writes down what is asked of it, and what loads it when told to. */
function loading(over: Partial<Probe> = {}) {
  const told: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<Probe>();
  const probe: Probe = {
    attempt: async (timeoutMs) => {
      told.push(`attempt ${timeoutMs}`);
      return passed;
    },
    watch: () => told.push('watch'),
    close: async () => {
      told.push('close');
    },
    ...over,
  };
  return { late: lateProbe(() => promise), told, load: () => resolve(probe), fail: reject };
}

describe('a probe whose code is still being loaded', () => {
  test('watches before its first attempt, and both wait for the code', async () => {
    const { late, told, load } = loading();
    late.watch?.(() => undefined);
    const attempt = late.attempt(400, signal);
    await settle();
    expect(told).toEqual([]);
    load();
    expect(await attempt).toEqual(passed);
    expect(await late.attempt(500, signal)).toEqual(passed);
    expect(told).toEqual(['watch', 'attempt 400', 'attempt 500']);
  });

  test('is closed when it has come, and does not begin to watch any more', async () => {
    const { late, told, load } = loading();
    late.watch?.(() => undefined);
    const closed = late.close();
    load();
    await closed;
    expect(told).toEqual(['close']);
  });

  test('fails every attempt where it can not be loaded, and is closed all the same', async () => {
    const { late, fail } = loading();
    late.watch?.(() => undefined);
    fail(new Error('no such module'));
    await expect(late.attempt(400, signal)).rejects.toThrow('no such module');
    await expect(late.attempt(400, signal)).rejects.toThrow('no such module');
    await late.close();
  });

  test('is asked all the same where it can not watch, or has no way to', async () => {
    for (const over of [
      { watch: undefined },
      {
        watch: () => {
          throw new Error('a bug');
        },
      },
    ]) {
      const { late, load } = loading(over as Partial<Probe>);
      late.watch?.(() => undefined);
      load();
      expect(await late.attempt(400, signal)).toEqual(passed);
    }
  });
});
