import type { ProbeSpec } from '../../checks/index.ts';
import { assignedAddress } from './assigned-address.ts';
import { cabourotte } from './cabourotte.ts';
import { command } from './command.ts';
import { conntrack } from './conntrack.ts';
import { dns } from './dns.ts';
import { file } from './file.ts';
import { grpc } from './grpc.ts';
import { http } from './http.ts';
import type { Kind } from './kind.ts';
import { nat } from './nat.ts';
import { ntp } from './ntp.ts';
import { ping } from './ping.ts';
import { systemd } from './systemd.ts';
import { tcp } from './tcp.ts';
import { tftp } from './tftp.ts';
import { tlsCertificate } from './tls-certificate.ts';

/** Every kind of check by its `type`. */
export const KINDS: Readonly<Record<ProbeSpec['type'], Kind>> = {
  ping,
  tcp,
  http,
  command,
  dns,
  tls_certificate: tlsCertificate,
  assigned_address: assignedAddress,
  ntp,
  tftp,
  cabourotte,
  file,
  systemd,
  grpc,
  conntrack,
  nat,
};

export type ProbeType = keyof typeof KINDS;
export const PROBE_TYPES = Object.keys(KINDS) as readonly ProbeType[];
