import type { X509Certificate } from 'node:crypto';
import { parseIpAddress } from '../lib/sockaddr.ts';

/** How many names of a certificate are told. */
const TOLD_NAMES = 5;

/**
 * Whether a certificate is for a DNS name, by its alternative names alone (RFC 9525 §6.3): the common name does not count,
 * and `*` stands for one whole label. A wanted `*.example.com` is that very entry.
 */
export function isForName(x509: X509Certificate, wanted: string): boolean {
  const name = wanted.replace(/\.$/, '').toLowerCase();
  if (name.startsWith('*')) return alternativeNames(x509).dns.includes(name);
  // To OpenSSL a name that begins with a dot is any name below it.
  if (name === '' || name.startsWith('.')) return false;
  return x509.checkHost(name, { subject: 'never', partialWildcards: false }) !== undefined;
}

/** Whether a certificate is for an IP address, by its alternative names. */
export function isForAddress(x509: X509Certificate, address: string): boolean {
  return x509.checkIP(address) !== undefined;
}

/** Whether a certificate is for a host, given by its name or address. */
export function isForHost(x509: X509Certificate, host: string): boolean {
  return parseIpAddress(host) === undefined ? isForName(x509, host) : isForAddress(x509, host);
}

/** The names and addresses of a certificate, for people. */
export function toldNames(x509: X509Certificate): string {
  const { dns, addresses } = alternativeNames(x509);
  const all = [...dns, ...addresses];
  if (all.length === 0) return 'none (the common name does not count)';
  const more = all.length - TOLD_NAMES;
  return `${all.slice(0, TOLD_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** From Node's text, `DNS:a.test, IP Address:192.0.2.1`; what could be misread in it stands within quotes as JSON. */
function alternativeNames(x509: X509Certificate) {
  const entries = (x509.subjectAltName ?? '').matchAll(
    /(?:^|, )(DNS|IP Address):("(?:[^"\\]|\\.)*"|[^,"]*)/g,
  );
  const all = [...entries].map(([, kind, value = '']) => ({ kind, value: value.toLowerCase() }));
  const ofKind = (wanted: string) => all.flatMap(({ kind, value }) => (kind === wanted ? [value] : []));
  return { dns: ofKind('DNS'), addresses: ofKind('IP Address') };
}
