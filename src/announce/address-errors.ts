/** Why a service address can't be had: one line with what mends it. `code`: an errno's name, or `unusable`. */
export function explainAddressError(code: string, interfaceName: string): string {
  switch (code) {
    case 'unavailable':
      return 'addresses can be added on Linux only, with the package koffi, which does not load here';
    case 'EPERM':
      return 'adding and removing addresses needs CAP_NET_ADMIN (systemd: AmbientCapabilities=CAP_NET_ADMIN)';
    case 'ENODEV':
      return `there is no network interface ${interfaceName}: ip link add ${interfaceName} type dummy`;
    case 'ENETDOWN':
      return `network interface ${interfaceName} is down: ip link set ${interfaceName} up`;
    case 'EACCES':
    case 'EAFNOSUPPORT':
    case 'EOPNOTSUPP':
      return `IPv6 is off on ${interfaceName} (sysctl net.ipv6.conf.${interfaceName}.disable_ipv6)`;
    case 'EEXIST':
      return `somebody else has just added it to ${interfaceName}`;
    case 'unusable':
      return `it is on ${interfaceName}, but another host may have it (IPv6 duplicate address detection)`;
    default:
      return `the kernel refuses it (${code})`;
  }
}
