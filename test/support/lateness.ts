interface Lateness<Outcome> {
  readonly outcome: Outcome;
  readonly lateMs: number;
}

/** Later than this may be the machine's doing: it is asked again. */
const DOUBTFUL_MS = 20;
const ATTEMPTS = 3;

/**
 * How much later than its timeout an attempt ended, compared with a bare timer set at the same moment: a busy machine
 * delays both, and only what we add is ours. As it may stall any one attempt between the two, the least late of up to
 * three counts: what is late by our own fault is late each time. Negative: it ended before its timeout.
 */
export async function latenessOf<Outcome extends { readonly latencyMs: number }>(
  timeoutMs: number,
  attempt: () => Promise<Outcome>,
): Promise<Lateness<Outcome>> {
  let least = await measure(timeoutMs, attempt);
  for (let made = 1; made < ATTEMPTS && least.lateMs > DOUBTFUL_MS; made += 1) {
    const next = await measure(timeoutMs, attempt);
    if (next.lateMs < least.lateMs) least = next;
  }
  return least;
}

async function measure<Outcome extends { readonly latencyMs: number }>(
  timeoutMs: number,
  attempt: () => Promise<Outcome>,
): Promise<Lateness<Outcome>> {
  const startedMs = performance.now();
  let bareMs = 0;
  const timer = setTimeout(() => {
    bareMs = performance.now() - startedMs;
  }, timeoutMs);
  const outcome = await attempt();
  clearTimeout(timer);
  if (outcome.latencyMs < timeoutMs) return { outcome, lateMs: outcome.latencyMs - timeoutMs };
  return { outcome, lateMs: Math.max(outcome.latencyMs - Math.max(timeoutMs, bareMs), 0) };
}
