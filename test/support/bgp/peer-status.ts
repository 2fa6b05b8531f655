import type { MessageCounts, Negotiated, PeerStatus } from '../../../src/bgp/index.ts';

export const SILENT: MessageCounts = {
  open: 0,
  update: 0,
  keepalive: 0,
  notification: 0,
  'route-refresh': 0,
};

const NEGOTIATED: Negotiated = {
  holdTimeSec: 9,
  keepaliveSec: 3,
  remoteId: '10.0.0.252',
  families: ['ipv4'],
  isFourOctetAs: true,
  hasRouteRefresh: true,
  hasExtendedNextHop: false,
  localAddress: '10.0.0.1',
  remoteAddress: '10.0.0.252',
};

/** A peer to which nothing has happened yet. */
export function peerStatus(over: Partial<PeerStatus> = {}): PeerStatus {
  return {
    name: 'tgw-a',
    remoteAddress: '10.0.0.252',
    remoteAsn: 4_200_000_001,
    isIbgp: false,
    state: 'Idle',
    establishedAtMs: undefined,
    flaps: 0,
    attempts: 0,
    lastEnd: undefined,
    retryAtMs: undefined,
    negotiated: undefined,
    received: SILENT,
    sent: SILENT,
    receivedPrefixes: 0,
    receivedWithdrawals: 0,
    receivedErrors: 0,
    sentPrefixes: 0,
    sentWithdrawals: 0,
    announced: new Set(),
    withheld: new Map(),
    outQueueBytes: 0,
    hasPassword: false,
    ...over,
  };
}

/** One whose session is established, since 2.5 s. */
export function establishedStatus(over: Partial<PeerStatus> = {}): PeerStatus {
  return peerStatus({ state: 'Established', establishedAtMs: 2_500, negotiated: NEGOTIATED, ...over });
}
