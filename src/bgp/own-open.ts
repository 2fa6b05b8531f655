import { AFI, AS_TRANS, type Capability, type OpenMessage, SAFI_UNICAST } from './message.ts';
import type { PeerMachineSpec } from './peer-machine-state.ts';

const BGP_VERSION = 4;
/** The largest AS number that two octets hold. */
const LARGEST_TWO_OCTET_AS = 0xffff;

export function isIbgp({ peer, localAsn }: PeerMachineSpec): boolean {
  return peer.remoteAsn === localAsn;
}

/** The OPEN that this peer gets (RFC 4271 §4.2). */
export function ownOpen(spec: PeerMachineSpec): OpenMessage {
  const { peer, routerId, localAsn } = spec;
  return {
    type: 'open',
    version: BGP_VERSION,
    myAutonomousSystem: localAsn > LARGEST_TWO_OCTET_AS ? AS_TRANS : localAsn,
    holdTime: peer.holdTimeSec,
    bgpIdentifier: routerId,
    capabilities: ownCapabilities(spec),
  };
}

/**
 * Graceful Restart (RFC 4724) is not among them. With it a peer keeps the routes of a speaker that died, for as long as
 * was agreed on: 20 s of black hole on FRR, BIRD and GoBGP alike, where they are gone within 75 ms without it. It is for
 * routers whose forwarding outlives their control plane; here the routes say «this service works», and somebody who
 * crashed can't say so.
 */
function ownCapabilities(spec: PeerMachineSpec): Capability[] {
  const { peer, localAsn } = spec;
  const capabilities: Capability[] = peer.families.map((family) => {
    return { type: 'multiprotocol', afi: AFI[family], safi: SAFI_UNICAST };
  });
  capabilities.push({ type: 'route-refresh' }, { type: 'four-octet-as', asn: localAsn });
  if (peer.hasExtendedNextHop && peer.families.includes('ipv4')) {
    const families = [{ afi: AFI.ipv4, safi: SAFI_UNICAST, nextHopAfi: AFI.ipv6 }];
    capabilities.push({ type: 'extended-next-hop', families });
  }
  // RFC 9234 §4.1: between different ASes only.
  if (peer.role !== undefined && !isIbgp(spec)) capabilities.push({ type: 'role', role: peer.role });
  return capabilities;
}
