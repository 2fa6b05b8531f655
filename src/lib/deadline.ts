import type { Clock, Timer } from './clock.ts';

/** A timer that runs later than this by more says that this process, not its peer, was slow. */
const STALL_MS = 5;

/** One that runs later than this by more says that this process was stopped. */
const FREEZE_MS = 50;
/** The most that is given again of the time for which this process was stopped. */
const MAX_GRANT_MS = 250;

/**
 * Calls `run` when the time is up, never earlier. Where the loop was stalled past it (a long computation, a starved
 * CPU, a suspended machine), what arrived meanwhile still waits in the kernel: it is read first, in the same turn. After
 * a longer stop some of the time is given again, as work of several steps could do none of them.
 */
export function setDeadline(clock: Clock, timeoutMs: number, run: () => void): Timer {
  const dueMs = clock.now() + timeoutMs;
  let isCancelled = false;
  const runUnlessCancelled = (): void => {
    if (!isCancelled) run();
  };
  let timer = clock.after(timeoutMs, () => {
    const lateMs = clock.now() - dueMs;
    if (lateMs > FREEZE_MS) timer = clock.after(Math.min(lateMs, MAX_GRANT_MS), runUnlessCancelled);
    else if (lateMs > STALL_MS) setImmediate(runUnlessCancelled);
    else run();
  });
  return {
    cancel: () => {
      isCancelled = true;
      timer.cancel();
    },
  };
}
