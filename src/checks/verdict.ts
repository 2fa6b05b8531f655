import type { Measurement, ProbeReason } from './probe.ts';

/** How an attempt ended. Only `passed` is a pass. */
export interface Verdict {
  readonly reason: ProbeReason;
  readonly detail?: string | undefined;
  readonly measurement?: Measurement | undefined;
}

/** What the codes of Node and libc mean for a probe. What is missing here is ours: out of descriptors, a bug. */
const REASONS: Readonly<Record<string, ProbeReason>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  ENODEV: 'unreachable',
  ENOENT: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EAFNOSUPPORT: 'unreachable',
  EINVAL: 'unreachable',
  EACCES: 'not-permitted',
  EPERM: 'not-permitted',
  ENOTFOUND: 'resolve-failed',
  ENODATA: 'resolve-failed',
  ESERVFAIL: 'resolve-failed',
  EPROTO: 'tls-failed',
};

/** The verdict on an error of a socket, a look-up, TLS or the HTTP parser. */
export function verdictOfError(error: unknown): Verdict {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const detail = message === '' || message === code ? code : message;
  return { reason: code === undefined ? 'internal-error' : reasonOfCode(code), detail };
}

/** The reason for an errno or a Node error code. */
export function reasonOfCode(code: string): ProbeReason {
  const known = REASONS[code];
  if (known !== undefined) return known;
  if (code.startsWith('HPE_')) return 'protocol-error';
  if (code.startsWith('EAI_')) return 'resolve-failed';
  return isTlsCode(code) ? 'tls-failed' : 'internal-error';
}

/** OpenSSL's own codes, and those of certificate verification, which have no prefix in common. */
function isTlsCode(code: string): boolean {
  return (
    /^ERR_(SSL|TLS|OSSL)_/.test(code) ||
    /CERT|^(UNABLE_TO|CRL_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH)/.test(code)
  );
}

/** Several addresses that all failed make an AggregateError: its first member says most. */
function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
