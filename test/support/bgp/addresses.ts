/** An address family, by the word that vpcast's configuration has for it. */
export type Family = 'ipv4' | 'ipv6';

/** How many hosts each end of a link has addresses for. */
const HOSTS = 24;

/**
 * Addresses of the link between vpcast and router number `link` (from 1): one subnet of each family. Hosts 1 to 3 are
 * the router's own, 10 and above are on vpcast's side, one for each vpcast that runs.
 */
export function linkAddress(link: number, host: number, family: Family): string {
  return family === 'ipv4' ? `10.77.${link}.${host}` : `fd77:${link}::${host.toString(16)}`;
}

/** The lines of `ip -batch` that give an end of a link its addresses. */
export function addressLines(device: string, link: number, side: 'router' | 'vpcast'): readonly string[] {
  const hosts =
    side === 'router' ? [1, 2, 3] : Array.from({ length: HOSTS - 10 }, (_unused, index) => index + 10);
  return [
    // The kernel's own would come once the link is known to be up, which is after the routers start.
    `address add fe80::${side === 'router' ? 1 : 2}/64 dev ${device} nodad`,
    ...hosts.flatMap((host) => [
      `address add ${linkAddress(link, host, 'ipv4')}/24 dev ${device}`,
      `address add ${linkAddress(link, host, 'ipv6')}/64 dev ${device} nodad`,
    ]),
  ];
}
