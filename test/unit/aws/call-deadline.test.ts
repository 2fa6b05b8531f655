import { describe, expect, it } from 'vitest';
import { withinDeadline } from '../../../src/aws/call-deadline.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const never = () => new Promise<never>(() => undefined);

function start<T>(work: (signal: AbortSignal) => Promise<T>) {
  const clock = new FakeClock();
  const outer = new AbortController();
  const result = withinDeadline({ clock, timeoutMs: 100, signals: [outer.signal] }, work);
  const settled = result.then(
    (value) => ({ value }),
    (error: { code?: string }) => ({ code: error.code }),
  );
  return { clock, outer, settled };
}

describe('a deadline', () => {
  it('passes on what comes in time, and leaves no timer behind', async () => {
    const { clock, settled } = start(async () => 7);
    expect(await settled).toEqual({ value: 7 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends work that never listens', async () => {
    const { clock, settled } = start(never);
    await clock.advance(100);
    expect(await settled).toEqual({ code: 'timeout' });
  });

  it('tells the work that it is over', async () => {
    const seen: AbortSignal[] = [];
    const { clock, settled } = start((signal) => {
      seen.push(signal);
      return never();
    });
    await clock.advance(99);
    expect(seen[0]?.aborted).toBe(false);
    await clock.advance(1);
    await settled;
    expect(seen[0]?.aborted).toBe(true);
  });

  it('ends when the caller gives up', async () => {
    const { clock, outer, settled } = start(never);
    outer.abort();
    expect(await settled).toEqual({ code: 'aborted' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not even begin for a caller that has given up before', async () => {
    let began = false;
    const signal = AbortSignal.abort();
    const result = withinDeadline({ clock: new FakeClock(), timeoutMs: 100, signals: [signal] }, async () => {
      began = true;
    });
    await expect(result).rejects.toMatchObject({ code: 'aborted' });
    expect(began).toBe(false);
  });
});
