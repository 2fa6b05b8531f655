import type { AnnouncerSpec } from '../agent/index.ts';
import type { CheckSpec } from '../checks/index.ts';
import { warnOfRoutes } from './announced-effects.ts';
import { type ReadAnnouncedRoute, ROUTES_HINT, readAnnouncedRoutes } from './announced-routes.ts';
import { type AnnouncerFields, readAddresses, readBackend, readDrain, readOwn } from './announcer-own.ts';
import { PEERS_HINT, type ReadPeer, readPeers } from './announcer-peers.ts';
import {
  announcedRouteShape,
  announcerShape,
  includedAnnouncerShape,
  peerShape,
} from './announcer-schema.ts';
import { type Context, requireChild } from './context.ts';
import { openFields } from './fields.ts';
import { judgeNextHops } from './next-hops.ts';
import { refuseClashes } from './peer-clashes.ts';
import { type Cursor, isNull, itemCursors, labelSpot, missingSpot, valueSpot } from './tree.ts';

/** What the files say under `announcer`. */
export interface AnnouncerParts {
  readonly main: Cursor | undefined;
  readonly mainFile: string;
  readonly included: readonly Cursor[];
  /** Whether files are included, though none may be there yet. */
  readonly hasInclude: boolean;
  readonly checks: readonly CheckSpec[];
}

/** Reads `announcer`. Undefined where there is none, or where it is wrong (and told). */
export function readAnnouncer(parts: AnnouncerParts, context: Context): AnnouncerSpec | undefined {
  const { report } = context;
  const fields =
    parts.main === undefined
      ? undefined
      : openFields(parts.main, { shape: announcerShape, explain: explainKey }, report);
  const included = parts.included.flatMap((cursor) => openIncluded(cursor, parts, context) ?? []);
  if (fields === undefined) {
    // What is wrong in these is told all the same.
    for (const list of included) readAnnouncedRoutes(list, context);
    return undefined;
  }
  const own = readOwn(fields, context);
  const peersAt = requireChild(fields, 'peers', { report, hint: PEERS_HINT });
  const peers = peersAt === undefined ? [] : readPeers(peersAt, own, context);
  refuseClashes(peers, report);
  const routes = readRoutes(fields, { included, hasInclude: parts.hasInclude }, context);
  const rest = {
    drain: readDrain(fields.child('drain'), context),
    drainMs: fields.read('drain_time'),
    onExit: fields.read('on_exit'),
    addresses: readAddresses(fields.child('addresses'), context),
  };
  const isWhole = peersAt !== undefined && itemCursors(peersAt).length === peers.length;
  if (isWhole && own.localAsn !== undefined) {
    judgeNextHops(routes, peers, report);
    warnOfRoutes(routes, { peers, checks: parts.checks, ...rest }, report);
    warnOfDrain(fields, { peers, ...rest }, context);
  }
  const backend = readBackend(fields, context);
  const { routerId, localAsn, listen } = own;
  if (backend === undefined || routerId === undefined || localAsn === undefined) return undefined;
  const speaker = { routerId, localAsn, listen, peers: peers.map(({ spec }) => spec) };
  return { backend: { backend, speaker }, routes: routes.map(({ spec }) => spec), ...rest };
}

/** The list of routes in an included file. */
function openIncluded(cursor: Cursor, { main, mainFile }: AnnouncerParts, context: Context) {
  const { report } = context;
  if (main === undefined) {
    const message = `${mainFile} has no announcer; write one there, with local_asn and peers`;
    report.problem(labelSpot(cursor), 'missing-key', message);
  }
  const explain = (key: string) =>
    Object.hasOwn(announcerShape, key)
      ? `belongs into the main file; write it into ${mainFile}, under announcer`
      : undefined;
  const list = openFields(cursor, { shape: includedAnnouncerShape, explain }, report)?.child('routes');
  // As with other sections: all may be commented out.
  return list === undefined || isNull(list.node) ? undefined : list;
}

/** Those of the main file first, then those of each included one. */
function readRoutes(
  fields: AnnouncerFields,
  { included, hasInclude }: { readonly included: readonly Cursor[]; readonly hasInclude: boolean },
  context: Context,
): readonly ReadAnnouncedRoute[] {
  const { report, isWhole } = context;
  const own = fields.child('routes');
  const lists = [...(own === undefined || (isNull(own.node) && hasInclude) ? [] : [own]), ...included];
  const routes = lists.flatMap((list) => readAnnouncedRoutes(list, context));
  if (lists.some((list) => list.node.kind !== 'list' || list.node.items.length > 0)) return routes;
  const spot = own === undefined ? missingSpot(fields.cursor, 'routes') : valueSpot(own);
  const what = own === undefined ? 'missing' : 'got an empty list';
  if (!hasInclude)
    report.problem(spot, own === undefined ? 'missing-key' : 'wrong-value', `${what}; ${ROUTES_HINT}`);
  else if (isWhole)
    report.warn(spot, 'no-effect', 'no file has any prefix to announce; write them there or here');
  return routes;
}

function warnOfDrain(
  fields: AnnouncerFields,
  {
    peers,
    drain,
    drainMs,
  }: Pick<AnnouncerSpec, 'drain' | 'drainMs'> & { readonly peers: readonly ReadPeer[] },
  { report }: Context,
): void {
  const [drainAt, exitAt] = [fields.child('drain'), fields.child('on_exit')];
  if (drainAt !== undefined && drain.asPathPrepend > 0 && peers.every((peer) => peer.isIbgp)) {
    const message = 'as_path_prepend has no effect: every peer is in the own AS; leave it out, or write med';
    report.warn(labelSpot(drainAt), 'no-effect', message);
  }
  if (exitAt !== undefined && fields.read('on_exit') === 'drain' && drainMs === 0) {
    const message = 'has no effect with a drain_time of 0; write a longer one';
    report.warn(valueSpot(exitAt), 'no-effect', message);
  }
}

function explainKey(key: string): string | undefined {
  if (Object.hasOwn(peerShape, key)) return 'an option of each peer; write it under peers';
  return Object.hasOwn(announcedRouteShape, key)
    ? 'an option of each prefix; write it under routes'
    : undefined;
}
