import { type Certificate, parseCertificate } from './certificate.ts';
import { type CertificatePath, Issuers, longestValidPath, validUntilMs } from './certificate-path.ts';

/** What a server sent or a file holds: the server's own certificate, then those that lead up from it, in any order. */
export type Sent = readonly [Certificate, ...Certificate[]];

/** Certificates of authorities in PEM, one each. Asked for only where needed: the system has hundreds. */
export type ReadAuthorities = () => readonly string[];

/** A chain and the ways up from its leaf. Kept as long as the same certificates come, since signatures take time. */
export class CertificateChain {
  readonly #sent: Sent;
  readonly #readAuthorities: ReadAuthorities;
  readonly #ownIssuers: Issuers;
  #trust: { readonly authorities: ReadonlySet<string>; readonly issuers: Issuers } | undefined;

  constructor(sent: Sent, readAuthorities: ReadAuthorities) {
    this.#sent = sent;
    this.#readAuthorities = readAuthorities;
    this.#ownIssuers = new Issuers(sent);
  }

  /** The server's own certificate. */
  get leaf(): Certificate {
    return this.#sent[0];
  }

  /** Whether these are the same certificates, in the same order. */
  isOf(sent: Sent): boolean {
    return (
      sent.length === this.#sent.length &&
      sent.every(({ fingerprint }, index) => fingerprint === this.#sent[index]?.fingerprint)
    );
  }

  /** The certificate after the leaf that the leaf issued, which only the wrong order brings about. */
  get issuedByLeaf(): Certificate | undefined {
    const [leaf, ...others] = this.#sent;
    return others.find((other) =>
      this.#ownIssuers.of(other).some(({ fingerprint }) => fingerprint === leaf.fingerprint),
    );
  }

  /**
   * The path whose dates count. With `needsTrust` it leads to an authority, where one does. Otherwise it is what the sent
   * certificates make, unless one above the leaf is what ends it: then an authority's own certificate may stand in for it,
   * as clients have it (an expired cross-signed root that is still sent is no fault).
   */
  path({ nowMs, needsTrust }: { readonly nowMs: number; readonly needsTrust: boolean }): CertificatePath {
    const own = this.#ownPath(nowMs);
    const isEndedByLeaf = validUntilMs(own) === this.leaf.notAfterMs && !isEarly(own, nowMs);
    if (!needsTrust && isEndedByLeaf) return own;
    const trusted = this.trustedPath(nowMs);
    if (trusted === undefined) return own;
    return needsTrust || validUntilMs(trusted) > validUntilMs(own) || isEarly(own, nowMs) ? trusted : own;
  }

  /** The best path to one of the authorities, valid or not; undefined: none leads there. */
  trustedPath(nowMs: number): CertificatePath | undefined {
    this.#trust ??= trustFor(this.#sent, this.#readAuthorities());
    const { authorities, issuers } = this.#trust;
    const isEnd = ({ fingerprint, x509 }: Certificate) =>
      authorities.has(fingerprint) && x509.checkIssued(x509);
    return longestValidPath({ leaf: this.leaf, issuers, nowMs, isEnd });
  }

  #ownPath(nowMs: number): CertificatePath {
    const issuers = this.#ownIssuers;
    const isEnd = (top: Certificate, path: CertificatePath) =>
      issuers.of(top).every((issuer) => path.includes(issuer));
    return longestValidPath({ leaf: this.leaf, issuers, nowMs, isEnd }) ?? [this.leaf];
  }
}

function isEarly(path: CertificatePath, nowMs: number): boolean {
  return path.some(({ notBeforeMs }) => notBeforeMs > nowMs);
}

function trustFor(sent: Sent, authorities: readonly string[]) {
  const found = namedAuthorities(sent, authorities);
  return {
    authorities: new Set(found.map(({ fingerprint }) => fingerprint)),
    issuers: new Issuers([...sent, ...found]),
  };
}

/** Those authorities that may be above the certificates, and those above them. */
function namedAuthorities(sent: Sent, authorities: readonly string[]): readonly Certificate[] {
  const found: Certificate[] = [];
  let left = authorities.map((pem) => ({ pem, der: derOf(pem) }));
  let above: readonly Certificate[] = sent;
  while (above.length > 0) {
    const names = above.map(({ issuerCommonName }) => issuerCommonName);
    const issuers = new Set(above.map(({ x509 }) => x509.issuer));
    const near = left.filter(({ der }) => names.some((name) => mayBeNamed(der, name)));
    left = left.filter((authority) => !near.includes(authority));
    above = near.flatMap(({ pem }) => {
      const certificate = parseCertificate(pem);
      return certificate !== undefined && issuers.has(certificate.x509.subject) ? [certificate] : [];
    });
    found.push(...above);
  }
  return found;
}

/** To parse one takes a tenth of a millisecond, to search its bytes for a name next to nothing. */
function mayBeNamed(der: Buffer, name: string | undefined): boolean {
  return name === undefined || !/^[\x20-\x7e]+$/.test(name) || der.includes(name);
}

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----[A-Z0-9 ]+-----/g, ''), 'base64');
}
