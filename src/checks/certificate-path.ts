import type { Certificate } from './certificate.ts';

/** Who issued whom in a set of certificates, found out once. The work is bounded, whatever the set. */
export class Issuers {
  readonly #pool: readonly Certificate[];
  readonly #known = new Map<string, readonly Certificate[]>();
  #checksLeft = MAX_SIGNATURE_CHECKS;

  constructor(pool: Iterable<Certificate>) {
    this.#pool = [...new Map(Array.from(pool, (one) => [one.fingerprint, one])).values()];
  }

  /** The authorities of the set, other than itself, whose name and key fit (RFC 5280 §6.1.3 (a)(1), (a)(4)). */
  of(certificate: Certificate): readonly Certificate[] {
    const known = this.#known.get(certificate.fingerprint);
    if (known !== undefined) return known;
    const found = this.#pool.filter(
      (other) =>
        other.fingerprint !== certificate.fingerprint &&
        other.isAuthority &&
        certificate.x509.checkIssued(other.x509) &&
        this.#isSignedBy(certificate, other),
    );
    this.#known.set(certificate.fingerprint, found);
    return found;
  }

  #isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
    if (this.#checksLeft === 0) return false;
    this.#checksLeft -= 1;
    try {
      return certificate.x509.verify(issuer.x509.publicKey);
    } catch {
      return false; // a key of an unknown kind
    }
  }
}

/** A real chain needs three or four. */
const MAX_SIGNATURE_CHECKS = 32;

/** A leaf and what issued it, upward. */
export type CertificatePath = readonly [Certificate, ...Certificate[]];

export interface PathSearch {
  readonly leaf: Certificate;
  readonly issuers: Issuers;
  readonly nowMs: number;
  /** Whether the path is whole. */
  readonly isEnd: (top: Certificate, path: CertificatePath) => boolean;
}

/**
 * The path from the leaf to an end that stays valid longest (a certificate that is not valid yet counts as one that never
 * was); of equal ones the shortest. A cross-signed copy that has expired so does no harm beside another way up.
 */
export function longestValidPath({ leaf, issuers, nowMs, isEnd }: PathSearch): CertificatePath | undefined {
  let open: Way[] = [{ path: [leaf], untilMs: untilOf(leaf, nowMs) }];
  const seen = new Set<string>();
  for (let way = open.shift(); way !== undefined; way = open.shift()) {
    const { path, untilMs } = way;
    const top = path.at(-1) ?? leaf;
    if (seen.has(top.fingerprint)) continue;
    seen.add(top.fingerprint);
    if (isEnd(top, path)) return path;
    const further = issuers
      .of(top)
      .filter(({ fingerprint }) => !seen.has(fingerprint))
      .map((issuer): Way => {
        return { path: [...path, issuer], untilMs: Math.min(untilMs, untilOf(issuer, nowMs)) };
      });
    open = [...open, ...further].sort(
      (a, b) => compare(b.untilMs, a.untilMs) || a.path.length - b.path.length,
    );
  }
  return undefined;
}

/** Until when all of a path is valid. */
export function validUntilMs(path: CertificatePath): number {
  return Math.min(...path.map(({ notAfterMs }) => notAfterMs));
}

/** The first certificate of the path that is not valid at that time. */
export function firstInvalid(path: CertificatePath, nowMs: number): Certificate | undefined {
  return path.find(({ notBeforeMs, notAfterMs }) => nowMs < notBeforeMs || nowMs > notAfterMs);
}

interface Way {
  readonly path: CertificatePath;
  readonly untilMs: number;
}

function untilOf({ notBeforeMs, notAfterMs }: Certificate, nowMs: number): number {
  return notBeforeMs > nowMs ? Number.NEGATIVE_INFINITY : notAfterMs;
}

/** Infinities, which cannot be subtracted, compare too. */
function compare(one: number, other: number): number {
  return one === other ? 0 : one < other ? -1 : 1;
}
