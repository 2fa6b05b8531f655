import type { Clock } from '../lib/clock.ts';
import { attemptWithin } from './attempt.ts';
import { readCertificates } from './certificate.ts';
import { CertificateChain, type ReadAuthorities } from './certificate-chain.ts';
import { pemReader, type ReadText } from './certificate-file.ts';
import { judgeFileChain } from './certificate-file-rules.ts';
import type { Probe } from './probe.ts';
import type { TlsCertificateSpec } from './spec.ts';
import { type Verdict, verdictOfError } from './verdict.ts';

export interface FileCertificateOptions {
  readonly spec: TlsCertificateSpec;
  readonly file: string;
  readonly readAuthorities: ReadAuthorities;
  readonly clock: Clock;
}

/** Judges the certificates of a PEM file, and the key beside it, as they are at each attempt. */
export function fileCertificateProbe({ spec, file, readAuthorities, clock }: FileCertificateOptions): Probe {
  const readChain = pemReader(file);
  const readKey = spec.keyFile === undefined ? undefined : pemReader(spec.keyFile);
  let last: { readonly text: string; readonly chain: CertificateChain } | undefined;
  /** To parse certificates takes longer than all the rest, and a file is the same for months. */
  const chainOf = (text: string): CertificateChain | Verdict => {
    if (last?.text === text) return last.chain;
    const read = readCertificates(text);
    if (!read.ok) return { reason: read.reason, detail: `${file}: ${read.detail}` };
    const known = last?.chain.isOf(read.certificates) ? last.chain : undefined;
    last = { text, chain: known ?? new CertificateChain(read.certificates, readAuthorities) };
    return last.chain;
  };
  const judge = (pem: ReadText, keyPem: ReadText | undefined): Verdict => {
    if (!pem.ok) return pem.verdict;
    const chain = chainOf(pem.text);
    return 'reason' in chain ? chain : judgeFileChain(chain, { spec, keyPem, nowMs: clock.wallNow() });
  };
  return {
    attempt(timeoutMs, signal) {
      const onTimeout = (): Verdict => ({
        reason: 'timeout',
        detail: `${file} could not be read within ${timeoutMs} ms`,
      });
      return attemptWithin({ clock, timeoutMs, signal, onTimeout }, (finish) => {
        Promise.all([readChain(), readKey?.()])
          .then(([pem, keyPem]) => judge(pem, keyPem))
          .catch(verdictOfError)
          .then(finish);
        return () => undefined;
      });
    },
    // What is open is closed by the read itself.
    close: () => Promise.resolve(),
  };
}
