import type { DnsSpec } from '../../checks/index.ts';
import { parseAddress } from '../../lib/cidr.ts';

export type RecordType = DnsSpec['recordType'];

/** Data of records as people write it, in the form of `DnsSpec.answers`; undefined: it is no such data. */
interface Data {
  readonly parse: (written: string) => string | undefined;
  readonly hint: string;
}

const nameData: Data = { parse: (written) => dataName(written), hint: 'write a name' };

/** By record type. */
export const DATA: Readonly<Record<RecordType, Data>> = {
  A: { parse: (written) => canonicalAddress(written, 4), hint: 'write an IPv4 address' },
  AAAA: { parse: (written) => canonicalAddress(written, 6), hint: 'write an IPv6 address' },
  CNAME: nameData,
  NS: nameData,
  PTR: nameData,
  MX: {
    parse: (written) => fieldsOf(written, ['n', 'd']),
    hint: 'write preference and name: 10 mail.example.com',
  },
  SRV: {
    parse: (written) => fieldsOf(written, ['n', 'n', 'n', 'd']),
    hint: 'write priority, weight, port and name: 0 5 5060 sip.example.com',
  },
  SOA: {
    parse: (written) =>
      fieldsOf(written, ['d', 'd', 'N', 'N', 'N', 'N', 'N'].slice(0, wordsOf(written).length)),
    hint: 'write primary server, mailbox, serial, refresh, retry, expire and minimum, or the first of these',
  },
  TXT: { parse: (written) => written, hint: 'write the text' },
};

/** Fields between spaces: `d` a domain name, `n` a number of 16 bits, `N` one of 32. */
function fieldsOf(written: string, forms: readonly string[]): string | undefined {
  const words = wordsOf(written);
  if (words.length !== forms.length || forms.length === 0) return undefined;
  const fields = words.map((word, index) => {
    if (forms[index] === 'd') return dataName(word);
    const most = forms[index] === 'n' ? 0xffff : 0xffff_ffff;
    return /^\d{1,10}$/.test(word) && Number(word) <= most ? String(Number(word)) : undefined;
  });
  return fields.includes(undefined) ? undefined : fields.join(' ');
}

function wordsOf(written: string): readonly string[] {
  return written.split(/\s+/).filter((word) => word !== '');
}

function canonicalAddress(written: string, family: 4 | 6): string | undefined {
  const address = parseAddress(written);
  return address?.family === family ? address.text : undefined;
}

/** Lower case, without the final dot; the root is a dot. Labels may have what names in use have: `_`, `*`, `/` (RFC 2317). */
export function canonicalName(written: string): string | undefined {
  if (written === '.') return written;
  const name = written.replace(/\.$/, '').toLowerCase();
  const isName = name.split('.').every((label) => /^[a-z0-9_*/-]{1,63}$/.test(label));
  return isName && name.length <= 253 ? name : undefined;
}

/** Such a name in data, where labels may have anything; what would be mistaken is escaped as in zone files: `\.`, `\032`. */
function dataName(written: string): string | undefined {
  if (written === '.') return written;
  return DATA_NAME.exec(written)?.[1]?.toLowerCase();
}

const LABEL = String.raw`(?:[!-\-/-[\]-~]|\\[.\\]|\\\d{3})+`;
const DATA_NAME = new RegExp(String.raw`^(${LABEL}(?:\.${LABEL})*)\.?$`);

/** The name that has the PTR record of an address (RFC 1035 §3.5, RFC 3596 §2.5). */
export function reverseName(bytes: readonly number[]): string {
  if (bytes.length === 4) return `${bytes.toReversed().join('.')}.in-addr.arpa`;
  const digits = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${[...digits].toReversed().join('.')}.ip6.arpa`;
}
