import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate with its key, both PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  readonly authority: Identity;
  readonly otherAuthority: Identity;
  /** Signed by `authority`, for the names asked for and 127.0.0.1. */
  readonly server: Identity;
  /** Signed by `authority`, for a client. */
  readonly client: Identity;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

/** A certificate that may issue others. */
export interface Issued {
  readonly identity: Identity;
  readonly certificate: X509Certificate;
  readonly keys: CryptoKeyPair;
}

/** What one certificate is made of; by default one of a server, valid from yesterday until tomorrow, signed by itself. */
export interface CertificateOptions {
  /** Its common name; undefined with `subject`. */
  readonly name?: string;
  readonly subject?: string;
  readonly isAuthority?: boolean;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly uses?: readonly ExtendedKeyUsage[];
  readonly issuer?: Issued;
  /** Those of another certificate, for one that stands beside it. */
  readonly keys?: CryptoKeyPair;
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
}

type CryptoKeyPair = webcrypto.CryptoKeyPair;

/** Makes a set of certificates, valid for a day, with nothing but Node. `names`: of the server, in DNS. */
export async function makeCertificates(names: readonly string[] = ['web.test']): Promise<Certificates> {
  cryptoProvider.set(webcrypto as never);
  const isAuthority = [new BasicConstraintsExtension(true, undefined, true)];
  const authority = await issue('authority', isAuthority, undefined);
  const alternatives = [
    ...names.map((value) => ({ type: 'dns', value }) as const),
    { type: 'ip', value: '127.0.0.1' } as const,
  ];
  const server = await issue('server', [new SubjectAlternativeNameExtension(alternatives)], authority);
  const clientUse = [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])];
  return {
    authority: authority.identity,
    otherAuthority: (await issue('other', isAuthority, undefined)).identity,
    server: server.identity,
    client: (await issue('client', clientUse, authority)).identity,
  };
}

/** Makes one certificate. */
export function makeCertificate(options: CertificateOptions): Promise<Issued> {
  cryptoProvider.set(webcrypto as never);
  const { isAuthority = false, dnsNames = [], ipAddresses = [], uses = [] } = options;
  const alternatives = [
    ...dnsNames.map((value) => ({ type: 'dns', value }) as const),
    ...ipAddresses.map((value) => ({ type: 'ip', value }) as const),
  ];
  const extensions = [
    ...(isAuthority ? [new BasicConstraintsExtension(true, undefined, true)] : []),
    ...(alternatives.length > 0 ? [new SubjectAlternativeNameExtension(alternatives)] : []),
    ...(uses.length > 0 ? [new ExtendedKeyUsageExtension([...uses])] : []),
  ];
  return issue(options.name ?? '', extensions, options.issuer, options);
}

/** Signed by the issuer, or by itself where there is none. */
async function issue(
  name: string,
  extensions: Extension[],
  issuer: Issued | undefined,
  options: CertificateOptions = {},
): Promise<Issued> {
  const keys =
    options.keys ??
    ((await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as CryptoKeyPair);
  const subject = options.subject ?? `CN=${name}`;
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: issuer?.certificate.subject ?? subject,
    notBefore: new Date(options.notBeforeMs ?? Date.now() - DAY_MS),
    notAfter: new Date(options.notAfterMs ?? Date.now() + DAY_MS),
    publicKey: keys.publicKey as never,
    signingKey: (issuer?.keys ?? keys).privateKey as never,
    signingAlgorithm: ALGORITHM,
    extensions,
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  const identity = { cert: certificate.toString('pem'), key: PemConverter.encode(pkcs8, 'PRIVATE KEY') };
  return { identity, certificate, keys };
}
