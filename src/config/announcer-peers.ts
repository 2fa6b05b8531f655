import type { AddressFamily, ListenSpec, PeerSpec } from '../bgp/index.ts';
import { announcedRouteShape, announcerShape, peerShape } from './announcer-schema.ts';
import { readSecurity } from './announcer-security.ts';
import type { Context } from './context.ts';
import { type Fields, openFields } from './fields.ts';
import type { HostAddress } from './host-address.ts';
import { type Cursor, describeNode, isNull, itemCursors, labelSpot, valueSpot } from './tree.ts';

export const PEERS_HINT =
  'write a list of routers, such as [{remote_address: 10.0.0.252, remote_asn: 65000}]';

/** What a peer has from the announcer as a whole; what is wrong there is undefined (and told). */
export interface OwnEnd {
  readonly localAsn: number | undefined;
  readonly localAddress: Readonly<Record<AddressFamily, HostAddress | undefined>>;
  readonly listen: ListenSpec | undefined;
  /** True where `listen` is there, right or wrong. */
  readonly isListening: boolean;
}

/** A peer, and where it stands. */
export interface ReadPeer {
  readonly spec: PeerSpec;
  readonly remote: HostAddress;
  readonly isIbgp: boolean;
  readonly fields: PeerFields;
}

export type PeerFields = Fields<typeof peerShape>;

/** What other programs and other places have. */
const EXPLAINED: Readonly<Record<string, string>> = {
  bfd: 'not in this version yet; leave it out',
  graceful_restart: 'never offered, since a dead announcer would stay routed to; leave it out',
  enable_multihop: 'multihop_ttl alone does it; write that, and leave this out',
  local_asn: 'the same for all peers; write it beside peers',
};

/** Reads `peers`; those that are wrong are left out (and told). */
export function readPeers(cursor: Cursor, own: OwnEnd, context: Context): readonly ReadPeer[] {
  const { report } = context;
  const items = itemCursors(cursor);
  if (items.length === 0) {
    const got = cursor.node.kind === 'list' ? 'an empty list' : describeNode(cursor.node);
    const what = isNull(cursor.node) ? 'has no value' : `got ${got}`;
    report.problem(valueSpot(cursor), 'wrong-value', `${what}; ${PEERS_HINT}`);
  }
  return items.flatMap((item) => readPeer(item, own, context) ?? []);
}

function readPeer(cursor: Cursor, own: OwnEnd, context: Context): ReadPeer | undefined {
  const { report } = context;
  const fields = openFields(cursor, { shape: peerShape, explain: explainKey }, report);
  if (fields === undefined) return undefined;
  const [remote, remoteAsn] = [readRemote(fields, context), fields.read('remote_asn')];
  const rest = {
    name: fields.read('name'),
    remotePort: fields.read('remote_port'),
    isPassive: fields.read('passive'),
    holdTimeSec: fields.read('hold_time'),
    connectRetryMs: fields.read('connect_retry'),
    families: readFamilies(fields, context),
    hasExtendedNextHop: fields.read('extended_next_hop'),
    security: readSecurity(fields, context),
    role: fields.read('role'),
    isRoleStrict: fields.read('role_strict'),
  };
  const addresses = readAddresses(fields, { remote, own }, context);
  judgePassive(fields, { remote, own }, context);
  const isIbgp = remoteAsn !== undefined && remoteAsn === own.localAsn;
  judgeRole(fields, isIbgp, context);
  if (remote === undefined || remoteAsn === undefined) return undefined;
  const name = rest.name ?? remote.text;
  const spec = { ...rest, name, remoteAddress: remote.text, remoteAsn, ...addresses };
  return { spec, remote, isIbgp, fields };
}

/** A link-local address is on many links: `device` says which, or the address itself. */
function readRemote(fields: PeerFields, { report }: Context): HostAddress | undefined {
  const [remote, at] = [fields.read('remote_address'), fields.child('remote_address')];
  if (remote === undefined || at === undefined) return undefined;
  if (!isOfLink(remote) || remote.zone !== undefined || fields.child('device') !== undefined) return remote;
  const message = `a link-local address needs its interface; write it as ${remote.text}%eth0, or write device`;
  report.problem(valueSpot(at), 'wrong-value', message);
  return undefined;
}

