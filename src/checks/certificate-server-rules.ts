import type { TLSSocket } from 'node:tls';
import type { Clock } from '../lib/clock.ts';
import { type Certificate, MAX_CERTIFICATES, toCertificate } from './certificate.ts';
import { CertificateChain, type ReadAuthorities } from './certificate-chain.ts';
import { type CertificatePath, firstInvalid } from './certificate-path.ts';
import { judgeCertificate, measure } from './certificate-rules.ts';
import type { TlsCertificateSpec } from './spec.ts';
import type { Verdict } from './verdict.ts';

export interface ServerJudgeOptions {
  readonly spec: TlsCertificateSpec;
  readonly destination: string;
  readonly readAuthorities: ReadAuthorities;
  readonly clock: Clock;
}

export interface ServerJudge {
  /** The verdict on what a completed handshake showed. */
  handshake(socket: TLSSocket): Verdict;
  /** A verdict without a handshake; with a measurement where a certificate had come by then. */
  failure(verdict: Verdict, socket: TLSSocket | undefined): Verdict;
}

/** Judges what the sockets of one check show, one after the other. */
export function serverJudge({ spec, destination, readAuthorities, clock }: ServerJudgeOptions): ServerJudge {
  const isVerified = !spec.tls.skipVerify;
  const host = isVerified ? (spec.tls.serverName ?? destination) : undefined;
  let last: CertificateChain | undefined;
  const chainOf = (socket: TLSSocket): CertificateChain | undefined => {
    const sent = sentBy(socket);
    if (sent !== undefined && !last?.isOf(sent)) last = new CertificateChain(sent, readAuthorities);
    return sent === undefined ? undefined : last;
  };
  const judge = (socket: TLSSocket): Verdict => {
    const chain = chainOf(socket);
    if (chain === undefined) return { reason: 'tls-failed', detail: 'no readable certificate was sent' };
    const nowMs = clock.wallNow();
    const fault = isVerified ? verificationFault(socket, chain.leaf) : undefined;
    const found = chain.path({ nowMs, needsTrust: isVerified && spec.tls.ca !== undefined });
    // OpenSSL has the last word on what is above the leaf: where it found a valid way, ours is not the only one.
    const isOther = isVerified && fault === undefined && firstInvalid(found, nowMs) !== undefined;
    const path: CertificatePath = isOther ? [chain.leaf] : found;
    return judgeCertificate({ path, rules: spec, nowMs, host, fault });
  };
  const measureOf = (socket: TLSSocket) => {
    const chain = chainOf(socket);
    if (chain === undefined) return undefined;
    const nowMs = clock.wallNow();
    return measure({ path: chain.path({ nowMs, needsTrust: false }), rules: spec, nowMs });
  };
  return {
    // What a certificate may hold is without end: whatever it makes the library throw is an outcome.
    handshake: (socket) => attempted(() => judge(socket)) ?? UNREADABLE,
    failure(verdict, socket) {
      const measurement = socket === undefined ? undefined : attempted(() => measureOf(socket));
      return measurement === undefined ? verdict : { ...verdict, measurement };
    },
  };
}

const UNREADABLE: Verdict = { reason: 'tls-failed', detail: 'a certificate that was sent cannot be read' };

function attempted<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

/** The certificates in the order in which they were sent; undefined: none, or the first cannot be read. */
function sentBy(socket: TLSSocket): readonly [Certificate, ...Certificate[]] | undefined {
  const sent: Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  for (let count = 0; next !== undefined && count < MAX_CERTIFICATES; count += 1) {
    const certificate = toCertificate(next);
    if (certificate !== undefined) sent.push(certificate);
    else if (count === 0) return undefined;
    next = next.issuerCertificate;
  }
  const [leaf, ...others] = sent;
  return leaf === undefined ? undefined : [leaf, ...others];
}

/** What OpenSSL found; it builds its path from what was sent and what is trusted (RFC 5280 §6). */
function verificationFault(socket: TLSSocket, leaf: Certificate): Verdict | undefined {
  if (socket.authorized) return undefined;
  const code = String(socket.authorizationError);
  if (code === 'CERT_HAS_EXPIRED') {
    return { reason: 'expired', detail: `a certificate above ${leaf.title} has expired` };
  }
  if (code === 'CERT_NOT_YET_VALID') {
    return { reason: 'not-yet-valid', detail: `a certificate above ${leaf.title} is not valid yet` };
  }
  const detail = `${leaf.title}, issued by ${leaf.issuerTitle}: ${FAULTS[code] ?? 'not trusted'} (${code})`;
  return { reason: 'untrusted', detail };
}

const FAULTS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'signed by itself, and not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'the authority at the top of the chain is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its issuer was not sent and is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'an issuer in the chain was not sent and is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'an issuer in the chain was not sent and is not trusted',
};
