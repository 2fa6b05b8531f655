import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate with its key, both PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  readonly authority: Identity;
  readonly otherAuthority: Identity;
  /** Signed by `authority`, for the names `web.test` and 127.0.0.1. */
  readonly server: Identity;
  /** Signed by `authority`, for a client. */
  readonly client: Identity;
}

/** Makes a set of certificates with openssl, valid for a day. Takes some 100 ms. */
export function makeCertificates(): Certificates {
  const directory = mkdtempSync(join(tmpdir(), 'vpcast-certificates-'));
  try {
    const authority = selfSigned(directory, 'authority');
    return {
      authority,
      otherAuthority: selfSigned(directory, 'other'),
      server: signed(directory, 'server', 'subjectAltName=DNS:web.test,IP:127.0.0.1'),
      client: signed(directory, 'client', 'extendedKeyUsage=clientAuth'),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function selfSigned(directory: string, name: string): Identity {
  const out = ['-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`, '-days', '1'];
  openssl(directory, ['req', '-x509', ...NEW_KEY, ...out]);
  return read(directory, name);
}

function signed(directory: string, name: string, extension: string): Identity {
  openssl(directory, [
    'req',
    ...NEW_KEY,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
    '-subj',
    `/CN=${name}`,
  ]);
  writeFileSync(join(directory, `${name}.ext`), extension);
  const by = ['-CA', 'authority.pem', '-CAkey', 'authority.key', '-CAcreateserial', '-days', '1'];
  openssl(directory, [
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    ...by,
    '-extfile',
    `${name}.ext`,
    '-out',
    `${name}.pem`,
  ]);
  return read(directory, name);
}

function openssl(directory: string, args: readonly string[]): void {
  execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
}

function read(directory: string, name: string): Identity {
  const text = (ending: string): string => readFileSync(join(directory, `${name}.${ending}`), 'utf8');
  return { cert: text('pem'), key: text('key') };
}
