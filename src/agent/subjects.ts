import type { AwsFailure } from '../aws/index.ts';
import { isTakeover, type RouteAction } from '../core/index.ts';

/** EC2's actions by ours. */
const APIS = { create: 'CreateRoute', replace: 'ReplaceRoute', delete: 'DeleteRoute' } as const;

/** Failures after which the change has certainly not been made: nothing was sent. */
const UNSENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Another account's role may be refused or throttled while one's own is not. */
export function apiOf(action: RouteAction): string {
  return action.roleArn === undefined ? APIS[action.kind] : `${APIS[action.kind]} ${action.roleArn}`;
}

/** One change of one route: what fails for it alone holds up no other. */
export function subjectOf(action: RouteAction): string {
  return `${APIS[action.kind]} ${action.key}`;
}

/** True for a subject of one route that is not managed any more. */
export function isGoneRoute(subject: string, isManaged: (key: string) => boolean): boolean {
  const found = /^(?:Create|Replace|Delete)Route (rtb-.*)$/.exec(subject);
  return found?.[1] !== undefined && !isManaged(found[1]);
}

/** False only where the failure says that nothing was sent or done. */
export function mayHaveHappened(failure: AwsFailure): boolean {
  return failure.kind === 'transient' && !UNSENT.has(failure.code);
}

/** True for a change by which this agent lets go of a route. */
export function isGivingAway(action: RouteAction): boolean {
  return action.reason === 'unhealthy' || action.reason === 'unhealthy-fallback';
}

/** What the route's memory needs of a change that EC2 accepted. */
export function changeOf(action: RouteAction, before: string | undefined, atMs: number) {
  const { reason, to } = action;
  return {
    before,
    after: to?.id,
    atMs,
    isTakeover: isTakeover(reason),
    isMine: !isGivingAway(action),
  };
}
