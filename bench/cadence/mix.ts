import type { CheckSpec } from '../../src/checks/index.ts';
import { type Fault, type Targets, withFault } from '../probes/kind.ts';
import { checkOf, KINDS, type Kind } from '../probes/kinds.ts';

const EVERY_MS = 1_000;
const HANG_TIMEOUT_MS = 200;

/** One in 250 starts a process, one in 50 does a handshake: their places in each 750 and each 100 checks. */
const PROCESSES: Readonly<Record<number, Kind>> = { 7: 'command', 257: 'systemd', 507: 'nat' };
const HANDSHAKES: Readonly<Record<number, Kind>> = { 17: 'https', 67: 'tls-certificate' };
const HANG_EVERY = 10;
const HANG_PLACE = 3;

/** One in ten hangs: where packets vanish, and where connections are taken. */
const HANGING: readonly (readonly [Kind, Fault])[] = [
  ['tcp', 'dropped'],
  ['http', 'silent'],
  ['dns', 'silent'],
  ['ntp', 'silent'],
  ['grpc', 'silent'],
  ['tftp', 'silent'],
  ['tcp-answer', 'silent'],
  ['dns-tcp', 'dropped'],
  ['https', 'silent'],
  ['cabourotte', 'silent'],
  ['ping', 'dropped'],
  ['tls-certificate', 'silent'],
];

/** The rest, in turn: what most configurations have comes more often. */
const CHEAP: readonly Kind[] = [
  'ping',
  'tcp',
  'http',
  'dns',
  'grpc',
  'ping',
  'tcp-answer',
  'http',
  'ntp',
  'file',
  'ping',
  'tcp',
  'http',
  'dns',
  'cabourotte',
  'tftp',
  'assigned-address',
  'conntrack',
  'dns-tcp',
  'file-text',
  'tls-certificate-file',
];

/** The check at that place, every 1 s, and whether it is meant to hang. */
export interface MixedCheck {
  readonly spec: CheckSpec;
  readonly kind: Kind;
  readonly isHanging: boolean;
}

/** As a large agent has them: all kinds, mostly cheap ones, one in ten hanging, a few processes. */
export function mixedChecks(count: number, targets: Targets): readonly MixedCheck[] {
  let [cheap, hanging] = [0, 0];
  return Array.from({ length: count }, (_, index): MixedCheck => {
    if (index % HANG_EVERY === HANG_PLACE) {
      const [kind, fault] = HANGING[hanging++ % HANGING.length] ?? ['tcp', 'dropped'];
      const spec = checkOf(kind, withFault(targets, fault));
      return { spec: { ...spec, everyMs: EVERY_MS, timeoutMs: HANG_TIMEOUT_MS }, kind, isHanging: true };
    }
    const dear = PROCESSES[index % 750] ?? HANDSHAKES[index % 100];
    const isThere = dear !== undefined && KINDS[dear].obstacle?.() === undefined;
    const kind = isThere ? dear : (CHEAP[cheap++ % CHEAP.length] ?? 'tcp');
    return { spec: { ...checkOf(kind, targets), everyMs: EVERY_MS }, kind, isHanging: false };
  });
}
