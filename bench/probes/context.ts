import type { ProbeContext } from '../../src/checks/index.ts';
import { Shared } from '../../src/lib/shared.ts';
import { systemClock } from '../../src/lib/system-clock.ts';

/** What probes get from an agent: the same servers and addresses for all of them. */
export function probeContext(): ProbeContext {
  return { clock: systemClock, version: '0', cabourotteServers: new Shared(), ownAddresses: new Shared() };
}
