import { asNumber } from './as-number.ts';
import { community, extendedCommunity, largeCommunity } from './communities.ts';
import { holdTime } from './hold-time.ts';
import { interfaceName, nextHopAddress, peerAddress, routerId, sourceAddress } from './host-address.ts';
import { nested } from './kinds/kind.ts';
import { anyText, cidr, duration, flag, list, oneOf, port, text, whole } from './leaves.ts';
import { listenAddress } from './listen-address.ts';

// The keys of `announcer`: what schema.ts is for the rest of the config.

const HOUR_MS = 3_600_000;
const UINT32 = { least: 0, most: 4_294_967_295 };
/** Twice as many, and the message still has room for the longest lists of communities (RFC 4271 §4: 4096 bytes). */
const PREPEND = { least: 0, most: 100 };
export const MAX_COMMUNITIES = 100;
const COMMUNITIES_HINT = `write a list, such as ["65000:100", no-export]`;
const EXTENDED_HINT = 'write a list, such as ["rt:65000:100"]';
const LARGE_HINT = 'write a list, such as ["65000:1:2"]';

export const announcerShape = {
  backend: oneOf(['embedded']).or('embedded').describe('What speaks BGP: `embedded`, this program itself.'),
  router_id: routerId()
    .optional()
    .describe('BGP identifier, an IPv4 address that no other router has. Default: `local_address`.'),
  local_asn: asNumber().describe('Own AS number, plain or as asdot: 65546 or 1.10.'),
  local_address: nextHopAddress('ipv4', 'local_address_v6')
    .optional()
    .describe('Source address of IPv4 sessions, and next hop of IPv4 routes.'),
  local_address_v6: nextHopAddress('ipv6', 'local_address')
    .optional()
    .describe('Source address of IPv6 sessions, and next hop of IPv6 routes.'),
  listen: listenAddress('10.0.0.1:179, [2001:db8::1]:179 or :179')
    .optional()
    .describe(
      'IP address and port where peers may connect to; `:179` is every address. Default: it only dials.',
    ),
  peers: nested.describe('Routers to announce to.'),
  routes: nested.describe('Prefixes to announce, each exactly while its checks pass.'),
  drain_time: duration({ least: 0, most: HOUR_MS })
    .or('10s')
    .describe('How long a draining prefix stays announced, as `drain` says, before it is withdrawn.'),
  drain: nested.describe('How prefixes are announced while draining.'),
  on_exit: oneOf(['withdraw', 'drain'])
    .or('withdraw')
    .describe('What becomes of the prefixes when the agent is stopped: withdrawn at once, or drained first.'),
  addresses: nested.describe('Adds the addresses of announced host prefixes to an interface.'),
};

/** What of it an included file may have. */
export const includedAnnouncerShape = { routes: announcerShape.routes };

export const peerShape = {
  name: text('a name').optional().describe('Name in logs and metrics. Default: the remote address.'),
  remote_address: peerAddress().describe('IP address of the router; a link-local one with its interface.'),
  remote_port: port().or(179).describe('TCP port of the router.'),
  remote_asn: asNumber().describe('AS number of the router; the own one makes the session iBGP.'),
  local_address: sourceAddress()
    .optional()
    .describe('Source address and next hop for this peer, instead of those for all peers.'),
  password: anyText('a password').optional().describe('Password of TCP-MD5 (RFC 2385), at most 80 bytes.'),
  password_file: text('the path of a file')
    .optional()
    .describe('File that holds the password; instead of `password`.'),
  tcp_ao: nested.describe('Key of TCP-AO (RFC 5925); instead of a password.'),
  hold_time: holdTime()
    .or('9s')
    .describe('Offered hold time, in whole seconds: 3s and more, or 0 for none. The smaller offer counts.'),
  connect_retry: duration({ least: 100, most: HOUR_MS })
    .or('1s')
    .describe('Time to the first retry; it doubles to 30s, or stays where it is longer.'),
  multihop_ttl: whole('a TTL', { least: 1, most: 255 })
    .optional()
    .describe('TTL of what is sent. Default: 1 to another AS, the system’s within the own one.'),
  gtsm: flag()
    .or(false)
    .describe('TTL security (RFC 5082): send with TTL 255, and drop what comes with less.'),
  device: interfaceName().optional().describe('Network interface or VRF that the session is bound to.'),
  passive: flag().or(false).describe('Wait for the router to connect; needs `listen`.'),
  families: list(oneOf(['ipv4', 'ipv6']), 'write a list of ipv4, ipv6')
    .or(['ipv4', 'ipv6'])
    .describe('Address families that are offered.'),
  extended_next_hop: flag()
    .or(false)
    .describe('Announce IPv4 prefixes with an IPv6 next hop on a session over IPv6 (RFC 8950).'),
  role: oneOf(['provider', 'rs', 'rs-client', 'customer', 'peer'])
    .optional()
    .describe('Own role towards the router (RFC 9234).'),
  role_strict: flag().or(false).describe('Refuse a router that names no role.'),
  next_hop: nextHopAddress('ipv4', 'next_hop_v6')
    .optional()
    .describe('Next hop of IPv4 prefixes for this peer. Default: the local address.'),
  next_hop_v6: nextHopAddress('ipv6', 'next_hop')
    .optional()
    .describe('Next hop of IPv6 prefixes for this peer. Default: the local address.'),
};

