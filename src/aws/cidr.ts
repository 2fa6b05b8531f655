import ipaddr from 'ipaddr.js';

/**
 * The canonical text of a CIDR: host bits zeroed, IPv6 as RFC 5952 writes it. EC2 answers so already; what an emulator
 * answers is brought to the same form, because destinations are compared as text. A text that is no CIDR is returned as it is.
 */
export function canonicalCidr(text: string): string {
  if (!ipaddr.isValidCIDR(text)) return text;
  const [address, length] = ipaddr.parseCIDR(text);
  const network =
    address.kind() === 'ipv4'
      ? ipaddr.IPv4.networkAddressFromCIDR(text)
      : ipaddr.IPv6.networkAddressFromCIDR(text);
  return `${network.toString()}/${length}`;
}
