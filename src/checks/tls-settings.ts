import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  type SecureContext,
} from 'node:tls';
import { parseIpAddress } from '../lib/sockaddr.ts';
import type { TlsSpec } from './spec.ts';

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
    this.#context ??= createSecureContext({ ca, cert, key });
    return {
      secureContext: this.#context,
      rejectUnauthorized: !skipVerify,
      servername: parseIpAddress(name) === undefined ? name : '',
      checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    };
  }
}

/** TLS as a check has it that says nothing about it. */
export const PLAIN_TLS: TlsSpec = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  serverName: undefined,
  skipVerify: false,
};
