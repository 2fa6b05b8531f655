import { parseIpAddress } from '../lib/sockaddr.ts';
import { type AddressFamily, AS_TRANS, type BgpRole, type Prefix } from './message.ts';
import type { AsPathSegment, PathAttribute } from './path-attribute.ts';
import { parsePrefix } from './prefix.ts';
import type { BgpRoute, PeerSpec } from './spec.ts';
import type { Negotiated } from './status.ts';

/** What an established session makes of a route. */
export interface ExportContext {
  readonly localAsn: number;
  readonly isIbgp: boolean;
  readonly peer: Pick<PeerSpec, 'nextHop' | 'role'>;
  readonly negotiated: Negotiated;
}

/** A route as one peer gets it. */
export interface ExportedRoute {
  readonly prefix: Prefix;
  /** Without the NLRI and, unless it is `NEXT_HOP`, without the next hop. */
  readonly attributes: readonly PathAttribute[];
  /** For MP_REACH_NLRI; undefined: NLRI and NEXT_HOP of RFC 4271. */
  readonly nextHops: readonly string[] | undefined;
}

export type Export =
  | { readonly ok: true; readonly route: ExportedRoute }
  /** In words for the operator. */
  | { readonly ok: false; readonly why: string };

const DEFAULT_LOCAL_PREF = 100;
const MAX_TWO_OCTET_ASN = 65_535;
/** RFC 4271 §4.3: the length of a segment is one octet. */
const MAX_SEGMENT_ASNS = 255;

/** Makes a route ready for a peer, or says why the peer can't have it. */
export function exportRoute(route: BgpRoute, context: ExportContext): Export {
  const prefix = parsePrefix(route.prefix);
  if (prefix === undefined) return refuse(`${route.prefix} is no prefix`);
  const { negotiated } = context;
  if (!negotiated.families.includes(prefix.family)) {
    return refuse(`the peer does not take ${prefix.family === 'ipv4' ? 'IPv4' : 'IPv6'} unicast`);
  }
  const found = chooseNextHop(route, prefix.family, context);
  if (!found.ok) return found;
  const { nextHop } = found;
  const isClassic = prefix.family === 'ipv4' && !nextHop.includes(':');
  const next: readonly PathAttribute[] = isClassic ? [{ type: 'next-hop', nextHop }] : [];
  const attributes = [...pathOf(route, context), ...next, ...restOf(route, context)];
  const nextHops = isClassic ? undefined : withLinkLocal(nextHop, negotiated.localAddress);
  return { ok: true, route: { prefix, attributes, nextHops } };
}

type NextHopChoice =
  | { readonly ok: true; readonly nextHop: string }
  | { readonly ok: false; readonly why: string };

/**
 * The route's own, else the peer's, else the session's own address. Where an IPv6 next hop for IPv4 was agreed on and the
 * session is over IPv6, it goes before a configured IPv4 one: that is what it was asked for.
 */
function chooseNextHop(route: BgpRoute, family: AddressFamily, context: ExportContext): NextHopChoice {
  const { negotiated, peer } = context;
  const session = negotiated.localAddress;
  const isOverIpv6 = session.includes(':');
  const ofSession = isOverIpv6 === (family === 'ipv6') ? session : undefined;
  const ipv6 = peer.nextHop.ipv6 ?? (isOverIpv6 ? session : undefined);
  const extended = family === 'ipv4' && negotiated.hasExtendedNextHop ? ipv6 : undefined;
  const usual = peer.nextHop[family] ?? ofSession;
  const nextHop = route.nextHop ?? (isOverIpv6 ? (extended ?? usual) : (usual ?? extended));
  if (nextHop === undefined)
    return refuse(`there is no ${family === 'ipv4' ? 'IPv4' : 'IPv6'} next hop for it`);
  const isIpv6 = nextHop.includes(':');
  if (family === 'ipv4' && isIpv6 && !negotiated.hasExtendedNextHop) {
    return refuse(`the next hop ${nextHop} needs RFC 8950, which the peer has not agreed to`);
  }
  if (family === 'ipv6' && !isIpv6) return refuse(`the next hop ${nextHop} is not IPv6`);
  const fault = nextHopFault(nextHop, negotiated.remoteAddress);
  return fault === undefined ? { ok: true, nextHop } : refuse(fault);
}

