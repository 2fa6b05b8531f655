import { isUnknownTime, millisAfter, type NtpReply } from './ntp-packet.ts';
import type { Measurement } from './probe.ts';
import type { NtpSpec } from './spec.ts';
import type { Verdict } from './verdict.ts';

/** When a reply came, on our clocks. */
export interface NtpTimes {
  /** Wall clock at sending, ms since the Unix epoch. */
  readonly sentUnixMs: number;
  /** From there to the arrival, on the monotonic clock: a step of the wall clock meanwhile is no offset. */
  readonly elapsedMs: number;
}

export type NtpLimits = Pick<NtpSpec, 'maxOffsetMs' | 'maxStratum' | 'maxRootDistanceMs'>;

type NtpMeasurement = Extract<Measurement, { kind: 'ntp' }>;

const MODE_SERVER = 4;
const LEAP_ALARM = 3;
/** Stratum of an unsynchronised server; packets may have 0 instead, and nothing is defined above (RFC 5905 §7.3). */
const MAX_STRATUM = 16;
/** By how much the server's time between request and reply may look impossible: clocks may tick as coarsely as 64 Hz. */
const TICK_MS = 50;
/** Kiss codes of a server that has nothing to say yet; all others say how we have to behave (RFC 5905 §7.4). */
const NOT_YET_CODES = new Set(['INIT', 'STEP']);
const KISS_CODE = /^[A-Z0-9]{3}[A-Z0-9\0 ]$/;
const KISS_MEANINGS: Readonly<Record<string, string>> = {
  RATE: ': it is asked too often',
  DENY: ': it denies us access',
  RSTR: ': it denies us access',
};

/** What a reply with our origin timestamp is worth. Measures whatever synchronised servers say, passed or not. */
export function judgeNtp(reply: NtpReply, times: NtpTimes, limits: NtpLimits): Verdict {
  return judgeServer(reply) ?? judgeMeasured({ reply, times, limits, measurement: measureNtp(reply, times) });
}

/** Why the server gives no time at all; undefined: it does. */
function judgeServer(reply: NtpReply): Verdict | undefined {
  const { mode, version, stratum, leap } = reply;
  if (mode !== MODE_SERVER || version < 3 || version > 4) {
    const detail = `got mode ${mode} of NTP version ${version}, not a server's answer (mode 4) of version 3 or 4`;
    return { reason: 'protocol-error', detail };
  }
  if (stratum > MAX_STRATUM) return { reason: 'protocol-error', detail: `got stratum ${stratum}` };
  if (stratum === 0) return judgeStratumZero(reply.referenceId);
  if (stratum === MAX_STRATUM) return unsynchronised(`stratum ${stratum}`);
  if (leap === LEAP_ALARM) return unsynchronised('leap indicator 3, alarm');
  // Not the reference timestamp: a server that was never set, but serves its own time on purpose (orphan mode), has none.
  for (const name of ['receive', 'transmit'] as const) {
    if (isUnknownTime(reply[name])) return unsynchronised(`no ${name} timestamp`);
  }
  return undefined;
}

function judgeStratumZero(referenceId: string): Verdict {
  if (!KISS_CODE.test(referenceId)) return unsynchronised('stratum 0');
  const code = referenceId.replace(/[\0 ]$/, '');
  if (NOT_YET_CODES.has(code)) return unsynchronised(`stratum 0, ${code}`);
  return {
    reason: 'kiss-of-death',
    detail: `the server sends kiss code ${code}${KISS_MEANINGS[code] ?? ''}`,
  };
}

function unsynchronised(sign: string): Verdict {
  return { reason: 'unsynchronised', detail: `the server's clock is not synchronised (${sign})` };
}

/**
 * Offset and delay as RFC 5905 §8 has them. The root distance is that of one exchange: half of root delay and round trip,
 * and the root dispersion (§11.2 and appendix A.5.5.2, where a client that keeps asking adds jitter and age).
 */
export function measureNtp(reply: NtpReply, { sentUnixMs, elapsedMs }: NtpTimes): NtpMeasurement {
  const receiveMs = millisAfter(reply.receive, sentUnixMs);
  const transmitMs = millisAfter(reply.transmit, sentUnixMs);
  const rttMs = Math.max(elapsedMs - (transmitMs - receiveMs), 0);
  return {
    kind: 'ntp',
    offsetMs: (receiveMs + (transmitMs - elapsedMs)) / 2,
    rttMs,
    stratum: reply.stratum,
    rootDistanceMs: (reply.rootDelayMs + rttMs) / 2 + reply.rootDispersionMs,
  };
}

function judgeMeasured(facts: {
  readonly reply: NtpReply;
  readonly times: NtpTimes;
  readonly limits: NtpLimits;
  readonly measurement: NtpMeasurement;
}): Verdict {
  const { reply, times, limits, measurement } = facts;
  const { stratum, offsetMs, rootDistanceMs } = measurement;
  const { maxStratum, maxOffsetMs, maxRootDistanceMs } = limits;
  const workedMs =
    millisAfter(reply.transmit, times.sentUnixMs) - millisAfter(reply.receive, times.sentUnixMs);
  if (workedMs < -TICK_MS || workedMs > times.elapsedMs + TICK_MS) {
    const detail = `the server says that it had the request for ${inMs(workedMs)}, of ${inMs(times.elapsedMs)} in all`;
    return { reason: 'protocol-error', detail };
  }
  if (stratum > maxStratum) {
    return { reason: 'stratum-too-high', detail: `stratum ${stratum}, above ${maxStratum}`, measurement };
  }
  if (maxRootDistanceMs !== undefined && rootDistanceMs > maxRootDistanceMs) {
    const detail = `root distance ${inMs(rootDistanceMs)}, above ${inMs(maxRootDistanceMs)}`;
    return { reason: 'root-distance-too-large', detail, measurement };
  }
  if (maxOffsetMs !== undefined && Math.abs(offsetMs) > maxOffsetMs) {
    const side = offsetMs > 0 ? 'behind' : 'ahead of';
    const detail = `this clock is ${inMs(Math.abs(offsetMs))} ${side} the server's, more than ${inMs(maxOffsetMs)}`;
    return { reason: 'offset-too-large', detail, measurement };
  }
  return { reason: 'passed', measurement };
}

function inMs(ms: number): string {
  return `${Number(ms.toFixed(3))} ms`;
}
