import { X509Certificate } from 'node:crypto';

/** What the rules ask of a certificate. Times in ms since the Unix epoch. */
export interface Certificate {
  readonly x509: X509Certificate;
  /** SHA-256 of the whole certificate: its identity. */
  readonly fingerprint: string;
  /** The subject on one line, cut to a length for people. */
  readonly title: string;
  readonly commonName: string | undefined;
  /** The issuer's name on one line, in the same way. */
  readonly issuerTitle: string;
  readonly issuerCommonName: string | undefined;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Whether its basic constraints say that it may issue others (RFC 5280 §4.2.1.9). */
  readonly isAuthority: boolean;
}

export type ReadCertificates =
  | { readonly ok: true; readonly certificates: readonly [Certificate, ...Certificate[]] }
  | { readonly ok: false; readonly reason: 'content-mismatch' | 'too-large'; readonly detail: string };

/** More certificates than any chain has; each may cost signature checks. */
export const MAX_CERTIFICATES = 16;
const MAX_TITLE = 120;
const LABEL = '(?:X509 |TRUSTED )?CERTIFICATE-----[ \\t\\r]*$';
/** Each mark on a line of its own, without which no server can read it either. */
const BEGINNING = new RegExp(`^-----BEGIN ${LABEL}`, 'gm');
const PEM_BLOCK = new RegExp(`^-----BEGIN ${LABEL}[^-]*^-----END ${LABEL}`, 'gm');

/** The certificates of a PEM text, each as it stands; other blocks (keys, parameters) and text are passed over. */
export function splitPem(pem: string): readonly string[] {
  return pem.match(PEM_BLOCK) ?? [];
}

/** All certificates of a PEM text, parsed, in its order. */
export function readCertificates(pem: string): ReadCertificates {
  const count = pem.match(BEGINNING)?.length ?? 0;
  if (count > MAX_CERTIFICATES) {
    return {
      ok: false,
      reason: 'too-large',
      detail: `${count} certificates in it, at most ${MAX_CERTIFICATES} are read`,
    };
  }
  const found = splitPem(pem).map(parseCertificate);
  const [first, ...rest] = found.flatMap((certificate) => certificate ?? []);
  const broken = found.indexOf(undefined);
  if (broken >= 0 || found.length < count) {
    const which = `certificate ${(broken >= 0 ? broken : found.length) + 1} of ${count}`;
    return { ok: false, reason: 'content-mismatch', detail: `${which} in it cannot be parsed` };
  }
  if (first === undefined)
    return { ok: false, reason: 'content-mismatch', detail: 'no PEM certificate in it' };
  return { ok: true, certificates: [first, ...rest] };
}

/** A certificate in PEM or DER; undefined: it is none, or has no dates. */
export function parseCertificate(encoded: string | Buffer): Certificate | undefined {
  try {
    return toCertificate(new X509Certificate(encoded));
  } catch {
    return undefined;
  }
}

/** undefined where a part of it that every certificate has cannot be read. */
export function toCertificate(x509: X509Certificate): Certificate | undefined {
  try {
    const [notBeforeMs, notAfterMs] = [x509.validFromDate.getTime(), x509.validToDate.getTime()];
    if (!Number.isFinite(notBeforeMs) || !Number.isFinite(notAfterMs)) return undefined;
    const { subject, issuer, fingerprint256, ca } = x509;
    return {
      x509,
      fingerprint: fingerprint256,
      title: titleOf(subject),
      commonName: commonNameOf(subject),
      issuerTitle: titleOf(issuer),
      issuerCommonName: commonNameOf(issuer),
      notBeforeMs,
      notAfterMs,
      isAuthority: ca,
    };
  } catch {
    return undefined;
  }
}

/** One line per relative name, as node:crypto gives it; undefined (against its types) for an empty name. */
function titleOf(subject: string | undefined): string {
  const line = (subject ?? '').replaceAll('\n', ', ');
  const cut = line.length > MAX_TITLE ? `${line.slice(0, MAX_TITLE)}…` : line;
  return cut === '' ? '(no name)' : cut;
}

/** The last CN, which is the most specific; `\,` and `\C3` are escapes of RFC 4514 §2.4. */
function commonNameOf(name: string | undefined): string | undefined {
  const values = (name ?? '').split(/\n| \+ /).filter((part) => part.startsWith('CN='));
  return values
    .at(-1)
    ?.slice(3)
    .replaceAll(/\\([0-9A-Fa-f]{2})|\\(.)/g, unescape4514);
}

function unescape4514(_whole: string, hex: string | undefined, plain: string | undefined): string {
  return hex === undefined ? (plain ?? '') : String.fromCharCode(Number.parseInt(hex, 16));
}
