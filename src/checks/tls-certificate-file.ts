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
  let last: CertificateChain | undefined;
  const judge = (pem: ReadText, keyPem: ReadText | undefined): Verdict => {
    if (!pem.ok) return pem.verdict;
    const read = readCertificates(pem.text);
    if (!read.ok) return { reason: read.reason, detail: `${file}: ${read.detail}` };
    last = last?.isOf(read.certificates) ? last : new CertificateChain(read.certificates, readAuthorities);
    return judgeFileChain(last, { spec, keyPem, nowMs: clock.wallNow() });
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
