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
  // dns
  | 'unexpected-rcode'
  | 'too-few-answers'
  | 'truncated'
  // tls_certificate
  | 'expired'
  | 'not-yet-valid'
  | 'expires-soon'
  | 'untrusted'
  | 'name-mismatch'
  | 'issuer-mismatch'
  | 'key-mismatch'
  // files, and what is read from them
  | 'not-found'
  | 'found'
  | 'unreadable'
  | 'content-mismatch'
  | 'too-old'
  | 'too-new'
  | 'too-large'
  // assigned_address
  | 'not-assigned'
  | 'other-interface'
  | 'link-down'
  // ntp
  | 'unsynchronised'
  | 'kiss-of-death'
  | 'offset-too-large'
  | 'stratum-too-high'
  | 'root-distance-too-large'
  // cabourotte
  | 'no-result'
  | 'stale'
  | 'check-failed'
  // systemd, grpc
  | 'inactive'
  | 'not-serving'
  | 'unknown-service'
  // conntrack, nat
  | 'table-full'
  | 'forwarding-off'
  | 'masquerade-missing'
  | 'source-dest-check-on'
  | 'internal-error';

/** What an attempt measured beside its latency, passed or not. Times in ms. */
export type Measurement =
  | {
      readonly kind: 'ping';
      /** These three since the probe was made: what several attempts within one probe sent is in them all. */
      readonly sent: number;
      readonly received: number;
      /** Further replies to a request that was answered; those of an attempt may be heard in the next one only. */
      readonly duplicates: number;
      /** Of this attempt; undefined where no reply came. */
      readonly rttMs: number | undefined;
    }
  | {
      readonly kind: 'tls_certificate';
      /** End of the validity, since the Unix epoch: the earliest of the chain. */
      readonly notAfterMs: number;
      /** Whether that is nearer than the check's `warn_remaining`. */
      readonly isExpiringSoon: boolean;
    }
  | {
      readonly kind: 'ntp';
      /** Server's clock less ours. */
      readonly offsetMs: number;
      readonly rttMs: number;
      readonly stratum: number;
      readonly rootDistanceMs: number;
    }
  | { readonly kind: 'dns'; readonly answers: number; readonly rcode: string }
  | { readonly kind: 'tftp'; readonly bytes: number }
  | { readonly kind: 'http'; readonly status: number }
  | { readonly kind: 'cabourotte'; readonly ageMs: number }
  | { readonly kind: 'conntrack'; readonly entries: number; readonly limit: number };

/** One attempt's result. A target that is down is an outcome, never an exception. */
export interface ProbeOutcome {
  readonly ok: boolean;
  readonly reason: ProbeReason;
  /** From the attempt's start to its end, monotonic, ms with fractions. */
  readonly latencyMs: number;
  /** One line for people: what was got instead of what was wanted. */
  readonly detail: string | undefined;
  readonly measurement?: Measurement | undefined;
}

/** One way of asking one destination. Attempts never overlap; `attempt` always ends by `timeoutMs` (+ one timer tick). */
export interface Probe {
  attempt(timeoutMs: number, signal: AbortSignal): Promise<ProbeOutcome>;
  /**
   * Where the kernel can tell: calls `onChange` whenever the answer may have become another, until `close`. The cadence
   * goes on beside it, since a notice may be lost. Called once, before the first attempt.
   */
  watch?(onChange: () => void): void;
  /** Frees sockets and processes; idempotent. */
  close(): Promise<void>;
}

/** Whether the source/dest check of the interface that routes point at is on; undefined: not known (yet). */
export type ReadSourceDestCheck = (signal: AbortSignal) => Promise<boolean | undefined>;
