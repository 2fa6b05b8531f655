import { formatAddress } from '../lib/cidr.ts';
import { pieces, readUint16 } from './decode-octets.ts';
import { ADDRESS_BYTES, decodePrefixes } from './decode-prefixes.ts';
import type { DecodingContext } from './decode-result.ts';
import { type AddressFamily, AFI, SAFI_UNICAST } from './message.ts';
import type { PathAttribute } from './path-attribute.ts';

const AFI_SAFI_BYTES = 3;
/** AFI, SAFI, length of the next hop, reserved octet. */
const LEAST_REACH_BYTES = 5;

/**
 * RFC 4760 §3 and RFC 8950 §3 for IPv4, RFC 2545 §3 for IPv6. Twice as long: a link-local one stands after it. Whether an
 * IPv6 one for IPv4 was agreed on is asked later: the NLRI can be found, so the session need not end for it.
 */
const NEXT_HOP_BYTES: Readonly<Record<AddressFamily, readonly number[]>> = {
  ipv4: [4, 16, 32],
  ipv6: [16, 32],
};

/**
 * MP_REACH_NLRI (RFC 4760 §3); what is wrong in words: the NLRI can't be found then, which ends the session (RFC 7606
 * §7.11). Routes of a family that was not agreed on are left alone.
 */
export function decodeMpReach(value: Uint8Array, context: DecodingContext): PathAttribute | string {
  if (value.length < LEAST_REACH_BYTES) return `${value.length} octets`;
  const { afi, safi, family } = familyOf(value, context);
  const start = AFI_SAFI_BYTES + 1;
  const nextHopBytes = value[AFI_SAFI_BYTES] ?? 0;
  const end = start + nextHopBytes;
  if (end >= value.length) return `a next hop of ${nextHopBytes} octets, which ends after the attribute`;
  if (family === undefined) return { type: 'mp-reach-nlri', afi, safi, nextHops: [], nlri: undefined };
  if (!NEXT_HOP_BYTES[family].includes(nextHopBytes)) {
    return `a next hop of ${nextHopBytes} octets for ${family} unicast`;
  }
  // After the next hop stands a reserved octet, which is ignored (RFC 4760 §3).
  const nlri = decodePrefixes(value.subarray(end + 1), family);
  if (typeof nlri === 'string') return nlri;
  const nextHops = nextHopsOf(value.subarray(start, end));
  return { type: 'mp-reach-nlri', afi, safi, nextHops, nlri };
}

/** MP_UNREACH_NLRI (RFC 4760 §4); what is wrong in words, which ends the session (RFC 7606 §5.3). */
export function decodeMpUnreach(value: Uint8Array, context: DecodingContext): PathAttribute | string {
  if (value.length < AFI_SAFI_BYTES) return `${value.length} octets`;
  const { afi, safi, family } = familyOf(value, context);
  if (family === undefined) return { type: 'mp-unreach-nlri', afi, safi, withdrawnRoutes: undefined };
  const withdrawnRoutes = decodePrefixes(value.subarray(AFI_SAFI_BYTES), family);
  if (typeof withdrawnRoutes === 'string') return withdrawnRoutes;
  return { type: 'mp-unreach-nlri', afi, safi, withdrawnRoutes };
}

interface Family {
  readonly afi: number;
  readonly safi: number;
  /** Undefined: one that was not agreed on. */
  readonly family: AddressFamily | undefined;
}

function familyOf(value: Uint8Array, { families }: DecodingContext): Family {
  const afi = readUint16(value, 0);
  const safi = value[2] ?? 0;
  const family = families.find((each) => AFI[each] === afi && safi === SAFI_UNICAST);
  return { afi, safi, family };
}

function nextHopsOf(field: Uint8Array): readonly string[] {
  if (field.length <= ADDRESS_BYTES.ipv6) return [formatAddress(field)];
  return pieces(field, ADDRESS_BYTES.ipv6).map(formatAddress);
}
