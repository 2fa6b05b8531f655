/** What an AWS error means for the loop. */
export type FailureKind =
  | 'throttled'
  | 'transient'
  | 'unauthorized'
  | 'credentials'
  | 'clock-skew'
  | 'already-exists'
  | 'route-missing'
  | 'table-missing'
  | 'target-missing'
  | 'not-ready'
  | 'limit'
  | 'invalid';

/** The EC2 (or STS) action that failed, e.g. `ReplaceRoute`; `code` is AWS's own or the network's (`ECONNREFUSED`, `timeout`). */
export interface AwsFailure {
  readonly kind: FailureKind;
  readonly api: string;
  readonly code: string;
  readonly message: string;
  readonly requestId: string | undefined;
}