/** Next hops that routers take for no route, or for a withdrawal. */
function nextHopFault(nextHop: string, remoteAddress: string): string | undefined {
  // RFC 4271 §5.1.3: never the peer's own address.
  if (nextHop === remoteAddress) return `the next hop ${nextHop} is the peer itself`;
  const parsed = parseIpAddress(nextHop);
  if (parsed === undefined) return `the next hop ${nextHop} is no address`;
  const [first = 0, second = 0] = parsed.bytes;
  if (parsed.family === 'ipv4' && (first === 127 || first === 0 || first >= 224)) {
    return `routers take no next hop such as ${nextHop}; give next_hop`;
  }
  if (parsed.family === 'ipv6' && (nextHop === '::1' || nextHop === '::' || first === 0xff)) {
    return `routers take no next hop such as ${nextHop}; give next_hop_v6`;
  }
  const isLinkLocal = parsed.family === 'ipv6' && first === 0xfe && (second & 0xc0) === 0x80;
  return isLinkLocal ? `the next hop ${nextHop} is link-local; give next_hop_v6 a global address` : undefined;
}

/** RFC 2545 §3: on a session between link-local addresses the peer gets ours as well. */
function withLinkLocal(nextHop: string, localAddress: string): readonly string[] {
  return /^fe[89ab]/i.test(localAddress) && nextHop.includes(':') ? [nextHop, localAddress] : [nextHop];
}

/** ORIGIN, AS_PATH and, for a peer of two octets, AS4_PATH (RFC 6793 §4.2.2). */
function pathOf(route: BgpRoute, { localAsn, isIbgp, negotiated }: ExportContext): readonly PathAttribute[] {
  const asns = isIbgp ? [] : Array.from({ length: 1 + route.asPathPrepend }, () => localAsn);
  const origin = { type: 'origin', origin: 'igp' } as const;
  const isShortened = !negotiated.isFourOctetAs && localAsn > MAX_TWO_OCTET_ASN;
  if (!isShortened) return [origin, { type: 'as-path', segments: segmentsOf(asns) }];
  const short: PathAttribute = { type: 'as-path', segments: segmentsOf(asns.map(() => AS_TRANS)) };
  return [origin, short, ...(isIbgp ? [] : [{ type: 'as4-path', segments: segmentsOf(asns) } as const])];
}

function segmentsOf(asns: readonly number[]): readonly AsPathSegment[] {
  const segments: AsPathSegment[] = [];
  for (let from = 0; from < asns.length; from += MAX_SEGMENT_ASNS) {
    segments.push({ type: 'as-sequence', asns: asns.slice(from, from + MAX_SEGMENT_ASNS) });
  }
  return segments;
}

function restOf(route: BgpRoute, { localAsn, isIbgp, peer }: ExportContext): readonly PathAttribute[] {
  const attributes: PathAttribute[] = [];
  if (route.med !== undefined) attributes.push({ type: 'multi-exit-disc', med: route.med });
  if (isIbgp) attributes.push({ type: 'local-pref', localPref: route.localPref ?? DEFAULT_LOCAL_PREF });
  if (route.communities.length > 0) attributes.push({ type: 'communities', communities: route.communities });
  if (route.extendedCommunities.length > 0) {
    const communities = route.extendedCommunities.map((text) => Buffer.from(text, 'hex'));
    attributes.push({ type: 'extended-communities', communities });
  }
  if (route.largeCommunities.length > 0) {
    attributes.push({ type: 'large-communities', communities: route.largeCommunities });
  }
  if (!isIbgp && marksOnlyToCustomer(peer.role)) attributes.push({ type: 'only-to-customer', asn: localAsn });
  return attributes;
}

/** RFC 9234 §5: what goes to a customer, a peer or an RS client. */
function marksOnlyToCustomer(role: BgpRole | undefined): boolean {
  return role === 'provider' || role === 'peer' || role === 'rs';
}

function refuse(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
