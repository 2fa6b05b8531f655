import type { Clock } from '../lib/clock.ts';
import { setDeadline } from '../lib/deadline.ts';
import type { ProbeOutcome } from './probe.ts';
import { type Verdict, verdictOfError } from './verdict.ts';

export interface AttemptLimits {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** What the time running out means where that depends on how far the attempt had come; by default `timeout`. */
  readonly onTimeout?: () => Verdict;
}

/** Ends the attempt; the first call counts, later ones do nothing. */
export type Finish = (verdict: Verdict) => void;

/** Frees what the attempt holds. Called once, however it ends; with the verdict, so that a failure may end harder. */
export type Release = (verdict: Verdict) => void;

/**
 * One attempt with its deadline. `start` begins the work and returns how to free it; whatever calls `finish` first
 * (the work, the deadline, an abort) decides. What `start` throws is an outcome too; it must have opened nothing then.
 */
export function attemptWithin(
  limits: AttemptLimits,
  start: (finish: Finish) => Release,
): Promise<ProbeOutcome> {
  const { clock, timeoutMs, signal } = limits;
  const startedMs = clock.now();
  return new Promise((resolve) => {
    let release: Release | undefined;
    let ended: Verdict | undefined;
    const finish: Finish = (verdict) => {
      if (ended !== undefined) return;
      ended = verdict;
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      release?.(verdict);
      resolve(outcomeOf(verdict, clock.now() - startedMs));
    };
    const onAbort = (): void => finish({ reason: 'killed', detail: 'the attempt was called off' });
    const timer = setDeadline(clock, timeoutMs, () => {
      finish(limits.onTimeout?.() ?? { reason: 'timeout', detail: `no answer within ${timeoutMs} ms` });
    });
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      release = start(finish);
      if (ended !== undefined) release(ended);
    } catch (error) {
      finish(verdictOfError(error));
    }
  });
}

function outcomeOf({ reason, detail, measurement }: Verdict, latencyMs: number): ProbeOutcome {
  const outcome = { ok: reason === 'passed', reason, latencyMs, detail };
  return measurement === undefined ? outcome : { ...outcome, measurement };
}
