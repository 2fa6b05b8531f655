/**
 * The least that there can be: a session whose two UPDATEs lie ready, and are written when told, or at SIGTERM. What the
 * others take beyond it is their own.
 */
import { connect } from 'node:net';
import { Framer, MESSAGE_CODE } from '../../src/bgp/framer.ts';
import { monotonicMs } from './monotonic.ts';
import { argument, listenToParent, tellParent } from './parent-link.ts';
import { announcement, KEEPALIVE, openMessage, withdrawal } from './wire.ts';

export interface BareRequest {
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly asn: number;
  readonly prefix: string;
}

/** Of all that announce at a word: the service is up, or down. */
export interface Flip {
  readonly type: 'flip';
  readonly isUp: boolean;
}

export type TriggerEvent =
  | { readonly type: 'established' }
  /** When it learned of what it was told: monotonic, ms. */
  | { readonly type: 'turned'; readonly isUp: boolean; readonly atMs: number };

const HOLD_SEC = 90;

const { localAddress, remoteAddress, asn, prefix } = argument<BareRequest>();
const messages = { true: announcement(prefix, { asn, nextHop: localAddress }), false: withdrawal(prefix) };
const framer = new Framer();
const socket = connect({ host: remoteAddress, port: 179, localAddress });
socket.setNoDelay();
socket.on('connect', () => socket.write(openMessage({ asn, holdTimeSec: HOLD_SEC, routerId: localAddress })));
socket.on('data', (chunk) => {
  for (const framed of framer.push(chunk)) {
    if (framed.ok && framed.type === MESSAGE_CODE.open) socket.write(KEEPALIVE);
    if (framed.ok && framed.type === MESSAGE_CODE.keepalive) established();
  }
});

let isEstablished = false;
function established(): void {
  if (isEstablished) return;
  isEstablished = true;
  setInterval(() => socket.write(KEEPALIVE), (HOLD_SEC * 1_000) / 3);
  tellParent({ type: 'established' });
}

listenToParent<Flip>(({ isUp }) => {
  const atMs = monotonicMs();
  socket.write(messages[`${isUp}`]);
  tellParent({ type: 'turned', isUp, atMs });
});
process.once('SIGTERM', () => socket.end(messages.false, () => process.exit(0)));
