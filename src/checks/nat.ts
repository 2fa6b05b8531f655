import type { Clock } from '../lib/clock.ts';
import type { IpFamily } from '../lib/sockaddr.ts';
import { attemptWithin } from './attempt.ts';
import { MasqueradeSearch } from './masquerade.ts';
import type { Probe, ReadSourceDestCheck } from './probe.ts';
import { readProcCount } from './proc-file.ts';
import { SingleWork } from './single-work.ts';
import type { NatSpec } from './spec.ts';
import { type Verdict, verdictOfError } from './verdict.ts';

export interface NatProbeOptions {
  readonly spec: NatSpec;
  readonly readSourceDestCheck: ReadSourceDestCheck | undefined;
  readonly clock: Clock;
  /** Where the kernel's settings are; undefined: /proc/sys. */
  readonly sysctlFolder?: string | undefined;
}

/** One attempt under way. */
interface Looking {
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  /** Said when the time runs out. */
  awaited: string;
}

const PASSED: Verdict = { reason: 'passed' };

const FORWARDING: Readonly<Record<IpFamily, { readonly file: string; readonly key: string }>> = {
  ipv4: { file: 'net/ipv4/ip_forward', key: 'net.ipv4.ip_forward' },
  ipv6: { file: 'net/ipv6/conf/all/forwarding', key: 'net.ipv6.conf.all.forwarding' },
};

/** Passes while this machine forwards, masquerades, and is allowed by EC2 to. */
export function natProbe(options: NatProbeOptions): Probe {
  const { spec, clock } = options;
  const work = new SingleWork();
  const search = new MasqueradeSearch();
  const look = async (looking: Looking): Promise<Verdict> => {
    looking.awaited = 'the forwarding settings';
    const forwarding = await judgeForwarding(options);
    if (forwarding.reason !== 'passed') return forwarding;
    looking.awaited = 'the list of rules';
    const { signal, deadlineMs } = looking;
    const timeoutMs = Math.max(deadlineMs - clock.now(), 1);
    const rules = spec.masquerade ? await search.search(spec.families, { clock, timeoutMs, signal }) : PASSED;
    if (rules.reason !== 'passed' || !spec.sourceDestCheckOff) return rules;
    looking.awaited = 'the source/dest check';
    return judgeSourceDestCheck(options, looking);
  };
  return {
    attempt(timeoutMs, signal) {
      const stop = new AbortController();
      const looking = {
        signal: stop.signal,
        deadlineMs: clock.now() + timeoutMs,
        awaited: 'an earlier look',
      };
      const onTimeout = (): Verdict => ({
        reason: 'timeout',
        detail: `${looking.awaited} did not come within ${timeoutMs} ms`,
      });
      return attemptWithin({ clock, timeoutMs, signal, onTimeout }, (finish) => {
        const forget = work.begin(() =>
          look(looking).then(finish, (error: unknown) => finish(verdictOfError(error))),
        );
        return () => {
          forget();
          stop.abort();
        };
      });
    },
    close: () => Promise.resolve(),
  };
}

async function judgeForwarding({ spec, sysctlFolder }: NatProbeOptions): Promise<Verdict> {
  for (const family of spec.families) {
    const { file, key } = FORWARDING[family];
    const value = await readProcCount(`${sysctlFolder ?? '/proc/sys'}/${file}`);
    if (value === undefined || value === 0) {
      return { reason: 'forwarding-off', detail: `${key} is ${value ?? 'not there'}, not 1` };
    }
  }
  return PASSED;
}

/**
 * While nobody can say how it is, it is taken to be off: an instance whose EC2 API is out of reach forwards as before. It
 * is waited for only so long that the attempt can still end by itself.
 */
async function judgeSourceDestCheck(options: NatProbeOptions, looking: Looking): Promise<Verdict> {
  const { readSourceDestCheck, clock } = options;
  const isOn = readSourceDestCheck && (await withinHalf(readSourceDestCheck(looking.signal), clock, looking));
  if (isOn === true) {
    const detail = 'the source/dest check of the interface is on: EC2 drops what this instance forwards';
    return { reason: 'source-dest-check-on', detail };
  }
  const isKnown = isOn !== undefined;
  return isKnown ? PASSED : { ...PASSED, detail: 'whether the source/dest check is on is not known' };
}

/** undefined: it took longer than half of what is left of the attempt, or failed. */
function withinHalf<Value>(
  work: Promise<Value>,
  clock: Clock,
  { deadlineMs, signal }: Looking,
): Promise<Value | undefined> {
  return new Promise((resolve) => {
    const end = (value: Value | undefined): void => {
      timer.cancel();
      signal.removeEventListener('abort', giveUp);
      resolve(value);
    };
    const giveUp = (): void => end(undefined);
    const timer = clock.after((deadlineMs - clock.now()) / 2, giveUp);
    signal.addEventListener('abort', giveUp, { once: true });
    work.then(end, giveUp);
  });
}
