import type { WorldState } from './state.ts';

/** The oldest state that a stale read can ask for. */
export const MAX_STALE_MS = 10_000;

/** Beyond this many moments, changes within one step of 20 ms are kept as one: memory stays bounded under load. */
const DENSE_ENTRIES = 500;
const STEP_MS = 20;

interface Moment {
  readonly atMs: number;
  readonly state: WorldState;
}

/** The region's states of the last 10 s. */
export interface History {
  latest(): WorldState;
  /** The state as it was at `atMs`; the oldest known one if that is too long ago. */
  at(atMs: number): WorldState;
  record(state: WorldState, atMs: number): void;
}

export function createHistory(initial: WorldState, startMs: number): History {
  const moments: Moment[] = [{ atMs: startMs, state: initial }];
  const latest = () => moments.at(-1)?.state ?? initial;
  return {
    latest,
    at: (atMs) => moments.findLast((moment) => moment.atMs <= atMs)?.state ?? moments[0]?.state ?? initial,
    record(state, atMs) {
      const last = moments.at(-1);
      const isSameStep = last !== undefined && Math.floor(last.atMs / STEP_MS) === Math.floor(atMs / STEP_MS);
      if (isSameStep && moments.length > DENSE_ENTRIES) moments.pop();
      moments.push({ atMs, state });
      // The newest moment at or before the horizon still answers for everything up to the one after it.
      const keepFrom = moments.findLastIndex((moment) => moment.atMs <= atMs - MAX_STALE_MS);
      if (keepFrom > 0) moments.splice(0, keepFrom);
    },
  };
}
