import type { ServiceAddressesSpec } from '../announce/index.ts';
import type { DrainAttributes } from '../core/index.ts';
import type { OwnEnd } from './announcer-peers.ts';
import { addressesShape, type announcerShape, drainShape } from './announcer-schema.ts';
import type { Context } from './context.ts';
import { type Fields, openFields } from './fields.ts';
import { unlessEmpty } from './sections.ts';
import { type Cursor, labelSpot, missingSpot, rootCursor, valueSpot } from './tree.ts';

export type AnnouncerFields = Fields<typeof announcerShape>;

/** Backends of later versions. */
const LATER = ['frr', 'gobgp', 'bird'];

/** What the speaker is, for all its peers. */
export interface OwnSettings extends OwnEnd {
  readonly routerId: string | undefined;
}

export function readOwn(fields: AnnouncerFields, { report }: Context): OwnSettings {
  const [ipv4, ipv6] = [fields.read('local_address'), fields.read('local_address_v6')];
  const listen = fields.read('listen');
  const routerId = fields.read('router_id') ?? ipv4?.text;
  if (fields.child('router_id') === undefined && fields.child('local_address') === undefined) {
    const message = 'missing; write an IPv4 address that no other router has, such as 10.0.0.1';
    report.problem(missingSpot(fields.cursor, 'router_id'), 'missing-key', message);
  }
  return {
    routerId,
    localAsn: fields.read('local_asn'),
    localAddress: { ipv4, ipv6 },
    listen: listen === undefined ? undefined : { address: listen.host ?? '::', port: listen.port },
    isListening: fields.child('listen') !== undefined,
  };
}

/** Undefined where it is none of this version (and told). */
export function readBackend(fields: AnnouncerFields, { report }: Context): 'embedded' | undefined {
  const at = fields.child('backend');
  const word = at?.node.kind === 'scalar' ? at.node.text : '';
  if (at === undefined || !LATER.includes(word)) return fields.read('backend');
  const message = `${word} is not in this version yet; write embedded, which needs no other program`;
  report.problem(valueSpot(at), 'unsupported', message);
  return undefined;
}

/** How prefixes are announced while draining; the community alone where nothing is said. */
export function readDrain(cursor: Cursor | undefined, { report }: Context): DrainAttributes {
  const fields = openOrEmpty(unlessEmpty(cursor), report);
  const drain = {
    hasGracefulShutdown: fields.read('graceful_shutdown'),
    med: fields.read('med'),
    asPathPrepend: fields.read('as_path_prepend'),
  };
  const isSilent = !drain.hasGracefulShutdown && drain.med === undefined && drain.asPathPrepend === 0;
  if (isSilent && cursor !== undefined) {
    const message = 'changes nothing, so routers send on until the withdrawal; write med or as_path_prepend';
    report.warn(labelSpot(cursor), 'no-effect', message);
  }
  return drain;
}

function openOrEmpty(cursor: Cursor | undefined, report: Context['report']): Fields<typeof drainShape> {
  const empty = rootCursor({ kind: 'map', at: { file: '', line: 1, column: 1 }, entries: [] });
  const rules = { shape: drainShape };
  const opened = cursor === undefined ? undefined : openFields(cursor, rules, report);
  return (opened ?? openFields(empty, rules, report)) as Fields<typeof drainShape>;
}

/** Where service addresses are added; undefined: nowhere. */
export function readAddresses(
  cursor: Cursor | undefined,
  { report }: Context,
): ServiceAddressesSpec | undefined {
  if (cursor === undefined) return undefined;
  const fields = openFields(cursor, { shape: addressesShape }, report);
  if (fields === undefined) return undefined;
  const name = fields.read('interface');
  if (name === undefined) return undefined;
  return { interface: name, removeDelayMs: fields.read('remove_delay') };
}
