import { assertNever } from '../lib/assert-never.ts';
import { keptOf } from './collision.ts';
import type { FsmErrorName } from './fsm-connection.ts';
import { AFI, type BgpMessage, type OpenMessage, type RouteRefreshMessage, SAFI_UNICAST } from './message.ts';
import { ERROR_CODE, type Notification, OPEN_MESSAGE_ERROR } from './notification.ts';
import { checkOpen } from './open-check.ts';
import type { ConnectionKind } from './peer-events.ts';
import { hasReached, otherOf } from './peer-machine-state.ts';
import { feed, type Turn } from './peer-machine-turn.ts';

/** A message that the decoder found well formed. */
export function receive(turn: Turn, kind: ConnectionKind, message: BgpMessage): Turn {
  switch (message.type) {
    case 'open':
      return receiveOpen(turn, kind, message);
    case 'keepalive':
      return feed(turn, kind, { name: 'KeepAliveMsg' });
    case 'update':
      return feed(turn, kind, { name: 'UpdateMsg' });
    case 'notification':
      return feed(turn, kind, {
        name: isVersionError(message) ? 'NotifMsgVerErr' : 'NotifMsg',
        notification: message,
      });
    case 'route-refresh':
      return receiveRefresh(turn, kind, message);
    default:
      return assertNever(message);
  }
}

/** The event of an error that the decoder found. */
export function errorEvent({ errorCode }: Notification): FsmErrorName {
  switch (errorCode) {
    case ERROR_CODE.openMessage:
      return 'BGPOpenMsgErr';
    case ERROR_CODE.updateMessage:
      return 'UpdateMsgErr';
    case ERROR_CODE.routeRefresh:
      return 'RouteRefreshMsgErr';
    default:
      return 'BGPHeaderErr';
  }
}

function receiveOpen(turn: Turn, kind: ConnectionKind, open: OpenMessage): Turn {
  const connection = turn.state[kind];
  if (connection?.state !== 'OpenSent') return feed(turn, kind, { name: 'BGPOpen', negotiated: undefined });
  const checked = checkOpen(open, turn.state.spec, connection);
  if (checked.verdict === 'refused') {
    const { notification, detail } = checked;
    return feed(turn, kind, { name: 'BGPOpenMsgErr', notification, detail });
  }
  const resolved = resolveCollision(turn, kind, checked.negotiated.remoteId);
  return feed(resolved, kind, { name: 'BGPOpen', negotiated: checked.negotiated });
}

/**
 * RFC 4271 §6.8, on an OPEN. Connections in OpenSent are left out, as the RFC allows: on the one that would be dumped the
 * peer has just spoken, and the one that would be kept may be dead.
 */
function resolveCollision(turn: Turn, kind: ConnectionKind, remoteId: string): Turn {
  const { spec, ...state } = turn.state;
  const other = otherOf(kind);
  if (!hasReached(state[other], 'OpenConfirm')) return turn;
  const local = { id: spec.routerId, asn: spec.localAsn };
  const kept = keptOf(local, { id: remoteId, asn: spec.peer.remoteAsn });
  const dumped = hasReached(state[other], 'Established') ? kind : otherOf(kept);
  return feed(turn, dumped, { name: 'OpenCollisionDump' });
}

/**
 * Only what was agreed on is sent again (RFC 2918 §4). BoRR and EoRR, and subtypes that nobody knows, mean nothing
 * without RFC 7313's capability (RFC 7313 §5).
 */
function receiveRefresh(turn: Turn, kind: ConnectionKind, { afi, safi, subtype }: RouteRefreshMessage): Turn {
  const connection = turn.state[kind];
  const families = connection?.negotiated?.families ?? [];
  const isAgreed = safi === SAFI_UNICAST && families.some((family) => AFI[family] === afi);
  const isIgnored = connection?.state === 'Established' && (!isAgreed || subtype !== 0);
  return isIgnored ? turn : feed(turn, kind, { name: 'RouteRefreshMsg', afi });
}

function isVersionError({ errorCode, errorSubcode }: Notification): boolean {
  return errorCode === ERROR_CODE.openMessage && errorSubcode === OPEN_MESSAGE_ERROR.unsupportedVersionNumber;
}
