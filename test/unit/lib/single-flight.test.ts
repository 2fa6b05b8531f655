import { describe, expect, it } from 'vitest';
import { SingleFlight } from '../../../src/lib/single-flight.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** A task that takes 100 ms and records when its runs start; `failing` runs throw. */
function slowTask(failing: readonly number[] = []) {
  const clock = new FakeClock();
  const starts: number[] = [];
  const crashes: unknown[] = [];
  const task = async (): Promise<void> => {
    starts.push(clock.now());
    await new Promise<void>((resolve) => clock.after(100, resolve));
    if (failing.includes(starts.length)) throw new Error('boom');
  };
  return { clock, starts, crashes, flight: new SingleFlight(clock, task, (error) => crashes.push(error)) };
}

describe('single flight', () => {
  it('makes one run of all requests in a turn', async () => {
    const { clock, starts, flight } = slowTask();
    flight.request();
    flight.request();
    await clock.advance(1_000);
    expect(starts).toEqual([0]);
  });

  it('makes exactly one more run of all requests during a run', async () => {
    const { clock, starts, flight } = slowTask();
    flight.request();
    await clock.advance(10);
    for (let turn = 0; turn < 5; turn += 1) flight.request();
    await clock.advance(1_000);
    expect(starts).toEqual([0, 100]);
  });

  it('keeps the earliest of the times that were asked for', async () => {
    const { clock, starts, flight } = slowTask();
    flight.requestAt(500);
    flight.requestAt(200);
    flight.requestAt(900);
    await clock.advance(2_000);
    expect(starts).toEqual([200]);
  });

  it('goes on after a run that threw', async () => {
    const { clock, starts, crashes, flight } = slowTask([1]);
    flight.request();
    await clock.advance(500);
    flight.request();
    await clock.advance(500);
    expect(starts).toEqual([0, 500]);
    expect(crashes).toHaveLength(1);
  });

  it('ends the present run and starts no other when closed', async () => {
    const { clock, starts, flight } = slowTask();
    flight.request();
    await clock.advance(10);
    flight.request();
    flight.requestAt(300);
    const closed = flight.close();
    await clock.advance(1_000);
    await closed;
    flight.request();
    await clock.advance(1_000);
    expect(starts).toEqual([0]);
    expect(clock.pendingTimers).toBe(0);
  });
});
