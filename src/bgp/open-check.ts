import { type AddressFamily, AFI, type BgpRole, type OpenMessage, SAFI_UNICAST } from './message.ts';
import { ERROR_CODE, type Notification, OPEN_MESSAGE_ERROR } from './notification.ts';
import { isIbgp } from './own-open.ts';
import type { PeerMachineSpec } from './peer-machine-state.ts';
import type { Negotiated } from './status.ts';

/** Texts without zone. */
export interface ConnectionAddresses {
  readonly localAddress: string;
  readonly remoteAddress: string;
}

export type OpenVerdict =
  | { readonly verdict: 'accepted'; readonly negotiated: Negotiated }
  | { readonly verdict: 'refused'; readonly notification: Notification; readonly detail: string };

type Refusal = Extract<OpenVerdict, { verdict: 'refused' }>;

const NO_DATA = new Uint8Array();

/** RFC 9234 §4.2, table 2: our role → the peer's. */
const COUNTERPART: Readonly<Record<BgpRole, BgpRole>> = {
  provider: 'customer',
  customer: 'provider',
  rs: 'rs-client',
  'rs-client': 'rs',
  peer: 'peer',
};

/**
 * Whether a peer's OPEN is what was configured (RFC 4271 §6.2), and what it comes to together with ours. The message is
 * well formed: its version and its hold time were seen to by the decoder.
 */
export function checkOpen(
  open: OpenMessage,
  spec: PeerMachineSpec,
  addresses: ConnectionAddresses,
): OpenVerdict {
  const families = commonFamilies(open, spec);
  const refusal =
    checkAs(open, spec) ??
    checkIdentifier(open, spec) ??
    checkFamilies(families, spec) ??
    checkRole(open, spec);
  if (refusal !== undefined) return refusal;
  const holdTimeSec = Math.min(spec.peer.holdTimeSec, open.holdTime);
  return {
    verdict: 'accepted',
    negotiated: {
      holdTimeSec,
      keepaliveSec: Math.floor(holdTimeSec / 3),
      remoteId: open.bgpIdentifier,
      families,
      isFourOctetAs: fourOctetAs(open) !== undefined,
      hasRouteRefresh: open.capabilities.some(({ type }) => type === 'route-refresh'),
      hasExtendedNextHop:
        spec.peer.hasExtendedNextHop && families.includes('ipv4') && takesExtendedNextHop(open),
      localAddress: addresses.localAddress,
      remoteAddress: addresses.remoteAddress,
    },
  };
}

/** RFC 6793 §4.1: what the capability says counts; the two octets only where there is none. */
function checkAs(open: OpenMessage, { peer }: PeerMachineSpec): Refusal | undefined {
  const asn = fourOctetAs(open) ?? open.myAutonomousSystem;
  if (asn === peer.remoteAsn) return undefined;
  return refuse(OPEN_MESSAGE_ERROR.badPeerAs, `the peer is AS ${asn}, not ${peer.remoteAsn}`);
}

function fourOctetAs(open: OpenMessage): number | undefined {
  const capability = open.capabilities.find((each) => each.type === 'four-octet-as');
  return capability?.asn;
}

/** RFC 6286 §2.2: two speakers of one AS have two identifiers; those of different ASes may have the same. */
function checkIdentifier(open: OpenMessage, spec: PeerMachineSpec): Refusal | undefined {
  if (!isIbgp(spec) || open.bgpIdentifier !== spec.routerId) return undefined;
  return refuse(OPEN_MESSAGE_ERROR.badBgpIdentifier, `the peer has our own router id, ${spec.routerId}`);
}

/** A peer that does not speak of families at all speaks IPv4 unicast (RFC 4760 §8). */
function commonFamilies(open: OpenMessage, { peer }: PeerMachineSpec): readonly AddressFamily[] {
  const spoken = open.capabilities.filter((each) => each.type === 'multiprotocol');
  if (spoken.length === 0) return peer.families.filter((family) => family === 'ipv4');
  return peer.families.filter((family) =>
    spoken.some(({ afi, safi }) => afi === AFI[family] && safi === SAFI_UNICAST),
  );
}

/** RFC 5492 §5: the capabilities that are missed stand in the data as they would in an OPEN. */
function checkFamilies(families: readonly AddressFamily[], { peer }: PeerMachineSpec): Refusal | undefined {
  if (families.length > 0) return undefined;
  const missed = peer.families.flatMap((family) => [1, 4, 0, AFI[family], 0, SAFI_UNICAST]);
  const detail = `the peer does not speak ${peer.families.join(' or ')}`;
  return refuse(OPEN_MESSAGE_ERROR.unsupportedCapability, detail, Uint8Array.from(missed));
}

/** RFC 8950 §4: it takes IPv4 routes whose next hop is an IPv6 address. */
function takesExtendedNextHop(open: OpenMessage): boolean {
  return open.capabilities.some(
    (each) =>
      each.type === 'extended-next-hop' &&
      each.families.some(
        ({ afi, safi, nextHopAfi }) => afi === AFI.ipv4 && safi === SAFI_UNICAST && nextHopAfi === AFI.ipv6,
      ),
  );
}

/** RFC 9234 §4.2, between different ASes only. Several capabilities that say the same are one. */
function checkRole(open: OpenMessage, spec: PeerMachineSpec): Refusal | undefined {
  if (isIbgp(spec)) return undefined;
  const { role, isRoleStrict } = spec.peer;
  const told = open.capabilities.flatMap((each) => (each.type === 'role' ? [each.role ?? 'unknown'] : []));
  const [first, second] = new Set(told);
  if (second !== undefined) return mismatch(`the peer has several roles: ${[...new Set(told)].join(', ')}`);
  if (role === undefined) return undefined;
  if (first === undefined) return isRoleStrict ? mismatch('the peer has no role') : undefined;
  return first === COUNTERPART[role] ? undefined : mismatch(`the peer's role is ${first}, ours is ${role}`);
}

function mismatch(detail: string): Refusal {
  return refuse(OPEN_MESSAGE_ERROR.roleMismatch, detail);
}

function refuse(errorSubcode: number, detail: string, data: Uint8Array = NO_DATA): Refusal {
  return {
    verdict: 'refused',
    notification: { errorCode: ERROR_CODE.openMessage, errorSubcode, data },
    detail,
  };
}
