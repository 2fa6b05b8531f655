import type { Clock } from '../lib/clock.ts';
import { Shared } from '../lib/shared.ts';
import { attemptWithin } from './attempt.ts';
import { hexOf, type OwnAddress, OwnAddresses, type OwnAddressesResult } from './own-addresses.ts';
import type { Probe } from './probe.ts';
import { SingleWork } from './single-work.ts';
import type { AssignedAddressSpec } from './spec.ts';
import { reasonOfCode, type Verdict, verdictOfError } from './verdict.ts';

export interface AssignedAddressProbeOptions {
  readonly spec: AssignedAddressSpec;
  /** What the checks of a process share; undefined: this one reads and listens for itself. */
  readonly ownAddresses: Shared<OwnAddresses> | undefined;
  readonly clock: Clock;
}

/** Passes while this machine has the address, by the kernel's own word. */
export function assignedAddressProbe({ spec, ownAddresses, clock }: AssignedAddressProbeOptions): Probe {
  const shared = ownAddresses ?? new Shared<OwnAddresses>();
  const share = shared.take('', () => new OwnAddresses({ clock, random: Math.random }));
  const work = new SingleWork();
  let stopWatching: (() => void) | undefined;
  return {
    attempt(timeoutMs, signal) {
      const onTimeout = (): Verdict => ({
        reason: 'timeout',
        detail: `the kernel did not list its addresses within ${timeoutMs} ms`,
      });
      return attemptWithin({ clock, timeoutMs, signal, onTimeout }, (finish) =>
        work.begin(() =>
          share.value.read().then(
            (result) => finish(judge(spec, result)),
            (error: unknown) => finish(verdictOfError(error)),
          ),
        ),
      );
    },
    watch(onChange) {
      stopWatching = share.value.watch(onChange);
    },
    close() {
      stopWatching?.();
      return share.close();
    },
  };
}

/** Whether the address is where it has to be: one of the interfaces that have it is enough. */
export function judge(spec: AssignedAddressSpec, result: OwnAddressesResult): Verdict {
  if (!result.ok) return verdictOfRefusal(result.code);
  const { address } = spec;
  const wanted = hexOf(address);
  const having = result.addresses.filter((own) => own.addressHex === wanted);
  const usable = having.filter((own) => own.duplicateCheck === 'passed');
  if (usable.length === 0) return { reason: 'not-assigned', detail: absenceOf(address, having, result) };
  const fitting = usable.filter((own) => spec.interface === undefined || own.interface === spec.interface);
  if (fitting.length === 0) {
    const unusable = having.find((own) => own.interface === spec.interface);
    if (unusable !== undefined) {
      return { reason: 'not-assigned', detail: absenceOf(address, [unusable], result) };
    }
    return {
      reason: 'other-interface',
      detail: `${address} is on ${names(usable)}, not on ${spec.interface}`,
    };
  }
  if (!spec.linkUp || fitting.some((own) => own.isUp)) return { reason: 'passed' };
  return { reason: 'link-down', detail: `${address} is on ${names(fitting)}, and its link is down` };
}

/** systemd's RestrictAddressFamilies refuses a family by saying that there is none. */
function verdictOfRefusal(code: string): Verdict {
  const reason = code === 'EAFNOSUPPORT' ? 'not-permitted' : reasonOfCode(code);
  return { reason, detail: `the kernel does not list its addresses (rtnetlink: ${code})` };
}

function absenceOf(
  address: string,
  [unusable]: readonly OwnAddress[],
  { isPartial }: { readonly isPartial: boolean },
): string {
  if (unusable === undefined) {
    return isPartial ? `${address} is on no interface that is up` : `${address} is on no interface`;
  }
  const state =
    unusable.duplicateCheck === 'failed'
      ? 'somebody else in the network has it (duplicate address)'
      : 'it is tentative: duplicate address detection is not over';
  return `${address} is on ${unusable.interface}, but ${state}`;
}

function names(owns: readonly OwnAddress[]): string {
  return [...new Set(owns.map((own) => own.interface))].join(' and ');
}
