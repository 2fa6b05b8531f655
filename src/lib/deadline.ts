import type { Clock, Timer } from './clock.ts';

/** A timer that runs later than this by more says that this process, not its peer, was slow. */
const STALL_MS = 5;

/**
 * Calls `run` when the time is up, never earlier. Where the loop was stalled past it (a long computation, a starved
 * CPU, a suspended machine), what arrived meanwhile still waits in the kernel: it is read first, in the same turn.
 */
export function setDeadline(clock: Clock, timeoutMs: number, run: () => void): Timer {
  const dueMs = clock.now() + timeoutMs;
  let isCancelled = false;
  const runUnlessCancelled = (): void => {
    if (!isCancelled) run();
  };
  const timer = clock.after(timeoutMs, () => {
    if (clock.now() > dueMs + STALL_MS) setImmediate(runUnlessCancelled);
    else run();
  });
  return {
    cancel: () => {
      isCancelled = true;
      timer.cancel();
    },
  };
}
