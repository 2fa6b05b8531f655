import { parseCidr } from '../lib/cidr.ts';
import { changeByNetlink, dumpNetlink } from '../lib/netlink.ts';
import {
  type AddressEntry,
  addAddressRequest,
  addressesRequest,
  type InterfaceAddress,
  linksRequest,
  removeAddressRequest,
} from '../lib/rtnetlink.ts';
import { addressText } from '../lib/sockaddr.ts';
import { interfaceIndexOf, type SocketResult } from '../lib/socket-call.ts';

/** The addresses of one network interface, by their host prefixes (`10.0.0.128/32`, `2001:db8::53/128`). */
export interface InterfaceAddresses {
  read(): Promise<InterfaceReading>;
  /** `EEXIST`: it is there; `EPERM`: not without CAP_NET_ADMIN; `ENODEV`: no such interface. */
  add(prefix: string): Promise<SocketResult>;
  /** Only one that stands there as a host prefix. `EADDRNOTAVAIL`: it does not. */
  remove(prefix: string): Promise<SocketResult>;
}

export type InterfaceReading =
  | {
      readonly ok: true;
      /** Switched on: an address of one that is not answers nobody. */
      readonly isEnabled: boolean;
      readonly found: ReadonlyMap<string, FoundAddress>;
    }
  | { readonly ok: false; readonly code: string };

export interface FoundAddress {
  /** It has our mark, and is there as a host prefix. Before Linux 5.18 no address has one. */
  readonly isMarked: boolean;
  /** False: IPv6 only, while the network is asked for duplicates, or since there is one. */
  readonly isUsable: boolean;
}

/**
 * IFA_PROTO of the addresses that this program adds: free in iproute2's list (rt_addrprotos), whose kernel part is 0 to 3;
 * keepalived has 18. It is BGP's port.
 */
export const ADDRESS_MARK = 179;

/** By rtnetlink(7), in the thread pool. */
export function kernelAddresses(name: string): InterfaceAddresses {
  return {
    read: () => read(name),
    add: (prefix) => change(name, prefix, (address) => addAddressRequest(address, ADDRESS_MARK)),
    remove: (prefix) => change(name, prefix, removeAddressRequest),
  };
}

async function read(name: string): Promise<InterfaceReading> {
  const links = await dumpNetlink(linksRequest());
  if (!links.ok) return links;
  const link = links.parts.flatMap((part) => part.links).find((each) => each.name === name);
  if (link === undefined) return { ok: false, code: 'ENODEV' };
  const addresses = await dumpNetlink(addressesRequest());
  if (!addresses.ok) return addresses;
  const own = addresses.parts
    .flatMap((part) => part.addresses)
    .filter(({ interfaceIndex }) => interfaceIndex === link.index);
  return { ok: true, isEnabled: link.isEnabled, found: foundAmong(own) };
}

/** The same address may be there with several lengths: one that is usable does. */
function foundAmong(entries: readonly AddressEntry[]): ReadonlyMap<string, FoundAddress> {
  const found = new Map<string, FoundAddress>();
  for (const { addressHex, prefixLength, protocol, duplicateCheck } of entries) {
    const bytes = Buffer.from(addressHex, 'hex');
    const width = bytes.length * 8;
    const prefix = `${addressText(bytes)}/${width}`;
    const before = found.get(prefix);
    const isMarked = protocol === ADDRESS_MARK && prefixLength === width;
    found.set(prefix, {
      isMarked: isMarked || before?.isMarked === true,
      isUsable: duplicateCheck === 'passed' || before?.isUsable === true,
    });
  }
  return found;
}

async function change(
  name: string,
  prefix: string,
  request: (address: InterfaceAddress) => Buffer,
): Promise<SocketResult> {
  const cidr = parseCidr(prefix)?.cidr;
  if (cidr === undefined) return { ok: false, code: 'EINVAL' };
  const interfaceIndex = interfaceIndexOf(name);
  if (interfaceIndex === undefined) return { ok: false, code: 'ENODEV' };
  const { family, bytes, prefixLength } = cidr;
  const address = {
    family: family === 4 ? ('ipv4' as const) : ('ipv6' as const),
    bytes: Uint8Array.from(bytes),
    scope: undefined,
  };
  return changeByNetlink(request({ interfaceIndex, address, prefixLength }));
}
