import type { Clock } from '../lib/clock.ts';
import { Shared } from '../lib/shared.ts';
import { attemptWithin } from './attempt.ts';
import { judgeAnswer } from './cabourotte-result.ts';
import { CabourotteServer, type ResultInquiry } from './cabourotte-server.ts';
import type { Probe } from './probe.ts';
import type { CabourotteSpec } from './spec.ts';
import type { Verdict } from './verdict.ts';

export interface CabourotteProbeOptions {
  readonly spec: CabourotteSpec;
  /** Ours, for the User-Agent. */
  readonly version: string;
  readonly clock: Clock;
  /** Shared by the checks that ask the same server; undefined: this one has its own connection. */
  readonly servers?: Shared<CabourotteServer> | undefined;
}

/**
 * Passes when the newest result that Cabourotte has of a check is a success, and not older than `maxAgeMs`. The server is
 * asked for this one result: its list of all would cost more with every check that it runs.
 */
export function cabourotteProbe({ spec, version, clock, servers }: CabourotteProbeOptions): Probe {
  const { name, maxAgeMs } = spec;
  const share = (servers ?? new Shared<CabourotteServer>()).take(
    keyOf(spec),
    () => new CabourotteServer({ spec, version, clock }),
  );
  return {
    attempt(timeoutMs, signal) {
      let inquiry: ResultInquiry | undefined;
      const onTimeout = (): Verdict => verdictOfSilence(inquiry?.awaited ?? 'answer', timeoutMs);
      return attemptWithin({ clock, timeoutMs, signal, onTimeout }, (finish) => {
        const judge: Parameters<CabourotteServer['ask']>[0]['judge'] = (answer) =>
          judgeAnswer(answer, { name, maxAgeMs, wallNowMs: clock.wallNow() });
        const begun = share.value.ask({ name, timeoutMs, judge, finish });
        inquiry = begun;
        return () => begun.leave();
      });
    },
    close: () => share.close(),
  };
}

/** All that makes a connection to be the same one. */
function keyOf({ url, basicAuth, tls, sourceAddress, sourceInterface }: CabourotteSpec): string {
  const { origin, pathname } = new URL(url);
  const base = pathname.replace(/\/+$/, '');
  return JSON.stringify([origin, base, basicAuth, tls, sourceAddress, sourceInterface]);
}

function verdictOfSilence(awaited: ResultInquiry['awaited'], timeoutMs: number): Verdict {
  const detail = `no ${awaited} within ${timeoutMs} ms`;
  return { reason: awaited === 'address' ? 'resolve-failed' : 'timeout', detail };
}
