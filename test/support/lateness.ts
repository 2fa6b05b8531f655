/**
 * How much later than its timeout an attempt ended, compared with a bare timer set at the same moment: a busy machine
 * delays both, and only what we add is ours. Negative: it ended before its timeout.
 */
export async function latenessOf<Outcome extends { readonly latencyMs: number }>(
  timeoutMs: number,
  attempt: () => Promise<Outcome>,
): Promise<{ readonly outcome: Outcome; readonly lateMs: number }> {
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
