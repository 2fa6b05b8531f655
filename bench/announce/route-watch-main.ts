/**
 * Hears of every change of this namespace's IPv4 routes from the kernel (rtnetlink(7)), and tells when: it waits in the
 * call itself, with no loop in between.
 */
import { libc } from '../../src/lib/libc.ts';
import { readNative16, readNative32, writeNative16, writeNative32 } from '../../src/lib/native-bytes.ts';
import { monotonicMs } from './monotonic.ts';
import { tellParent } from './parent-link.ts';

export type RouteEvent =
  | { readonly type: 'listening' }
  | {
      readonly type: 'route';
      readonly change: 'added' | 'removed';
      readonly prefix: string;
      readonly atMs: number;
    };

const AF_NETLINK = 16;
const AF_INET = 2;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;
const RTMGRP_IPV4_ROUTE = 0x40;
const HEADER_BYTES = 16;
const RTMSG_BYTES = 12;
const RTA_DST = 1;
const CHANGES: Readonly<Record<number, 'added' | 'removed'>> = { 24: 'added', 25: 'removed' };

const native = libc();
if (native === undefined) throw new Error('the C library can’t be called');
const fd = native.socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
const address = Buffer.alloc(12);
writeNative16(address, AF_NETLINK, 0);
writeNative32(address, RTMGRP_IPV4_ROUTE, 8);
if (native.bind(fd, address, address.length) < 0) throw new Error(`no netlink: ${native.lastError()}`);
tellParent({ type: 'listening' });

const buffer = Buffer.alloc(65_536);
const [sender, senderBytes] = [Buffer.alloc(12), Buffer.alloc(4)];
for (;;) {
  writeNative32(senderBytes, sender.length, 0);
  const bytes = Number(native.recvfrom(fd, buffer, buffer.length, 0, sender, senderBytes));
  const atMs = monotonicMs();
  if (bytes < 0) throw new Error(`no netlink any more: ${native.lastError()}`);
  for (const found of routesIn(buffer.subarray(0, bytes))) tellParent({ type: 'route', ...found, atMs });
}

function* routesIn(datagram: Buffer) {
  for (let rest = datagram; rest.length >= HEADER_BYTES; ) {
    const length = readNative32(rest, 0);
    if (length < HEADER_BYTES || length > rest.length) return;
    const change = CHANGES[readNative16(rest, 4)];
    const prefix = prefixIn(rest.subarray(HEADER_BYTES, length));
    if (change !== undefined && prefix !== undefined) yield { change, prefix };
    rest = rest.subarray((length + 3) & ~3);
  }
}

/** Of `struct rtmsg` and its attributes. */
function prefixIn(body: Buffer): string | undefined {
  if (body.length < RTMSG_BYTES || body.readUInt8(0) !== AF_INET) return undefined;
  for (let rest = body.subarray(RTMSG_BYTES); rest.length >= 4; ) {
    const length = readNative16(rest, 0);
    if (length < 4) return undefined;
    if (readNative16(rest, 2) === RTA_DST) return `${rest.subarray(4, 8).join('.')}/${body.readUInt8(1)}`;
    rest = rest.subarray((length + 3) & ~3);
  }
  return undefined;
}
