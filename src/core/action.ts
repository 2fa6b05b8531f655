import type { Destination, RouteTarget } from './route.ts';

/** Why a route is left alone. */
export type HoldReason =
  | 'not-manageable'
  | 'checks-unsettled'
  | 'already-held'
  | 'never-delete'
  | 'self-unhealthy'
  | 'held-by-fallback'
  | 'backup-first'
  | 'held-by-gateway'
  | 'holder-unsettled'
  | 'holder-healthy'
  | 'preempt-delay'
  | 'owner-reclaimed'
  | 'owner-conflict'
  | 'change-settling'
  | 'no-interface';

/** Why a route is changed. */
export type ChangeReason =
  | 'absent'
  | 'blackhole-self'
  | 'unhealthy-fallback'
  | 'unhealthy'
  | 'owner'
  | 'recover-from-fallback'
  | 'blackhole'
  | 'holder-unhealthy'
  | 'holder-impaired';

/** What should be done about one route of one table, and why. */
export type Decision =
  /** `untilMs`: monotonic time at which the answer may differ though no fact changed. */
  | { readonly verdict: 'hold'; readonly reason: HoldReason; readonly untilMs: number | undefined }
  | { readonly verdict: 'create'; readonly reason: ChangeReason; readonly to: RouteTarget }
  | {
      readonly verdict: 'replace';
      readonly reason: ChangeReason;
      readonly from: RouteTarget;
      readonly to: RouteTarget;
    }
  | { readonly verdict: 'delete'; readonly reason: ChangeReason; readonly from: RouteTarget };

/** A change for EC2. `key` names the managed route: `<table id> <destination>`. */
export interface RouteAction {
  readonly kind: 'create' | 'replace' | 'delete';
  readonly key: string;
  readonly tableId: string;
  readonly roleArn: string | undefined;
  readonly destination: Destination;
  readonly from: RouteTarget | undefined;
  readonly to: RouteTarget | undefined;
  readonly reason: ChangeReason;
}
