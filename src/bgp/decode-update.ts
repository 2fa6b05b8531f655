import { ATTRIBUTE_KINDS } from './attribute-kinds.ts';
import { decodePathAttributes } from './decode-attributes.ts';
import { readUint16 } from './decode-octets.ts';
import { decodePrefixes } from './decode-prefixes.ts';
import {
  type AttributeError,
  type AttributeFault,
  type Decoded,
  type DecodingContext,
  NO_DATA,
  type Refused,
  refused,
} from './decode-result.ts';
import { AFI, type UpdateMessage } from './message.ts';
import { ERROR_CODE, UPDATE_MESSAGE_ERROR } from './notification.ts';
import type { PathAttribute } from './path-attribute.ts';

const LENGTH_BYTES = 2;
/** RFC 4271 §5; NEXT_HOP of NLRI only (RFC 4760 §3). */
const MANDATORY = ['origin', 'as-path', 'next-hop'] as const;
/** From here on there is multicast, and what is reserved. */
const FIRST_NO_HOST = 224;
const LOOPBACK = 127;

/** RFC 4271 §4.3 and §6.3, with the error handling of RFC 7606: the strongest treatment that an error asks for. */
export function decodeUpdate(body: Uint8Array, context: DecodingContext): Decoded {
  const fields = fieldsOf(body);
  if (fields === undefined) {
    return refuse(UPDATE_MESSAGE_ERROR.malformedAttributeList, 'lengths that do not fit in the UPDATE');
  }
  const { attributes: pathAttributes, faults } = decodePathAttributes(fields.attributes, context);
  const withdrawnRoutes = decodePrefixes(fields.withdrawn, 'ipv4');
  if (typeof withdrawnRoutes === 'string') return invalidNetwork('withdrawn routes', withdrawnRoutes);
  const nlri = decodePrefixes(fields.nlri, 'ipv4');
  if (typeof nlri === 'string') return invalidNetwork('NLRI', nlri);
  const message: UpdateMessage = { type: 'update', withdrawnRoutes, pathAttributes, nlri };
  return treat(message, [...faults, ...faultsOfWhole(message, faults, context)]);
}

type MpReach = Extract<PathAttribute, { readonly type: 'mp-reach-nlri' }>;

interface Fields {
  readonly withdrawn: Uint8Array;
  readonly attributes: Uint8Array;
  readonly nlri: Uint8Array;
}

/** Undefined: the lengths go beyond the message (RFC 7606 §3 b). */
function fieldsOf(body: Uint8Array): Fields | undefined {
  const withdrawnEnd = LENGTH_BYTES + readUint16(body, 0);
  const start = withdrawnEnd + LENGTH_BYTES;
  if (start > body.length) return undefined;
  const end = start + readUint16(body, withdrawnEnd);
  if (end > body.length) return undefined;
  return {
    withdrawn: body.subarray(LENGTH_BYTES, withdrawnEnd),
    attributes: body.subarray(start, end),
    nlri: body.subarray(end),
  };
}

/** Of attributes that are missing (RFC 7606 §3 d), and of next hops. Only routes that are announced need either. */
function faultsOfWhole(
  message: UpdateMessage,
  faults: readonly AttributeFault[],
  context: DecodingContext,
): readonly AttributeFault[] {
  if (!hasReachable(message)) return [];
  const { nlri, pathAttributes } = message;
  const wanted = nlri.length > 0 ? MANDATORY : MANDATORY.filter((type) => type !== 'next-hop');
  const missing = wanted.filter((type) => {
    const isFaulty = faults.some(({ code }) => code === ATTRIBUTE_KINDS[type].code);
    return !isFaulty && !pathAttributes.some((attribute) => attribute.type === type);
  });
  return [
    ...missing.map((type) => fault(type, UPDATE_MESSAGE_ERROR.missingWellKnownAttribute, 'is missing')),
    ...pathAttributes.flatMap((attribute) => {
      if (attribute.type === 'next-hop') return nlri.length > 0 ? nextHopFaults(attribute.nextHop) : [];
      return attribute.type === 'mp-reach-nlri' ? extendedNextHopFaults(attribute, context) : [];
    }),
  ];
}

