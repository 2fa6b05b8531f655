import type { AddressFamily } from '../bgp/index.ts';
import { type Cidr, containsCidr, parseAddress, parseCidr } from '../lib/cidr.ts';
import { accept, type Leaf, leaf, type Parsed, refuse } from './leaf.ts';

/** What an address, or a block of them, is set aside for. */
export type SpecialUse = 'unspecified' | 'loopback' | 'link-local' | 'multicast' | 'reserved' | 'ipv4-mapped';

/** RFC 6890, as far as it keeps an address from being a peer's, a next hop's or an announced one. */
const SPECIAL_BLOCKS = (
  [
    ['0.0.0.0/8', 'unspecified'],
    ['127.0.0.0/8', 'loopback'],
    ['169.254.0.0/16', 'link-local'],
    ['224.0.0.0/4', 'multicast'],
    ['240.0.0.0/4', 'reserved'],
    ['::/128', 'unspecified'],
    ['::1/128', 'loopback'],
    ['::ffff:0:0/96', 'ipv4-mapped'],
    ['fe80::/10', 'link-local'],
    ['ff00::/8', 'multicast'],
  ] as const
).flatMap(([text, use]) => {
  const block = parseCidr(text)?.cidr;
  return block === undefined ? [] : [{ block, use }];
});

/** To speak of such addresses. */
export const SPECIAL_WORDS: Readonly<Record<SpecialUse, string>> = {
  unspecified: 'unspecified',
  loopback: 'loopback',
  'link-local': 'link-local',
  multicast: 'multicast',
  reserved: 'reserved',
  'ipv4-mapped': 'IPv4-mapped',
};

/** An IP address, canonical; `text` has the zone of a link-local one too. */
export interface HostAddress {
  readonly text: string;
  readonly family: AddressFamily;
  readonly zone: string | undefined;
  readonly use: SpecialUse | undefined;
}

/** The name of a network interface, as Linux has them: at most 15 characters. */
export const INTERFACE_NAME = /^(?!\.{1,2}$)[^\s/:\0]{1,15}$/;

/** What it looks like, for the JSON Schema. */
const LOOKS: Readonly<Record<AddressFamily | 'any', RegExp>> = {
  ipv4: /^\d{1,3}(?:\.\d{1,3}){3}$/,
  ipv6: /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/,
  any: /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[^\s/:]{1,15})?)$/,
};

/** What a block as a whole is set aside for. */
export function specialUse(cidr: Cidr): SpecialUse | undefined {
  return SPECIAL_BLOCKS.find(({ block }) => containsCidr(block, cidr))?.use;
}

export function familyOf({ family }: Pick<Cidr, 'family'>): AddressFamily {
  return family === 4 ? 'ipv4' : 'ipv6';
}

/** An IPv4 or IPv6 address, a link-local IPv6 one with its interface or without. undefined for anything else. */
export function parseHostAddress(written: string): HostAddress | undefined {
  const percent = written.indexOf('%');
  const zone = percent < 0 ? undefined : written.slice(percent + 1);
  const address = parseAddress(percent < 0 ? written : written.slice(0, percent));
  if (address === undefined) return undefined;
  const use = specialUse({ ...address, prefixLength: address.bytes.length * 8 });
  const family = familyOf(address);
  if (zone === undefined) return { text: address.text, family, zone, use };
  const canHaveZone = family === 'ipv6' && use === 'link-local' && INTERFACE_NAME.test(zone);
  return canHaveZone ? { text: `${address.text}%${zone}`, family, zone, use } : undefined;
}

const PEER_HINT = 'write an IPv4 or IPv6 address, a link-local one with its interface: fe80::1%eth0';
const NEVER = ['unspecified', 'multicast', 'reserved', 'ipv4-mapped'] as const;

/** Where a BGP peer is. */
export function peerAddress(): Leaf<HostAddress> {
  return addressThat({ hint: PEER_HINT, looks: 'any' }, (address) =>
    isOneOf(NEVER, address) ? `${wordOf(address)} is no address of a peer, ${PEER_HINT}` : undefined,
  );
}

/** Where a session comes from. */
export function sourceAddress(): Leaf<HostAddress> {
  const hint = 'write an IPv4 or IPv6 address of this machine';
  return addressThat({ hint, looks: 'any' }, (address) =>
    isOneOf(NEVER, address) ? `${wordOf(address)} is none to send from, ${hint}` : undefined,
  );
}

/** What routers can send to: a next hop. `instead`: where an address of the other family belongs. */
export function nextHopAddress(family: AddressFamily | 'any', instead?: string): Leaf<HostAddress> {
  const word = { ipv4: 'an IPv4 address', ipv6: 'an IPv6 address', any: 'an IPv4 or IPv6 address' }[family];
  const hint = `write ${word} that routers can send to`;
  return addressThat({ hint, looks: family }, (address) => {
    if (family !== 'any' && address.family !== family) {
      return instead === undefined ? `write ${word}` : `write ${word}; one of the other family is ${instead}`;
    }
    const isTooLocal = address.family === 'ipv6' && address.use === 'link-local';
    if (isOneOf([...NEVER, 'loopback'], address) || isTooLocal)
      return `${wordOf(address)} is no next hop, ${hint}`;
    return undefined;
  });
}

/** A BGP identifier: four octets as an IPv4 address has them, and any but 0.0.0.0 (RFC 6286 §2.1). */
export function routerId(): Leaf<string> {
  const hint = 'write an IPv4 address other than 0.0.0.0, such as 10.0.0.1';
  return leaf({ kind: 'text', pattern: /^(?!0\.0\.0\.0$)\d{1,3}(?:\.\d{1,3}){3}$/ }, (written) => {
    const address = typeof written === 'string' ? parseAddress(written) : undefined;
    return address?.family === 4 && address.text !== '0.0.0.0' ? accept(address.text) : refuse(hint);
  });
}

/** The name of a network interface or VRF. */
export function interfaceName(): Leaf<string> {
  const hint = 'write the name of a network interface, at most 15 characters';
  return leaf({ kind: 'text', pattern: INTERFACE_NAME }, (written) =>
    typeof written === 'string' && INTERFACE_NAME.test(written) ? accept(written) : refuse(hint),
  );
}

/** `fault` says what would be right instead of an address that can't stand here. */
function addressThat(
  { hint, looks }: { readonly hint: string; readonly looks: keyof typeof LOOKS },
  fault: (address: HostAddress) => string | undefined,
): Leaf<HostAddress> {
  return leaf({ kind: 'text', pattern: LOOKS[looks] }, (written): Parsed<HostAddress> => {
    const address = typeof written === 'string' ? parseHostAddress(written) : undefined;
    if (address === undefined) return refuse(hint);
    const message = fault(address);
    return message === undefined ? accept(address) : refuse(message);
  });
}

function isOneOf(uses: readonly SpecialUse[], { use }: HostAddress): boolean {
  return use !== undefined && uses.includes(use);
}

/** `a loopback address`. */
function wordOf({ use }: HostAddress): string {
  const word = use === undefined ? '' : SPECIAL_WORDS[use];
  return `${/^[uI]/.test(word) ? 'an' : 'a'} ${word} address`;
}
