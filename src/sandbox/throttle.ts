import type { Clock } from '../lib/clock.ts';

export interface Bucket {
  readonly capacity: number;
  readonly refillPerSec: number;
}

/** EC2's request buckets: one per action and account. Source: "Request throttling for the Amazon EC2 API". */
export interface ThrottleLimits {
  readonly mutating: Bucket;
  readonly describe: Bucket;
  /** DescribeInstances, DescribeInstanceStatus and DescribeNetworkInterfaces without filter, ids or pagination. */
  readonly unfiltered: Bucket;
  /** Actions that have a bucket of their own. */
  readonly actions: Readonly<Record<string, Bucket>>;
}

const AWS_LIMITS: ThrottleLimits = {
  mutating: { capacity: 50, refillPerSec: 5 },
  describe: { capacity: 100, refillPerSec: 20 },
  unfiltered: { capacity: 50, refillPerSec: 10 },
  actions: { ModifyNetworkInterfaceAttribute: { capacity: 100, refillPerSec: 5 } },
};

const COSTLY = ['DescribeInstances', 'DescribeInstanceStatus', 'DescribeNetworkInterfaces'];

/** Accounts and actions are few; a caller that makes up accounts must not make this grow. */
const MAX_BUCKETS = 1000;

export interface ThrottledCall {
  readonly action: string;
  readonly accountId: string;
  readonly isUnfiltered: boolean;
}

/** Token buckets on the clock, full at first. `take` answers false where EC2 answers `RequestLimitExceeded`. */
export function createThrottle(limits: Partial<ThrottleLimits>, clock: Clock) {
  const applied: ThrottleLimits = { ...AWS_LIMITS, ...limits };
  const levels = new Map<string, { tokens: number; atMs: number }>();
  return {
    limits: applied,
    take(call: ThrottledCall): boolean {
      const [name, bucket] = bucketFor(applied, call);
      if (bucket === undefined) return true;
      const key = `${call.accountId} ${name}`;
      const nowMs = clock.now();
      const level = levels.get(key) ?? { tokens: bucket.capacity, atMs: nowMs };
      const refill = ((nowMs - level.atMs) / 1000) * bucket.refillPerSec;
      const tokens = Math.min(bucket.capacity, level.tokens + refill);
      const isTaken = tokens >= 1;
      levels.set(key, { tokens: isTaken ? tokens - 1 : tokens, atMs: nowMs });
      const oldest = levels.keys().next().value;
      if (levels.size > MAX_BUCKETS && oldest !== undefined) levels.delete(oldest);
      return isTaken;
    },
  };
}

function bucketFor(
  limits: ThrottleLimits,
  call: ThrottledCall,
): readonly [name: string, bucket: Bucket | undefined] {
  const { action } = call;
  const own = Object.hasOwn(limits.actions, action) ? limits.actions[action] : undefined;
  if (own !== undefined) return [action, own];
  if (/^(Create|Replace|Delete|Modify)/.test(action)) return [action, limits.mutating];
  if (!/^Describe/.test(action)) return [action, undefined];
  if (call.isUnfiltered && COSTLY.includes(action)) return [`${action} unfiltered`, limits.unfiltered];
  return [action, limits.describe];
}