/** Who it speaks as: the source address, and the next hops of routes that name none. */
function readAddresses(
  fields: PeerFields,
  { remote, own }: { readonly remote: HostAddress | undefined; readonly own: OwnEnd },
  { report }: Context,
): Pick<PeerSpec, 'localAddress' | 'nextHop'> {
  const local = fields.read('local_address');
  const at = fields.child('local_address');
  const fault = local === undefined || remote === undefined ? undefined : mismatch(local, remote);
  if (fault !== undefined && at !== undefined) report.problem(valueSpot(at), 'conflict', fault);
  // A router on the link waits for a link-local address, which the system chooses.
  const ofAll = remote === undefined || isOfLink(remote) ? undefined : own.localAddress[remote.family];
  const ofSession = local ?? ofAll;
  const nextHopOf = (family: AddressFamily): string | undefined => {
    const written = fields.read(family === 'ipv4' ? 'next_hop' : 'next_hop_v6');
    const ownLocal = local?.family === family && isNextHop(local) ? local : own.localAddress[family];
    return (written ?? ownLocal)?.text;
  };
  return {
    localAddress: ofSession === undefined ? undefined : withZone(ofSession, remote),
    nextHop: { ipv4: nextHopOf('ipv4'), ipv6: nextHopOf('ipv6') },
  };
}

function mismatch(local: HostAddress, remote: HostAddress): string | undefined {
  if (local.family !== remote.family) {
    return `is of the other family than remote_address ${remote.text}; write one of the same`;
  }
  if (isOfLink(local) && !isOfLink(remote)) {
    return `a link-local address does not reach remote_address ${remote.text}; write a global one`;
  }
  if (local.zone !== undefined && remote.zone !== undefined && local.zone !== remote.zone) {
    return `is on ${local.zone}, and remote_address on ${remote.zone}; write addresses of one interface`;
  }
  return undefined;
}

/** A link-local address is one only together with its interface. */
function withZone(local: HostAddress, remote: HostAddress | undefined): string {
  const needsZone = isOfLink(local) && local.zone === undefined;
  return needsZone && remote?.zone !== undefined ? `${local.text}%${remote.zone}` : local.text;
}

/** Source addresses may be such that no router can send there. */
export function isNextHop(address: HostAddress): boolean {
  return address.use !== 'loopback' && !isOfLink(address);
}

function isOfLink({ family, use }: HostAddress): boolean {
  return family === 'ipv6' && use === 'link-local';
}

function readFamilies(fields: PeerFields, { report }: Context): readonly AddressFamily[] {
  const families = [...new Set(fields.read('families'))];
  const at = fields.child('families');
  if (families.length === 0 && at !== undefined) {
    report.problem(valueSpot(at), 'wrong-value', 'an empty list; write a list of ipv4, ipv6');
  }
  const extendedAt = fields.child('extended_next_hop');
  if (fields.read('extended_next_hop') && !families.includes('ipv4') && extendedAt !== undefined) {
    const message = 'is about IPv4 prefixes, which families does not offer; leave it out, or add ipv4';
    report.warn(labelSpot(extendedAt), 'no-effect', message);
  }
  return families;
}

/** Somebody who waits has to be reachable where he waits. */
function judgePassive(
  fields: PeerFields,
  { remote, own }: { readonly remote: HostAddress | undefined; readonly own: OwnEnd },
  { report }: Context,
): void {
  const at = fields.child('passive');
  if (at === undefined || !fields.read('passive')) return;
  if (!own.isListening) {
    const message = 'nobody listens, so the peer can never connect; write listen beside peers';
    report.problem(labelSpot(at), 'conflict', message);
  } else if (remote !== undefined && own.listen !== undefined && !listensFor(remote, own.listen)) {
    const message = `listen is ${own.listen.address}, where an ${wordFor(remote.family)} peer can never connect; listen on another address`;
    report.problem(labelSpot(at), 'conflict', message);
  }
  for (const key of ['remote_port', 'connect_retry'] as const) {
    const child = fields.child(key);
    const message = 'has no effect with passive, which never dials; leave it out';
    if (child !== undefined) report.warn(labelSpot(child), 'no-effect', message);
  }
}

function listensFor(remote: HostAddress, { address }: ListenSpec): boolean {
  return address === '::' || address.includes(':') === (remote.family === 'ipv6');
}

export function wordFor(family: AddressFamily): string {
  return family === 'ipv4' ? 'IPv4' : 'IPv6';
}

/** RFC 9234 §4: roles are between systems. */
function judgeRole(fields: PeerFields, isIbgp: boolean, { report }: Context): void {
  const [roleAt, strictAt] = [fields.child('role'), fields.child('role_strict')];
  if (roleAt !== undefined && isIbgp) {
    const message = 'is for peers of another AS, and this one has the own AS number; leave it out';
    report.problem(labelSpot(roleAt), 'conflict', message);
  }
  if (strictAt !== undefined && fields.read('role_strict') && roleAt === undefined) {
    report.warn(labelSpot(strictAt), 'no-effect', 'has no effect without role; write it too');
  }
}

function explainKey(key: string): string | undefined {
  if (Object.hasOwn(EXPLAINED, key)) return EXPLAINED[key];
  if (Object.hasOwn(announcedRouteShape, key)) return 'an option of routes; write it under routes';
  return Object.hasOwn(announcerShape, key) ? 'the same for all peers; write it beside peers' : undefined;
}
