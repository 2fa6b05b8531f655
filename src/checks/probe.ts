/**
 * Why a probe ended as it did: the metric label, the log field, and what tests assert.
 * `passed` is the only one that comes with `ok`.
 */
export type ProbeReason =
  | 'passed'
  | 'timeout'
  | 'refused'
  | 'unreachable'
  | 'reset'
  | 'closed'
  | 'resolve-failed'
  | 'tls-failed'
  | 'unexpected-answer'
  | 'unexpected-status'
  | 'exit-status'
  | 'killed'
  | 'not-permitted'
  | 'spawn-failed'
  | 'protocol-error'
  | 'internal-error';

/** One attempt's result. A target that is down is an outcome, never an exception. */
export interface ProbeOutcome {
  readonly ok: boolean;
  readonly reason: ProbeReason;
  /** From the attempt's start to its end, monotonic, ms with fractions. */
  readonly latencyMs: number;
  /** One line for people: what was got instead of what was wanted. */
  readonly detail: string | undefined;
}

/** One way of asking one destination. Attempts never overlap; `attempt` always ends by `timeoutMs` (+ one timer tick). */
export interface Probe {
  attempt(timeoutMs: number, signal: AbortSignal): Promise<ProbeOutcome>;
  /** Frees sockets and processes; idempotent. */
  close(): Promise<void>;
}
