import { assertNever } from '../lib/assert-never.ts';
import type { Clock } from '../lib/clock.ts';
import { commandProbe } from './command.ts';
import { httpProbe } from './http.ts';
import { pingProbe } from './ping.ts';
import type { Probe } from './probe.ts';
import type { CheckSpec } from './spec.ts';
import { tcpProbe } from './tcp.ts';

export interface ProbeContext {
  readonly clock: Clock;
  /** Ours, for the User-Agent of HTTP checks. */
  readonly version: string;
}

/** The probe of a check. It opens nothing before its first attempt; close it when the check is over. */
export function makeProbe(check: CheckSpec, { clock, version }: ProbeContext): Probe {
  const { probe: spec, destination } = check;
  switch (spec.type) {
    case 'ping':
      return pingProbe({ spec, destination, clock });
    case 'tcp':
      return tcpProbe({ spec, destination, clock });
    case 'http':
      return httpProbe({ spec, destination, clock, version });
    case 'command':
      return commandProbe({ spec, destination, clock });
    default:
      return assertNever(spec);
  }
}
