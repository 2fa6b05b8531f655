import * as tls from 'node:tls';
import type { Clock } from '../lib/clock.ts';
import { splitPem } from './certificate.ts';
import type { ReadAuthorities } from './certificate-chain.ts';
import type { Probe } from './probe.ts';
import type { TlsCertificateSpec } from './spec.ts';
import { fileCertificateProbe } from './tls-certificate-file.ts';
import { serverCertificateProbe } from './tls-certificate-server.ts';

export interface TlsCertificateProbeOptions {
  readonly spec: TlsCertificateSpec;
  readonly destination: string;
  readonly clock: Clock;
}

/** Judges a certificate and what stands above it, in a file or as a server shows it. Passes while all of it holds. */
export function tlsCertificateProbe({ spec, destination, clock }: TlsCertificateProbeOptions): Probe {
  const { ca } = spec.tls;
  const readAuthorities: ReadAuthorities =
    ca === undefined ? () => tls.getCACertificates('default') : () => splitPem(ca);
  return spec.file === undefined
    ? serverCertificateProbe({ spec, destination, readAuthorities, clock })
    : fileCertificateProbe({ spec, file: spec.file, readAuthorities, clock });
}
