import { assertNever } from '../lib/assert-never.ts';
import type { FsmEnd } from './fsm-end.ts';
import { CEASE, ERROR_CODE, type Notification } from './notification.ts';

/** What is remembered of failures, until a session has lasted. */
export interface Backoff {
  /** Attempts and sessions that failed in a row. */
  readonly failures: number;
  /** How many of them for too many prefixes. */
  readonly penalties: number;
}

export interface Wait {
  readonly delayMs: number;
  /** The peer has asked to be left alone: neither side is to connect before. */
  readonly isPenalty: boolean;
  readonly backoff: Backoff;
}

/** What has ended, and under which settings. */
export interface Ended {
  readonly end: FsmEnd;
  /** How long the session was in Established; undefined: never. */
  readonly lastedMs: number | undefined;
  readonly backoff: Backoff;
  readonly connectRetryMs: number;
  /** In [0, 1). */
  readonly jitter: number;
}

export const NO_BACKOFF: Backoff = { failures: 0, penalties: 0 };

/**
 * A session that lasted so long has wiped out the failures before it. More than the longest regular wait, so that a peer
 * that flaps again and again meets longer and longer ones; not as long as a hold time may be (hours), after which a peer
 * that was fine all day would pay for the morning.
 */
const LASTING_MS = 60_000;

const LONGEST_MS = 30_000;
const QUICK_MS = 1_000;
const SLOW_MS = 30_000;
/** Somebody has to change a configuration. */
const MISCONFIGURED_MS = 5_000;
const NOT_SUPPORTED_MS = 60_000;
const PENALTY_MS = 60_000;
const LONGEST_PENALTY_MS = 480_000;
/** 2³⁰ times any first wait is beyond the longest. */
const MOST_DOUBLINGS = 30;

type Pace = 'quick' | 'steady' | 'misconfigured' | 'slow' | 'not-supported' | 'penalty';

/**
 * How long to wait before the next attempt. Waits that grow are cut by up to a quarter at random (RFC 4271 §10); least
 * waits are stretched by as much: of many speakers that lost one router, no two come back at the same time.
 */
export function waitAfter({ end, lastedMs, backoff, connectRetryMs, jitter }: Ended): Wait {
  const { failures, penalties } = (lastedMs ?? 0) >= LASTING_MS ? NO_BACKOFF : backoff;
  const isFirstLoss = lastedMs !== undefined && failures === 0;
  const pace = paceOf(end, failures, isFirstLoss);
  const isPenalty = pace === 'penalty';
  const firstMs = pace === 'quick' ? Math.min(connectRetryMs, QUICK_MS) : connectRetryMs;
  const grownMs = grow(firstMs, failures, Math.max(firstMs, LONGEST_MS)) * (0.75 + 0.25 * jitter);
  const leastMs =
    (isPenalty ? grow(PENALTY_MS, penalties, LONGEST_PENALTY_MS) : LEAST_MS[pace]) * (1 + jitter / 4);
  return {
    delayMs: Math.max(grownMs, leastMs, 1),
    isPenalty,
    backoff: { failures: failures + 1, penalties: penalties + (isPenalty ? 1 : 0) },
  };
}

const LEAST_MS: Readonly<Record<Exclude<Pace, 'penalty'>, number>> = {
  quick: 0,
  steady: 0,
  misconfigured: MISCONFIGURED_MS,
  slow: SLOW_MS,
  'not-supported': NOT_SUPPORTED_MS,
};

function grow(firstMs: number, doublings: number, mostMs: number): number {
  return Math.min(firstMs * 2 ** Math.min(doublings, MOST_DOUBLINGS), mostMs);
}

function paceOf({ reason, notification }: FsmEnd, failures: number, isFirstLoss: boolean): Pace {
  switch (reason) {
    case 'not-supported':
      return 'not-supported';
    case 'notification-received':
    case 'notification-sent': {
      const pace = notification === undefined ? 'steady' : paceOfNotification(notification, failures);
      return pace === 'steady' && isFirstLoss ? 'quick' : pace;
    }
    case 'connect-failed':
    case 'connection-lost':
    case 'hold-timer-expired':
    case 'send-hold-timer-expired':
    case 'collision':
    case 'administrative':
      return isFirstLoss ? 'quick' : 'steady';
    default:
      return assertNever(reason);
  }
}

function paceOfNotification({ errorCode, errorSubcode, data }: Notification, failures: number): Pace {
  if (errorCode === ERROR_CODE.cease) return paceOfCease(errorSubcode, data, failures);
  if (errorCode === ERROR_CODE.openMessage) return 'misconfigured';
  // Once may be a broken connection; again, it is somebody who does not speak BGP.
  if (errorCode === ERROR_CODE.messageHeader && failures > 0) return 'misconfigured';
  return 'steady';
}

/** What routers do and mean by it: RFC 4486 §4, RFC 8538 §3 (Hard Reset), RFC 9384 (BFD Down). */
function paceOfCease(subcode: number, data: Uint8Array, failures: number): Pace {
  switch (subcode) {
    case CEASE.maximumNumberOfPrefixesReached:
      return 'penalty';
    case CEASE.administrativeShutdown:
    case CEASE.peerDeconfigured:
    case CEASE.connectionRejected:
    case CEASE.outOfResources:
      return 'slow';
    case CEASE.administrativeReset:
    case CEASE.otherConfigurationChange:
    case CEASE.connectionCollisionResolution:
    case CEASE.bfdDown:
      return 'quick';
    case CEASE.hardReset:
      return paceOfHardReset(data, failures);
    default:
      return 'steady';
  }
}

/** Its data is the NOTIFICATION that it stands for: code, subcode, data. */
function paceOfHardReset(data: Uint8Array, failures: number): Pace {
  const [errorCode, errorSubcode] = data;
  const isNested = errorCode === ERROR_CODE.cease && errorSubcode === CEASE.hardReset;
  if (errorCode === undefined || errorSubcode === undefined || isNested) return 'steady';
  return paceOfNotification({ errorCode, errorSubcode, data: data.subarray(2) }, failures);
}
