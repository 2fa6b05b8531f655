import { assertNever } from '../lib/assert-never.ts';
import type { Clock } from '../lib/clock.ts';
import type { Shared } from '../lib/shared.ts';
import type { CabourotteServer } from './cabourotte-server.ts';
import { commandProbe } from './command.ts';
import { httpProbe } from './http.ts';
import { lateProbe } from './late-probe.ts';
import type { OwnAddresses } from './own-addresses.ts';
import { pingProbe } from './ping.ts';
import type { Probe, ReadSourceDestCheck } from './probe.ts';
import type { CheckSpec } from './spec.ts';
import { tcpProbe } from './tcp.ts';

export interface ProbeContext {
  readonly clock: Clock;
  /** Ours, for the User-Agent of HTTP checks. */
  readonly version: string;
  /** undefined: there is no way to know here. */
  readonly readSourceDestCheck?: ReadSourceDestCheck | undefined;
  /** The servers that checks of Cabourotte share; undefined: each check has a connection of its own. */
  readonly cabourotteServers?: Shared<CabourotteServer> | undefined;
  /** What checks of own addresses share; undefined: each check reads and listens for itself. */
  readonly ownAddresses?: Shared<OwnAddresses> | undefined;
}

/** The probe of a check. It opens nothing before its first attempt; close it when the check is over. */
export function makeProbe(check: CheckSpec, context: ProbeContext): Probe {
  const { probe: spec, destination } = check;
  const { clock, version, readSourceDestCheck, cabourotteServers: servers, ownAddresses } = context;
  switch (spec.type) {
    case 'ping':
      return pingProbe({ spec, destination, clock });
    case 'tcp':
      return tcpProbe({ spec, destination, clock });
    case 'http':
      return httpProbe({ spec, destination, clock, version });
    case 'command':
      return commandProbe({ spec, destination, clock });
    case 'dns':
      return lateProbe(async () => (await import('./dns.ts')).dnsProbe({ spec, destination, clock }));
    case 'tls_certificate':
      return lateProbe(async () =>
        (await import('./tls-certificate.ts')).tlsCertificateProbe({ spec, destination, clock }),
      );
    case 'assigned_address':
      return lateProbe(async () =>
        (await import('./assigned-address.ts')).assignedAddressProbe({ spec, ownAddresses, clock }),
      );
    case 'ntp':
      return lateProbe(async () => (await import('./ntp.ts')).ntpProbe({ spec, destination, clock }));
    case 'tftp':
      return lateProbe(async () => (await import('./tftp.ts')).tftpProbe({ spec, destination, clock }));
    case 'cabourotte':
      return lateProbe(async () =>
        (await import('./cabourotte.ts')).cabourotteProbe({ spec, version, clock, servers }),
      );
    case 'file':
      return lateProbe(async () => (await import('./file.ts')).fileProbe({ spec, clock }));
    case 'systemd':
      return lateProbe(async () => (await import('./systemd.ts')).systemdProbe({ spec, clock }));
    case 'grpc':
      return lateProbe(async () =>
        (await import('./grpc.ts')).grpcProbe({ spec, destination, version, clock }),
      );
    case 'conntrack':
      return lateProbe(async () => (await import('./conntrack.ts')).conntrackProbe({ spec, clock }));
    case 'nat':
      return lateProbe(async () => (await import('./nat.ts')).natProbe({ spec, readSourceDestCheck, clock }));
    default:
      return assertNever(spec);
  }
}
