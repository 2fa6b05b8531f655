import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { Certificate } from './certificate.ts';
import type { CertificateChain } from './certificate-chain.ts';
import type { ReadText } from './certificate-file.ts';
import { type CertificateRules, judgeCertificate } from './certificate-rules.ts';
import type { TlsCertificateSpec } from './spec.ts';
import type { Verdict } from './verdict.ts';

/** extendedKeyUsage: serverAuth, and any (RFC 5280 §4.2.1.12). */
const SERVER_USES = ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'];

export interface FileFacts {
  readonly spec: CertificateRules & Pick<TlsCertificateSpec, 'tls'>;
  /** What was read as the private key; undefined: none is asked for. */
  readonly keyPem: ReadText | undefined;
  readonly nowMs: number;
}

/** The verdict on the chain of a file: order, key and, where asked for, trust, beside what every certificate has to be. */
export function judgeFileChain(chain: CertificateChain, { spec, keyPem, nowMs }: FileFacts): Verdict {
  const needsTrust = !spec.tls.skipVerify;
  const path = chain.path({ nowMs, needsTrust });
  const fault =
    judgeOrder(chain) ?? judgeKey(chain.leaf, keyPem) ?? (needsTrust ? judgeTrust(chain, nowMs) : undefined);
  return judgeCertificate({ path, rules: spec, nowMs, host: undefined, fault });
}

/** Servers send a file as it is, and take the first certificate for their own (RFC 8446 §4.4.2). */
function judgeOrder(chain: CertificateChain): Verdict | undefined {
  const other = chain.issuedByLeaf;
  if (other === undefined) return undefined;
  const detail = `the first certificate, ${chain.leaf.title}, issued ${other.title}, which has to stand before it`;
  return { reason: 'content-mismatch', detail };
}

function judgeKey(leaf: Certificate, pem: ReadText | undefined): Verdict | undefined {
  if (pem === undefined) return undefined;
  if (!pem.ok) return pem.verdict;
  const key = parseKey(pem.text);
  if (key === undefined)
    return { reason: 'key-mismatch', detail: 'no private key without a passphrase in key_file' };
  if (isKeyOf(leaf, key)) return undefined;
  return { reason: 'key-mismatch', detail: `the key in key_file is not that of ${leaf.title}` };
}

/** Errors of these two say what is wrong with the key in words for programmers; no text of a key may get out. */
function parseKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function isKeyOf(leaf: Certificate, key: KeyObject): boolean {
  try {
    return leaf.x509.checkPrivateKey(key);
  } catch {
    return false;
  }
}

function judgeTrust(chain: CertificateChain, nowMs: number): Verdict | undefined {
  const { leaf } = chain;
  const uses: readonly string[] | undefined = leaf.x509.keyUsage;
  if (uses !== undefined && !SERVER_USES.some((use) => uses.includes(use))) {
    return { reason: 'untrusted', detail: `${leaf.title} may not be used for a server` };
  }
  if (chain.trustedPath(nowMs) !== undefined) return undefined;
  const top = chain.path({ nowMs, needsTrust: false }).at(-1) ?? leaf;
  const detail = `no trusted authority above ${top.title}, which says that ${top.issuerTitle} issued it`;
  return { reason: 'untrusted', detail };
}