export const tcpAoShape = {
  algorithm: oneOf(['hmac-sha-1-96', 'aes-128-cmac-96'])
    .or('hmac-sha-1-96')
    .describe('Algorithm of RFC 5926.'),
  send_id: whole('a key id', { least: 0, most: 255 }).describe('Id of the key in what is sent.'),
  receive_id: whole('a key id', { least: 0, most: 255 }).describe('Id of the key in what is received.'),
  key: anyText('a key').describe('The key, at most 80 bytes.'),
};

export const drainShape = {
  graceful_shutdown: flag().or(true).describe('Add the community GRACEFUL_SHUTDOWN (RFC 8326).'),
  med: whole('a MED', UINT32).optional().describe('MED instead of the prefix’s own.'),
  as_path_prepend: whole('a count', PREPEND)
    .or(0)
    .describe('How often the own AS number is put before the path, beside the prefix’s own.'),
};

export const addressesShape = {
  interface: interfaceName().describe('Interface that gets the addresses: lo, or a dummy one.'),
  remove_delay: duration({ least: 0, most: HOUR_MS })
    .or('1s')
    .describe('How long the address of a withdrawn prefix stays.'),
};

export const announcedRouteShape = {
  prefix: cidr('a prefix such as 10.0.0.128/32 or 2001:db8::53/128').describe(
    'IPv4 or IPv6 prefix, or one address (a host prefix).',
  ),
  healthcheck: nested.describe('Local checks that the prefix depends on. Default: none, always announced.'),
  communities: list(community(), COMMUNITIES_HINT)
    .optional()
    .describe('Communities (RFC 1997): ASN:VALUE, or names such as no-export.'),
  extended_communities: list(extendedCommunity(), EXTENDED_HINT)
    .optional()
    .describe('Extended communities (RFC 4360): rt:ASN:VALUE, soo:ASN:VALUE, or 0x and 16 digits.'),
  large_communities: list(largeCommunity(), LARGE_HINT)
    .optional()
    .describe('Large communities (RFC 8092): ASN:VALUE:VALUE.'),
  med: whole('a MED', UINT32)
    .optional()
    .describe('MULTI_EXIT_DISC: among paths of one AS the lower one is preferred.'),
  local_pref: whole('a LOCAL_PREF', UINT32)
    .optional()
    .describe('LOCAL_PREF, for iBGP peers only: the higher one is preferred. Default: 100.'),
  as_path_prepend: whole('a count', PREPEND)
    .or(0)
    .describe('How often the own AS number is put before the path once more; for eBGP peers only.'),
  next_hop: nextHopAddress('any').optional().describe('Next hop of this prefix, instead of the peer’s.'),
};

/** The lists of communities, and how an item of each is read. */
export const COMMUNITY_LISTS = {
  communities: { item: community(), hint: COMMUNITIES_HINT },
  extended_communities: { item: extendedCommunity(), hint: EXTENDED_HINT },
  large_communities: { item: largeCommunity(), hint: LARGE_HINT },
} as const;
