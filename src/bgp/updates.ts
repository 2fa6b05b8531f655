import { encodedPathAttributes, prefixBytes } from './encode.ts';
import type { ExportedRoute } from './export-route.ts';
import { MAX_MESSAGE_BYTES } from './framer.ts';
import { type AddressFamily, AFI, type Prefix, SAFI_UNICAST, type UpdateMessage } from './message.ts';
import type { PathAttribute } from './path-attribute.ts';

/** Header, and the two lengths of an UPDATE. */
const FIXED_BYTES = 23;
/** Of MP_UNREACH_NLRI: flags, type, a length of two octets, AFI, SAFI. */
const MP_UNREACH_BYTES = 7;

/** As few UPDATEs as can be, for routes of one family with the same attributes. */
export function packAnnouncements(
  routes: readonly ExportedRoute[],
  context: { readonly isFourOctetAs: boolean },
): readonly UpdateMessage[] {
  const [first] = routes;
  if (first === undefined) return [];
  const make = (nlri: readonly Prefix[]): UpdateMessage => announcement(first, nlri);
  // Nothing to be split, and the usual case: that there is room need not be found out.
  if (routes.length === 1) return [make([first.prefix])];
  const { pathAttributes } = make([]);
  // The length of MP_REACH_NLRI may grow from one octet to two.
  const room = MAX_MESSAGE_BYTES - FIXED_BYTES - encodedPathAttributes(pathAttributes, context).length - 1;
  return split(
    routes.map(({ prefix }) => prefix),
    room,
  ).map(make);
}

/** IPv4 that was announced with MP_REACH_NLRI is withdrawn with MP_UNREACH_NLRI. */
export function packWithdrawals(routes: readonly ExportedRoute[]): readonly UpdateMessage[] {
  const classic = routes.filter(({ nextHops }) => nextHops === undefined);
  const others = routes.filter(({ nextHops }) => nextHops !== undefined);
  const room = MAX_MESSAGE_BYTES - FIXED_BYTES;
  const ofFamily = (family: AddressFamily): readonly UpdateMessage[] => {
    const prefixes = others.flatMap(({ prefix }) => (prefix.family === family ? prefix : []));
    return split(prefixes, room - MP_UNREACH_BYTES).map((withdrawnRoutes) =>
      unreach(family, withdrawnRoutes),
    );
  };
  const prefixes = classic.map(({ prefix }) => prefix);
  const plain = split(prefixes, room).map((withdrawnRoutes) => update({ withdrawnRoutes }));
  return [...plain, ...ofFamily('ipv4'), ...ofFamily('ipv6')];
}

/** RFC 4724 §2: an UPDATE of nothing, or an MP_UNREACH_NLRI of nothing. */
export function endOfRib(family: AddressFamily): UpdateMessage {
  return family === 'ipv4' ? update({}) : unreach(family, []);
}

function announcement(
  { prefix, attributes, nextHops }: ExportedRoute,
  nlri: readonly Prefix[],
): UpdateMessage {
  if (nextHops === undefined) return update({ pathAttributes: attributes, nlri });
  const [afi, safi] = [AFI[prefix.family], SAFI_UNICAST];
  return update({ pathAttributes: [{ type: 'mp-reach-nlri', afi, safi, nextHops, nlri }, ...attributes] });
}

function unreach(family: AddressFamily, withdrawnRoutes: readonly Prefix[]): UpdateMessage {
  const attribute: PathAttribute = {
    type: 'mp-unreach-nlri',
    afi: AFI[family],
    safi: SAFI_UNICAST,
    withdrawnRoutes,
  };
  return update({ pathAttributes: [attribute] });
}

function update(parts: Partial<UpdateMessage>): UpdateMessage {
  return { type: 'update', withdrawnRoutes: [], pathAttributes: [], nlri: [], ...parts };
}

/** Parts of no more than so many bytes. */
function split(prefixes: readonly Prefix[], bytes: number): readonly (readonly Prefix[])[] {
  const parts: Prefix[][] = [];
  let left = 0;
  for (const prefix of prefixes) {
    const needed = prefixBytes(prefix);
    const last = parts.at(-1);
    if (last === undefined || needed > left) {
      parts.push([prefix]);
      left = bytes - needed;
    } else {
      last.push(prefix);
      left -= needed;
    }
  }
  return parts;
}
