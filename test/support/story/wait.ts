/** How long something may take, and what it is called when it does not happen. */
export interface WaitOptions {
  readonly limitMs: number;
  readonly what: string;
  /** Between two looks. Default 10 ms. */
  readonly everyMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A condition that was not met in time. */
export class NotInTimeError extends Error {}

/**
 * Looks until `look` answers something else than undefined or false, and resolves with it. Rejects with NotInTimeError
 * after `limitMs`; what `look` itself throws is not caught.
 */
export async function waitFor<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  options: WaitOptions,
): Promise<T> {
  const untilMs = performance.now() + options.limitMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() >= untilMs) {
      throw new NotInTimeError(`not within ${options.limitMs} ms: ${options.what}`);
    }
    await pause(options.everyMs ?? 10);
  }
}

/** The gap between two looks. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
