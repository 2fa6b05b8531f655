import type { Clock } from '../lib/clock.ts';
import { CodedError } from '../lib/coded-error.ts';
import { setDeadline } from '../lib/deadline.ts';

/** How long a call may take, and who may end it sooner. */
export interface CallDeadline {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signals: readonly AbortSignal[];
}

/**
 * Runs `work` and settles no later than the deadline, whatever `work` does: the signal that it gets is only a request,
 * which code that is stuck before its socket (fetching credentials, waiting for a socket) never hears. Rejects with a
 * CodedError `timeout` or `aborted`; a result that comes later is dropped.
 */
export async function withinDeadline<T>(
  deadline: CallDeadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { clock, timeoutMs, signals } = deadline;
  if (signals.some((signal) => signal.aborted)) throw abortedError();
  const controller = new AbortController();
  const ended = Promise.withResolvers<never>();
  const end = (error: CodedError) => {
    ended.reject(error);
    controller.abort(error);
  };
  const onAbort = () => end(abortedError());
  const timer = setDeadline(clock, timeoutMs, () => end(timeoutError(timeoutMs)));
  for (const signal of signals) signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([ended.promise, work(controller.signal)]);
  } finally {
    timer.cancel();
    for (const signal of signals) signal.removeEventListener('abort', onAbort);
  }
}

function timeoutError(timeoutMs: number): CodedError {
  return new CodedError('timeout', `no answer within ${timeoutMs} ms`, { timeoutMs });
}

function abortedError(): CodedError {
  return new CodedError('aborted', 'the call was given up');
}
