import type { ConnectionOptions, SecureContext } from 'node:tls';
import * as tls from 'node:tls';
import { parseIpAddress } from '../lib/sockaddr.ts';
import type { ProbeSpec, TlsSpec } from './spec.ts';

/** The certificates of one check, parsed once: a set of authorities takes milliseconds to read. */
export class TlsSettings {
  readonly #spec: TlsSpec;
  #context: SecureContext | undefined;

  constructor(spec: TlsSpec) {
    this.#spec = spec;
  }

  /**
   * Options for a client connection that proves `name`: a host name, which is sent as SNI too, or an IP address, which is
   * verified as Go does, but never sent (RFC 6066 §3). Throws where the PEM texts do not parse.
   */
  connectionOptions(name: string): ConnectionOptions {
    const { ca, cert, key, skipVerify } = this.#spec;
    this.#context ??= tls.createSecureContext({ ca, cert, key });
    return {
      secureContext: this.#context,
      rejectUnauthorized: !skipVerify,
      servername: parseIpAddress(name) === undefined ? name : '',
      checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(name, certificate),
    };
  }
}

/**
 * Makes this process trust the host's certificate authorities beside those that come with Node, where a check will
 * verify by them. Costs some memory, so it is not done for nothing. Node before 22.19 can't: NODE_EXTRA_CA_CERTS can.
 */
export function trustSystemAuthorities(probes: readonly ProbeSpec[]): void {
  const isNeeded = probes.some((probe) => {
    const settings = 'tls' in probe ? probe.tls : undefined;
    return settings !== undefined && settings.ca === undefined && !settings.skipVerify;
  });
  if (!isNeeded || typeof tls.setDefaultCACertificates !== 'function') return;
  const authorities = [...tls.getCACertificates('default'), ...tls.getCACertificates('system')];
  tls.setDefaultCACertificates([...new Set(authorities)]);
}

/** TLS as a check has it that says nothing about it. */
export const PLAIN_TLS: TlsSpec = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  serverName: undefined,
  skipVerify: false,
};
