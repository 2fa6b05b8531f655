import { formatDurationMs } from '../lib/duration.ts';
import type { Certificate } from './certificate.ts';
import { isForAddress, isForHost, isForName, toldNames } from './certificate-names.ts';
import { type CertificatePath, firstInvalid, validUntilMs } from './certificate-path.ts';
import type { Measurement } from './probe.ts';
import type { TlsCertificateSpec } from './spec.ts';
import type { Verdict } from './verdict.ts';

/** What a certificate has to be. */
export type CertificateRules = Pick<
  TlsCertificateSpec,
  'commonName' | 'dnsNames' | 'ipAddresses' | 'issuer' | 'minRemainingMs' | 'warnRemainingMs'
>;

export interface CertificateFacts {
  readonly path: CertificatePath;
  readonly rules: CertificateRules;
  readonly nowMs: number;
  /** The host that it has to be for; undefined: any. */
  readonly host: string | undefined;
  /** Why it is not trusted, or not what its key is for; undefined: it is, or that does not matter. */
  readonly fault: Verdict | undefined;
}

/**
 * The verdict on a certificate, with how long its path is valid. Dates come first: where a certificate has expired, that is
 * what has to be mended, whatever else follows from it.
 */
export function judgeCertificate(facts: CertificateFacts): Verdict {
  const { path, rules, nowMs, fault } = facts;
  const measurement = measure(facts);
  const dates = judgeDates(path, nowMs);
  const verdict = dates ?? fault ?? judgeNames(facts) ?? judgeRemaining(path, rules, nowMs);
  return { ...(verdict ?? { reason: 'passed' }), measurement };
}

/** How long a path is valid, whatever the verdict. */
export function measure({
  path,
  rules,
  nowMs,
}: Pick<CertificateFacts, 'path' | 'rules' | 'nowMs'>): Measurement {
  const notAfterMs = validUntilMs(path);
  const soonMs = Math.max(rules.warnRemainingMs, rules.minRemainingMs ?? 0);
  return { kind: 'tls_certificate', notAfterMs, isExpiringSoon: notAfterMs - nowMs < soonMs };
}

function judgeDates(path: CertificatePath, nowMs: number): Verdict | undefined {
  const invalid = firstInvalid(path, nowMs);
  if (invalid === undefined) return undefined;
  const which = tell(invalid, path);
  if (nowMs < invalid.notBeforeMs) {
    return { reason: 'not-yet-valid', detail: `${which} is valid only from ${dateOf(invalid.notBeforeMs)}` };
  }
  return { reason: 'expired', detail: `${which} expired on ${dateOf(invalid.notAfterMs)}` };
}

function judgeNames({ path: [leaf], rules, host }: CertificateFacts): Verdict | undefined {
  const { x509 } = leaf;
  const isMissing = (wanted: string, isThere: boolean): Verdict | undefined => {
    if (isThere) return undefined;
    const detail = `${leaf.title} is not for ${wanted}; its names: ${toldNames(x509)}`;
    return { reason: 'name-mismatch', detail };
  };
  const { commonName, dnsNames, ipAddresses, issuer } = rules;
  if (commonName !== undefined && leaf.commonName?.toLowerCase() !== commonName.toLowerCase()) {
    const detail = `the common name is ${leaf.commonName ?? 'missing'}, not ${commonName}`;
    return { reason: 'name-mismatch', detail };
  }
  if (issuer !== undefined && leaf.issuerCommonName !== issuer) {
    const detail = `the issuer of ${leaf.title} is ${leaf.issuerCommonName ?? 'without a common name'}, not ${issuer}`;
    return { reason: 'issuer-mismatch', detail };
  }
  const missing = [
    host === undefined ? undefined : isMissing(host, isForHost(x509, host)),
    ...dnsNames.map((name) => isMissing(name, isForName(x509, name))),
    ...ipAddresses.map((address) => isMissing(address, isForAddress(x509, address))),
  ];
  return missing.find((verdict) => verdict !== undefined);
}

function judgeRemaining(
  path: CertificatePath,
  { minRemainingMs }: CertificateRules,
  nowMs: number,
): Verdict | undefined {
  const untilMs = validUntilMs(path);
  if (minRemainingMs === undefined || untilMs - nowMs >= minRemainingMs) return undefined;
  const ending = path.find(({ notAfterMs }) => notAfterMs === untilMs) ?? path[0];
  const detail = `${tell(ending, path)} expires on ${dateOf(untilMs)}, less than ${formatDurationMs(minRemainingMs)} from now`;
  return { reason: 'expires-soon', detail };
}

/** Which certificate of the path it is. */
function tell(certificate: Certificate, path: CertificatePath): string {
  return certificate === path[0] ? certificate.title : `${certificate.title}, above ${path[0].title},`;
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