/** RFC 4271 §6.3: it must be the address of a host. */
function nextHopFaults(nextHop: string): readonly AttributeFault[] {
  const first = Number.parseInt(nextHop, 10);
  if (first !== 0 && first !== LOOPBACK && first < FIRST_NO_HOST) return [];
  return [fault('next-hop', UPDATE_MESSAGE_ERROR.invalidNextHopAttribute, `${nextHop} is no host`)];
}

/**
 * RFC 8950 §4: an IPv6 next hop for IPv4 has to be agreed on. RFC 7606 §7.11 would end the session; but GoBGP 3.10 sends
 * such routes to whoever is there, and what they announce is known.
 */
function extendedNextHopFaults(attribute: MpReach, context: DecodingContext): readonly AttributeFault[] {
  const [nextHop = ''] = attribute.nextHops;
  if (attribute.afi !== AFI.ipv4 || !nextHop.includes(':') || context.hasExtendedNextHop) return [];
  const why = `with the next hop ${nextHop} for ipv4 unicast`;
  return [fault('mp-reach-nlri', UPDATE_MESSAGE_ERROR.optionalAttributeError, why)];
}

function fault(type: keyof typeof ATTRIBUTE_KINDS, subcode: number, why: string): AttributeFault {
  const { code, name } = ATTRIBUTE_KINDS[type];
  return { code, treatment: 'treat-as-withdraw', why: `${name} ${why}`, subcode, data: NO_DATA };
}

/** RFC 7606 §3 h: what the strongest error asks for. */
function treat(message: UpdateMessage, faults: readonly AttributeFault[]): Decoded {
  const reset = faults.find(({ treatment }) => treatment === 'session-reset');
  if (reset !== undefined) return refuse(reset.subcode, reset.why, reset.data);
  const errors = faults.flatMap(({ code, treatment, why }): AttributeError[] =>
    treatment === 'session-reset' ? [] : [{ code, treatment, why }],
  );
  const withdraw = faults.find(({ treatment }) => treatment === 'treat-as-withdraw');
  if (withdraw === undefined) return { ok: true, message, errors };
  // RFC 7606 §5.2: where no route is announced, it is not certain that the routes were found.
  if (!hasReachable(message)) return refuse(withdraw.subcode, withdraw.why, withdraw.data);
  return { ok: true, message: asWithdrawal(message), errors };
}

/** Routes that it announces; those of a family that was not agreed on count. */
function hasReachable({ nlri, pathAttributes }: UpdateMessage): boolean {
  return (
    nlri.length > 0 ||
    pathAttributes.some((attribute) => attribute.type === 'mp-reach-nlri' && attribute.nlri?.length !== 0)
  );
}

/** RFC 7606 §2: as though all routes stood in its fields of withdrawn routes. */
function asWithdrawal({ withdrawnRoutes, nlri, pathAttributes }: UpdateMessage): UpdateMessage {
  const unreach = pathAttributes.flatMap((attribute): PathAttribute[] => {
    if (attribute.type === 'mp-unreach-nlri') return [attribute];
    if (attribute.type !== 'mp-reach-nlri') return [];
    const { afi, safi } = attribute;
    return [{ type: 'mp-unreach-nlri', afi, safi, withdrawnRoutes: attribute.nlri }];
  });
  return {
    type: 'update',
    withdrawnRoutes: [...withdrawnRoutes, ...nlri],
    pathAttributes: unreach,
    nlri: [],
  };
}

function invalidNetwork(field: string, why: string): Refused {
  return refuse(UPDATE_MESSAGE_ERROR.invalidNetworkField, `${field} with ${why}`);
}

function refuse(errorSubcode: number, why: string, data = NO_DATA): Refused {
  return refused({ errorCode: ERROR_CODE.updateMessage, errorSubcode, data }, why);
}
